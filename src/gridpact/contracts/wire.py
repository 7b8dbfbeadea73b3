"""Write terms on the wire: the schema, its bounds and the writer.

The form is described in :mod:`gridpact.contracts.canonical`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from gridpact.contracts.errors import IllFormed
from gridpact.contracts.needs import children
from gridpact.contracts.observables import (
    Choice,
    Const,
    Fold,
    Observable,
    Op,
    Profile,
    Series,
)
from gridpact.contracts.terms import All, Contract, One, Scale
from gridpact.contracts.times import Between, LocalTime

Node: TypeAlias = Contract | Observable

SCHEMA = "gridpact-terms/1"
MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64
HEAD = f'{{"schema":"{SCHEMA}","terms":'


def to_bytes(contract: Contract) -> bytes:
    """Return the canonical bytes of a contract.

    Raises IllFormed beyond MAX_DEPTH nested nodes or MAX_BYTES, so that what is written can be
    read back.
    """
    text = f"{HEAD}{_Writer().write(contract)[0]}}}"
    _within_size(text)
    return text.encode("ascii")


class _Writer:
    """Writes each shared node once, children first, and watches depth and size on the way."""

    def __init__(self) -> None:
        self._written: dict[int, tuple[str, int]] = {}

    def write(self, node: Node, depth: int = 1) -> tuple[str, int]:
        """Return a node's text and how many levels of nodes it has, itself included."""
        found = self._written.get(id(node))
        if found is None:
            _within_depth(depth)
            below = [self.write(part, depth + 1) for part in _parts(node)]
            text = _text(node, [part for part, _ in below])
            _within_size(text)
            found = text, 1 + max((levels for _, levels in below), default=0)
            self._written[id(node)] = found
        _within_depth(depth + found[1] - 1)
        return found


def _parts(node: Node) -> Sequence[Node]:
    match node:
        case All(parts):
            return parts
        case Scale(by, of):
            return (by, of)
        case Contract():
            return ()
        case Observable():
            return children(node)
    raise IllFormed(f"{node!r} is not part of the algebra")


def _text(node: Node, below: list[str]) -> str:
    """Write one node; names were checked when it was built, so nothing needs escaping."""
    match node:
        case One(asset, giver, taker):
            return f'{{"asset":"{asset}","giver":"{giver}","node":"one","taker":"{taker}"}}'
        case All():
            return f'{{"node":"all","parts":[{",".join(below)}]}}'
        case Scale():
            return f'{{"by":{below[0]},"node":"scale","of":{below[1]}}}'
        case Op(kind):
            return f'{{"args":[{",".join(below)}],"kind":"{kind}","node":"op"}}'
        case Fold(how, period):
            return f'{{"arg":{below[0]},"how":"{how}","node":"fold","period":"{period}"}}'
        case Choice(label, by, notice_s=notice, unit=unit):
            return (
                f'{{"by":"{by}","high":{below[1]},"label":"{label}","low":{below[0]},'
                f'"node":"choice","notice_s":"{notice}","unit":"{unit}"}}'
            )
    return _leaf(node)


def _leaf(node: Node) -> str:
    match node:
        case Const(value, unit):
            return f'{{"node":"const","unit":"{unit}","value":"{value}"}}'
        case Profile(start, step, values, unit):
            return (
                f'{{"node":"profile","start":"{start}","step":"{step}","unit":"{unit}",'
                f'"values":["{digits(values)}"]}}'
            )
        case Between(start, end):
            return f'{{"end":"{end}","node":"between","start":"{start}"}}'
        case LocalTime(zone, months, weekdays, begin_s, end_s):
            return (
                f'{{"begin_s":"{begin_s}","end_s":"{end_s}","months":["{digits(months)}"],'
                f'"node":"local-time","weekdays":["{digits(weekdays)}"],"zone":"{zone}"}}'
            )
        case Series(name, unit):
            return f'{{"name":"{name}","node":"series","unit":"{unit}"}}'
    raise IllFormed(f"{node!r} is not part of the algebra")


def digits(values: Sequence[int]) -> str:
    """Return the inside of a list of whole numbers as written on the wire, without its ends."""
    return '","'.join(map(str, values))


def _within_depth(levels: int) -> None:
    if levels > MAX_DEPTH:
        raise IllFormed(f"terms are nested more than {MAX_DEPTH} deep")


def _within_size(text: str) -> None:
    if len(text) > MAX_BYTES:
        raise IllFormed(f"terms take more than {MAX_BYTES} bytes")
