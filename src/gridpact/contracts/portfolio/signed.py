"""The outlines of contracts from their signed bytes, without parsing each of them.

The first contract of a text is read strictly. Another with the same text around the places is the
same structure: its names, numbers and literals alone are read, as strictly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gridpact.base.units import INT64_MAX
from gridpact.contracts.canonical import MAX_BYTES, from_bytes
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.observables import CHOICE_PREFIX, NAME, Profile
from gridpact.contracts.portfolio.outline import Key, Literal, Outline, outline
from gridpact.contracts.times import Between, LocalTime

_PLACE = re.compile(
    r'("(?:giver|taker|by|label|name)":"'
    r'|"value":"(?!(?<="unit":"1","value":")[01]")'  # zeros and ones are of the shape
    r'|\{(?="(?:node":"profile"|end":"[^"]*","node":"between"|begin_s")))'
    r'("[^}]*|[^"}]*)'
)
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")
_WHOLES = r'\["(?:0|-?[1-9][0-9]{0,18})(?:","(?:0|-?[1-9][0-9]{0,18}))*"\]'
_NUMBER = r'"(?:0|-?[1-9][0-9]{0,18})"'
_LITERAL = re.compile(
    rf'"node":"profile","start":{_NUMBER},"step":{_NUMBER},"unit":"[^"]*","values":{_WHOLES}'
    rf'|"end":{_NUMBER},"node":"between","start":{_NUMBER}'
    rf'|"begin_s":{_NUMBER},"end_s":{_NUMBER},"months":{_WHOLES},"node":"local-time",'
    rf'"weekdays":{_WHOLES},"zone":"[^"]*"'
)

Pattern = tuple[tuple[int, ...], ...]


@dataclass(slots=True)
class _Text:
    """The text around the places: where its places of each kind are, and known keys of shapes."""

    constants: list[int] = field(default_factory=list)
    literals: list[int] = field(default_factory=list)
    series: list[int] = field(default_factory=list)
    choices: list[int] = field(default_factory=list)
    parties: list[int] = field(default_factory=list)
    keys: dict[Pattern, Key] = field(default_factory=dict)


class Reader:
    """Reads the outlines of signed contracts and remembers the texts it has seen."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, ...], _Text] = {}
        self._literals: dict[str, Literal] = {}
        self._names: set[str] = set()

    def read(self, data: bytes) -> tuple[Key, Outline]:
        """Return a contract's shape and what stands in its places.

        Raises :class:`gridpact.base.errors.BadInput` as ``from_bytes`` does.
        """
        pieces = _PLACE.split(data.decode("latin-1"))
        around = (*pieces[0::3], *pieces[1::3])
        text = self._texts.get(around)
        if text is not None and len(data) <= MAX_BYTES:
            found = self._filled(text, pieces[2::3])
            if found is not None:
                outlined, pattern = found
                if key := text.keys.get(pattern):
                    return key, outlined
        exact = outline(from_bytes(data))
        key = tuple(exact.key)
        text = text or self._texts.setdefault(around, _text(pieces[1::3]))
        if found := self._filled(text, pieces[2::3]):
            text.keys[found[1]] = key
        return key, exact

    def _filled(self, text: _Text, blanks: Sequence[str]) -> tuple[Outline, Pattern] | None:
        """Read the places, or None where one of them is not as terms write it."""
        found = Outline()
        for at in text.constants:
            blank = blanks[at]
            if _WHOLE.fullmatch(blank) is None or abs(number := int(blank)) > INT64_MAX:
                return None
            found.constants.append(number)
        for at in text.literals:
            literal = self._literal(blanks[at])
            if literal is None:
                return None
            found.literals.append(literal)
        series = self._numbered(blanks, text.series, found.series)
        choices = self._numbered(blanks, text.choices, found.choices)
        parties = self._numbered(blanks, text.parties, found.parties)
        if series is None or choices is None or parties is None:
            return None
        if any(name.startswith(CHOICE_PREFIX) for name in found.series):
            return None
        masks = tuple(int(literal.is_mask) for literal in found.literals)
        return found, (series, choices, parties, masks)

    def _numbered(
        self, blanks: Sequence[str], places: Sequence[int], numbers: dict[str, int]
    ) -> tuple[int, ...] | None:
        for at in places:
            if blanks[at] not in self._names:
                if NAME.fullmatch(blanks[at]) is None:
                    return None
                self._names.add(blanks[at])
        return tuple([numbers.setdefault(blanks[at], len(numbers)) for at in places])

    def _literal(self, blank: str) -> Literal | None:
        found = self._literals.get(blank)
        if found is None and _LITERAL.fullmatch(blank):
            try:
                found = self._literals[blank] = _literal(blank)
            except IllFormed:
                return None
        return found


def _text(prefixes: Sequence[str]) -> _Text:
    text = _Text()
    kinds = {'"name":"': text.series, '"label":"': text.choices, "{": text.literals}
    kinds |= dict.fromkeys(('"giver":"', '"taker":"', '"by":"'), text.parties)
    for at, prefix in enumerate(prefixes):
        kinds.get(prefix, text.constants).append(at)
    return text


def _literal(blank: str) -> Literal:
    """Build a literal from the inside of its object; raises IllFormed as its constructor."""
    wire = json.loads(f"{{{blank}}}")
    match wire["node"]:
        case "profile":
            values = tuple(map(int, wire["values"]))
            return Profile(int(wire["start"]), int(wire["step"]), values, wire["unit"])
        case "between":
            return Between(int(wire["start"]), int(wire["end"]))
    months, weekdays = tuple(map(int, wire["months"])), tuple(map(int, wire["weekdays"]))
    return LocalTime(wire["zone"], months, weekdays, int(wire["begin_s"]), int(wire["end_s"]))
