"""Read agreed terms back from their bytes, strictly.

Only the canonical form is accepted: what is read, written again, is the same bytes. Everything
that is wrong is listed with its place, written as a path such as ``$.terms.by.args[1]``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import INT64_MAX
from gridpact.contracts.errors import IllFormed
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
from gridpact.contracts.wire import MAX_BYTES, MAX_DEPTH, SCHEMA, to_bytes

FILE = "terms"
MAX_FAULTS = 1000  # a hostile document must not become a larger complaint
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")
_STRING = re.compile(rb'"[^"]*"')
_FOREIGN = re.compile(rb"[^\x20-\x5b\x5d-\x7e]")

Term: TypeAlias = Contract | Observable
Json: TypeAlias = "str | bool | list[Json] | _Object | None"
_Table: TypeAlias = Mapping[str, tuple[Callable[..., Term], tuple[tuple[str, str], ...]]]

# Wire fields in the order of the constructor's arguments. Append-only.
_CONTRACTS: _Table = {
    "one": (One, (("asset", "text"), ("giver", "text"), ("taker", "text"))),
    "all": (All, (("parts", "contracts"),)),
    "scale": (Scale, (("by", "observable"), ("of", "contract"))),
}
_OBSERVABLES: _Table = {
    "const": (Const, (("value", "whole"), ("unit", "text"))),
    "profile": (
        Profile,
        (("start", "whole"), ("step", "whole"), ("values", "wholes"), ("unit", "text")),
    ),
    "between": (Between, (("start", "whole"), ("end", "whole"))),
    "local-time": (
        LocalTime,
        (
            ("zone", "text"),
            ("months", "wholes"),
            ("weekdays", "wholes"),
            ("begin_s", "whole"),
            ("end_s", "whole"),
        ),
    ),
    "series": (Series, (("name", "text"), ("unit", "text"))),
    "choice": (
        Choice,
        (
            ("label", "text"),
            ("by", "text"),
            ("low", "observable"),
            ("high", "observable"),
            ("notice_s", "whole"),
            ("unit", "text"),
        ),
    ),
    "op": (Op, (("kind", "text"), ("args", "observables"))),
    "fold": (Fold, (("how", "text"), ("period", "text"), ("arg", "observable"))),
}


def from_bytes(data: bytes) -> Contract:
    """Return the contract that canonical bytes describe.

    Raises :class:`gridpact.base.errors.BadInput` listing every fault: unknown tags, missing,
    unknown or repeated keys, numbers that are not decimal strings, floats, names, units and
    ranges that do not hold, nesting beyond MAX_DEPTH, more than MAX_BYTES, another schema, or a
    spelling that is not the canonical one.
    """
    reader = _Reader()
    found = reader.document(_json(data))
    if not isinstance(found, Contract) or reader.faults:
        raise BadInput(reader.faults)
    written = to_bytes(found)
    if written != data:
        pairs = zip(written, data, strict=False)
        at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(written), len(data)))
        raise _refusal(f"byte {at}", "is not the canonical spelling", "write it with to_bytes")
    return found


class _Bare(str):
    """A JSON number or word, which terms write as a string."""

    __slots__ = ()


class _Object(dict[str, "Json"]):
    """A JSON object that remembers which of its keys came twice."""

    def __init__(self, pairs: list[tuple[str, Json]]) -> None:
        super().__init__(pairs)
        counts = Counter(key for key, _ in pairs)
        self.twice = sorted(key for key, count in counts.items() if count > 1)


def _refusal(where: str, problem: str, fix: str) -> BadInput:
    return BadInput([Fault(FILE, 0, where, problem, fix)])


def _json(data: bytes) -> Json:
    """Decode after bounding size, alphabet and nesting, so that hostile bytes stay cheap."""
    if len(data) > MAX_BYTES:
        raise _refusal("", f"{len(data)} bytes", f"send at most {MAX_BYTES} bytes")
    if foreign := _FOREIGN.search(data):
        fix = "write plain ASCII without escapes or control characters"
        raise _refusal(f"byte {foreign.start()}", "is not allowed in terms", fix)
    if _nesting(data) > 2 * MAX_DEPTH + 8:  # a node is an object, often inside a list
        raise _refusal("", "nested too deep", f"nest at most {MAX_DEPTH} nodes")
    try:
        decoded: Json = json.loads(
            data,
            object_pairs_hook=_Object,
            parse_float=_Bare,
            parse_int=_Bare,
            parse_constant=_Bare,
        )
    except json.JSONDecodeError as error:
        raise _refusal(f"byte {error.pos}", f"not JSON: {error.msg}", "send JSON") from error
    return decoded


def _nesting(data: bytes) -> int:
    marks = np.frombuffer(_STRING.sub(b"", data), dtype=np.uint8)
    opens = (marks == ord("{")) | (marks == ord("["))
    closes = (marks == ord("}")) | (marks == ord("]"))
    return int(np.cumsum(opens.astype(np.int64) - closes).max(initial=0))


class _Reader:
    """Builds terms from decoded JSON and gathers every fault on the way."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, where: str, problem: str, fix: str) -> None:
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(FILE, 0, where, problem, fix))

    def document(self, value: Json) -> Term | None:
        node = self._object(value, "$", ("schema", "terms"))
        if node is None:
            return None
        if node["schema"] != SCHEMA:
            self.fault("$.schema", f"{node['schema']!r} is not known", f"use {SCHEMA!r}")
        return self._term(node["terms"], "$.terms", 1, _CONTRACTS)

    def _term(self, value: Json, where: str, depth: int, table: _Table) -> Term | None:
        if depth > MAX_DEPTH:
            self.fault(where, "nested too deep", f"nest at most {MAX_DEPTH} nodes")
            return None
        tag = value.get("node") if isinstance(value, _Object) else None
        if not isinstance(tag, str) or tag not in table:
            shown = f"unknown tag {tag!r}" if isinstance(tag, str) else "not a tagged object"
            self.fault(where, shown, f"use one of {', '.join(sorted(table))}")
            return None
        build, fields = table[tag]
        node = self._object(value, where, ("node", *(key for key, _ in fields)))
        if node is None:
            return None
        read = [self._field(kind, node[key], f"{where}.{key}", depth) for key, kind in fields]
        if any(item is None for item in read):
            return None
        try:
            return build(*read)
        except IllFormed as error:
            self.fault(where, str(error), "correct the term")
            return None

    def _object(self, value: Json, where: str, keys: Sequence[str]) -> _Object | None:
        if not isinstance(value, _Object):
            self.fault(where, "not an object", f"give {', '.join(sorted(keys))}")
            return None
        for key in value.twice:
            self.fault(where, f"key {key!r} comes twice", "keep one")
        for key in sorted(value.keys() - set(keys)):
            self.fault(where, f"unknown key {key!r}", f"keys are {', '.join(sorted(keys))}")
        missing = sorted(set(keys) - value.keys())
        for key in missing:
            self.fault(where, f"key {key!r} is missing", "write it")
        return None if missing else value

    def _field(self, kind: str, value: Json, where: str, depth: int) -> object:
        match kind:
            case "text":
                return self._text(value, where)
            case "whole":
                return self._whole(value, where)
            case "observable":
                return self._term(value, where, depth + 1, _OBSERVABLES)
            case "contract":
                return self._term(value, where, depth + 1, _CONTRACTS)
        return self._list(kind.removesuffix("s"), value, where, depth)

    def _list(self, kind: str, value: Json, where: str, depth: int) -> object:
        if not isinstance(value, list):
            self.fault(where, "not a list", "write a list")
            return None
        items = [self._field(kind, v, f"{where}[{i}]", depth) for i, v in enumerate(value)]
        return None if any(item is None for item in items) else tuple(items)

    def _text(self, value: Json, where: str) -> str | None:
        if isinstance(value, str) and not isinstance(value, _Bare):
            return value
        self.fault(where, "not a string", "write a string")
        return None

    def _whole(self, value: Json, where: str) -> int | None:
        text = self._text(value, where)
        if text is None:
            return None
        if _WHOLE.fullmatch(text) is None or abs(int(text)) > INT64_MAX:
            self.fault(where, f"{text[:40]!r} is not a whole number of 64 bits", "write digits")
            return None
        return int(text)
