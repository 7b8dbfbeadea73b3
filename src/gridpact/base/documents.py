"""YAML text to plain values, each with the line it stands on.

Scalars follow the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema): ``no``
is text and so is ``07:30``. libyaml's events are read one by one, so neither deep nesting nor
aliases that multiply can exhaust the machine. Duplicate keys, tags, and numbers that are not
finite are faults.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path as FilePath
from typing import TypeAlias

import yaml

from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import read_regular

Scalar: TypeAlias = str | int | float | bool | None
Value: TypeAlias = "Scalar | list[Value] | dict[str, Value]"
Path: TypeAlias = tuple[str | int, ...]

MAX_BYTES = 16 * 1024 * 1024
MAX_NODES = 1_000_000
MAX_DEPTH = 40

_NULL = re.compile(r"^(?:null|Null|NULL|~|)$")
_TRUE = re.compile(r"^(?:true|True|TRUE)$")
_FALSE = re.compile(r"^(?:false|False|FALSE)$")
_WHOLE = re.compile(r"^[-+]?[0-9]+$")
_OCTAL = re.compile(r"^0o[0-7]+$")
_HEX = re.compile(r"^0x[0-9a-fA-F]+$")
_FLOAT = re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
_ODD = re.compile(r"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$")
_CORE_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq")}


@dataclass
class Document:
    """A parsed document: its value, where each part stands, and what is wrong with the YAML.

    ``spoilt`` lists parts whose value could not be read, so that nothing else is said of them.
    """

    file: str
    value: Value = None
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    spoilt: list[Path] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """Line of a part, or of the nearest part around it; 0 where it is not in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def fault(self, path: Path, problem: str, fix: str) -> None:
        """Note something wrong at a part of the document."""
        self.faults.append(Fault(self.file, self.line(path), spell(path), problem, fix))


class _Stop(Exception):  # noqa: N818
    """Reading cannot go on; the fault has been noted."""


def spell(path: Path) -> str:
    """Write a path as ``members[3].assets[0].kw_peak``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def parse(data: bytes, file: str, most: int = MAX_BYTES, begin: str = "gridpact: 1") -> Document:
    """Parse YAML of at most ``most`` bytes; ``begin`` is how such a file begins.

    Faults of the YAML itself are in the result; then ``value`` may lack parts.
    """
    document = Document(file)
    if len(data) > most:
        problem = f"the file has {len(data)} bytes; {most} are read at most"
        document.fault((), problem, "put data into files of their own")
        return document
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fix = "save the file as UTF-8"
        document.faults.append(Fault(file, line, "", "this line is not UTF-8 text", fix))
        return document
    try:
        _Reader(text, document).read(begin)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        _broken(document, error.problem or "the YAML is broken", mark.line + 1 if mark else 0)
    except yaml.YAMLError as error:
        _broken(document, str(error).splitlines()[0], 0)
    except _Stop:
        document.value = None
    return document


def read_mapping(path: FilePath, what: str, begin: str) -> tuple[Document, dict[str, Value]]:
    """Read a YAML file that is a mapping of keys; ``what`` names in the plural what it holds.

    Raises BadInput where it cannot be read, is broken, or is something else.
    """
    try:
        data = read_regular(path, MAX_BYTES)
    except OSError as error:
        problem = f"the {what} cannot be read: {error.strerror or error}"
        raise BadInput([Fault(str(path), 0, "", problem, "name a readable YAML file")]) from error
    document = parse(data, str(path), begin=begin)
    if isinstance(document.value, dict):
        return document, document.value
    if not document.faults:
        document.fault((), f"{what} are a mapping of keys", f"begin with: {begin}")
    raise BadInput(document.faults)


def _broken(document: Document, reason: str, line: int) -> None:
    document.value = None
    fix = "correct the indentation, quotes or brackets at or before this line"
    document.faults.append(Fault(document.file, line, "", f"not YAML: {reason}", fix))


def scalar(text: str) -> Scalar:
    """Resolve a plain scalar by the core schema.

    ValueError says why something is no number: infinity, not-a-number, and decimals of more digits
    than a number keeps, which would be another amount than the one that was written.
    """
    if _NULL.match(text):
        return None
    if _TRUE.match(text) or _FALSE.match(text):
        return bool(_TRUE.match(text))
    if _ODD.match(text):
        raise ValueError("not a finite number")
    if _WHOLE.match(text) and len(text) < 100:
        return int(text)
    if _OCTAL.match(text) or _HEX.match(text):
        return int(text, 0)
    if _FLOAT.match(text):
        return _decimal(text)
    return text


def _decimal(text: str) -> float:
    """Return the number that was written, and not one that is merely near it."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    try:
        same = Decimal(text) == Decimal(repr(number))
    except InvalidOperation:  # an exponent of many digits
        same = False
    if not same:
        raise ValueError("of more digits than a number keeps")
    return number


