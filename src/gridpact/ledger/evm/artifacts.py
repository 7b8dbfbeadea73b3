"""Compiled contracts as they are shipped: their code and how they are called.

``scripts/compile_contracts.py`` makes the files; who deploys or reads a ledger needs no compiler.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from gridpact.contracts.canonical import keccak256
from gridpact.ledger.evm.node import Log

_ROOMS = ("Members", "Terms", "Roots", "Tokens", "Certificates", "Patches")
ROOMS = dict(enumerate(_ROOMS, 1))
"""Contracts by the number of their room, as the front contract has it."""


class Function(NamedTuple):
    """How a function or event is called and what it gives: types as the ABI writes them."""

    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class Event(NamedTuple):
    """An event's topic [32 bytes], with its fields: name, type, and whether it is a topic."""

    topic: bytes
    fields: tuple[tuple[str, str, bool], ...]

    def read(self, log: Log) -> dict[str, Any]:
        """Return the values of a log; ValueError where it is not of this event."""
        from eth_abi.abi import decode

        if log.topics[:1] != (self.topic,):
            raise ValueError("another event")
        indexed = [(name, kind) for name, kind, topic in self.fields if topic]
        rest = [(name, kind) for name, kind, topic in self.fields if not topic]
        values = decode([kind for _, kind in rest], log.data)
        found = dict(zip((name for name, _ in rest), values, strict=True))
        for (name, kind), topic in zip(indexed, log.topics[1:], strict=True):
            (found[name],) = decode([kind], topic)
        return found


class Contract:
    """One compiled contract."""

    def __init__(self, name: str, artifact: Mapping[str, Any]) -> None:
        self.name, self.artifact = name, artifact
        self.code = bytes.fromhex(artifact["bytecode"][2:])
        self.functions: dict[str, Function] = {}
        self.events: dict[str, Event] = {}
        self._constructor: tuple[str, ...] = ()
        for each in artifact["abi"]:
            self._read(each)

    def _read(self, each: Mapping[str, Any]) -> None:
        inputs = tuple(map(_type, each.get("inputs", ())))
        if each["type"] == "constructor":
            self._constructor = inputs
        if "name" not in each:  # the constructor, and what answers calls of unknown functions
            return
        digest = keccak256(f"{each['name']}({','.join(inputs)})".encode())
        if each["type"] == "function":
            outputs = tuple(map(_type, each["outputs"]))
            self.functions[each["name"]] = Function(digest[:4], inputs, outputs)
        elif each["type"] == "event":
            fields = tuple((one["name"], _type(one), one["indexed"]) for one in each["inputs"])
            self.events[each["name"]] = Event(digest, fields)

    def creation(self, *arguments: object) -> bytes:
        """Return the data of the transaction that makes this contract."""
        from eth_abi.abi import encode

        return self.code + encode(self._constructor, arguments)

    def data(self, function: str, *arguments: object) -> bytes:
        """Return the data that calls a function."""
        from eth_abi.abi import encode

        found = self.functions[function]
        return found.selector + encode(found.inputs, arguments)

    def arguments(self, function: str, data: bytes) -> tuple[Any, ...]:
        """Read the arguments of a call back; ValueError where it calls something else."""
        from eth_abi.abi import decode
        from eth_abi.exceptions import DecodingError

        found = self.functions[function]
        if data[:4] != found.selector:
            raise ValueError(f"the transaction does not call {function}")
        try:
            return tuple(decode(found.inputs, data[4:]))
        except (DecodingError, UnicodeDecodeError) as error:
            raise ValueError(f"the call of {function} cannot be read") from error

    def returned(self, function: str, data: bytes) -> tuple[Any, ...]:
        """Read what a function returned."""
        from eth_abi.abi import decode

        return tuple(decode(self.functions[function].outputs, data))


def _type(field: Mapping[str, Any]) -> str:
    kind: str = field["type"]
    if not kind.startswith("tuple"):
        return kind
    parts: Sequence[Mapping[str, Any]] = field["components"]
    return f"({','.join(map(_type, parts))}){kind.removeprefix('tuple')}"


@cache
def contract(name: str) -> Contract:
    """Load a contract by its name, such as ``Ledger``."""
    place = files("gridpact.ledger.evm") / "artifacts" / f"{name}.json"
    return Contract(name, json.loads(place.read_text()))