class _Reader:
    """Builds values from libyaml's events."""

    def __init__(self, text: str, document: Document) -> None:
        loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
        self._events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=loader))
        self._document = document
        self._anchors: dict[str, tuple[Value, int, int]] = {}
        self._nodes = 0
        self._reach = 0

    def read(self, begin: str) -> None:
        """Read the one document of the stream into ``document.value``."""
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                break
        else:
            self._stop(1, "the file is empty", f"begin with a line such as {begin}")
        self._document.value = self._value(next(self._events), ())
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.DocumentStartEvent):
            self._stop(_line(event), "the file holds two documents", "keep one, without ---")

    def _stop(self, line: int, problem: str, fix: str) -> None:
        self._document.faults.append(Fault(self._document.file, line, "", problem, fix))
        raise _Stop

    def _count(self, event: yaml.Event, depth: int, nodes: int) -> None:
        self._nodes += nodes
        self._reach = max(self._reach, depth)
        if self._nodes > MAX_NODES:
            self._stop(_line(event), "the document grows too large", "use fewer aliases")
        if depth > MAX_DEPTH:
            self._stop(_line(event), f"nested deeper than {MAX_DEPTH} levels", "nest less")

    def _value(self, event: yaml.Event, path: Path) -> Value:
        self._count(event, len(path), 1)
        self._document.lines.setdefault(path, _line(event))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        anchor = getattr(event, "anchor", None)
        nodes, reach, self._reach = self._nodes, self._reach, len(path)
        self._check_tag(event, path)
        value = self._content(event, path)
        if anchor:
            self._anchors[anchor] = (value, self._nodes - nodes + 1, self._reach - len(path))
        self._reach = max(reach, self._reach)
        return value

    def _content(self, event: yaml.Event, path: Path) -> Value:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        assert isinstance(event, yaml.ScalarEvent)  # noqa: S101 - no other event begins a node
        return self._scalar(event, path)

    def _alias(self, event: yaml.AliasEvent, path: Path) -> Value:
        if event.anchor not in self._anchors:
            self._stop(_line(event), f"*{event.anchor} stands for nothing", "define it before use")
        value, nodes, depth = self._anchors[str(event.anchor)]
        self._count(event, len(path) + depth, nodes)
        return value

    def _check_tag(self, event: yaml.Event, path: Path) -> None:
        tag = getattr(event, "tag", None)
        if tag not in (None, "!") and tag not in _CORE_TAGS:
            self._document.fault(path, f"the tag {tag} is not used here", "remove the tag")

    def _mapping(self, path: Path) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            place = (*path, key)
            if key in found:
                problem = (
                    f"the key is written twice; the first is on line {self._document.line(place)}"
                )
                fault = Fault(self._document.file, _line(event), spell(place), problem, "keep one")
                self._document.faults.append(fault)
                self._value(next(self._events), (*path, "", key))
                continue
            self._document.lines[place] = _line(event)
            found[key] = self._value(next(self._events), place)
        return found

    def _key(self, event: yaml.Event, path: Path) -> str:
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        self._stop(
            _line(event), f"a key in {spell(path) or 'the document'} is not text", "use a name"
        )
        return ""

    def _sequence(self, path: Path) -> list[Value]:
        found: list[Value] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._value(event, (*path, len(found))))
        return found

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> Scalar:
        if not event.implicit[0]:
            return str(event.value)
        try:
            return scalar(event.value)
        except ValueError as error:
            shown = event.value if len(event.value) <= 40 else f"{event.value[:40]}…"
            digits = "digits" in str(error)
            fix = "write it with fewer digits" if digits else "write a number"
            self._document.fault(path, f"{shown} is {error}", fix)
            self._document.spoilt.append(path)
            return None


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return int(mark.line) + 1 if mark else 0
