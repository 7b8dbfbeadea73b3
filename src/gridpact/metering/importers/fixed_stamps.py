"""Stamps of one and the same shape in every row, read digit by digit for the whole column at once.

What has another shape in any row, or is no time at all, is left to the reader that tells why.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridpact.base.units import Bools, Ints

if TYPE_CHECKING:
    import polars as pl

Octets = NDArray[np.uint8]

_BLOCK = 1 << 15
"""Rows taken at once: what lies between stays in the cache."""
_DIGITS = "YmdHMShn"
_PARTS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_ISO = ("YYYY-mm-dd HH:MM", "YYYY-mm-dd HH:MM:SS")
_ZONES = ("", "Z", "+hh:nn", "+hhnn")
_SHAPES = {len(core + zone): core + zone for core in _ISO for zone in _ZONES}
_FORMATTED = re.compile(r"%([YmdHMS])|([^%])")
_FIRST_YEAR, _LAST_YEAR, _DAY = 2, 9998, 86400


class Shape(NamedTuple):
    """A stamp's letters: ``Y m d H M S`` digits, ``h n`` those of an offset, ``=x`` an ``x``.

    ``iso`` where a ``T`` may stand for the blank and the offset's sign may be either.
    """

    letters: tuple[str, ...]
    iso: bool


def shape_of(time_format: str, length: int) -> Shape | None:
    """Return the shape of stamps of ``length`` bytes; None where it is not one of digits only."""
    if not time_format:
        core = _SHAPES.get(length, "")
        return Shape(tuple(map(_letter, core)), True) if core else None
    if _FORMATTED.sub("", time_format):
        return None
    tokens: list[tuple[str, str]] = _FORMATTED.findall(time_format)
    named = [part for part, _ in tokens if part]
    if not {"Y", "m", "d", "H", "M"} <= set(named) or len(set(named)) < len(named):
        return None
    each = [[part] * _PARTS[part] if part else ["=" + sign] for part, sign in tokens]
    letters = tuple(chain.from_iterable(each))
    return Shape(letters, False) if len(letters) == length else None


def _letter(sign: str) -> str:
    return sign if sign in _DIGITS else "=" + sign


def read(text: pl.Series, time_format: str) -> tuple[Ints, Ints, bool] | None:
    """Read a column of texts.

    Returns the seconds that the clock showed and the offsets from UTC [rows, s], and whether the
    stamps have one; None where any needs a closer look.
    """
    lengths = text.str.len_bytes()
    length = lengths.min()
    if not isinstance(length, int) or length != lengths.max() or text.null_count():
        return None
    shape = shape_of(time_format, length)
    if shape is None:
        return None
    octets = np.frombuffer(text.str.join("")[0].encode(), np.uint8).reshape(-1, length)
    clock, offset = np.empty(len(octets), np.int64), np.zeros(len(octets), np.int64)
    for begin in range(0, len(octets), _BLOCK):
        part = slice(begin, begin + _BLOCK)
        if not _read(np.ascontiguousarray(octets[part].T), shape, clock[part], offset[part]):
            return None
    return clock, offset, shape.iso and shape.letters[-1] not in "MS"


def _read(columns: Octets, shape: Shape, clock: Ints, offset: Ints) -> bool:
    """Read stamps given as one column [rows] a letter; tell whether all are times."""
    digits: dict[str, list[Octets]] = {}
    for letter, column in zip(shape.letters, columns, strict=True):
        if letter in _DIGITS:
            digits.setdefault(letter, []).append(column - np.uint8(ord("0")))
        elif not _stands(column, letter[1], shape.iso):
            return False
    if any(np.any(digit > 9) for part in digits.values() for digit in part):
        return False
    value = {letter: _number(part) for letter, part in digits.items()}
    seconds = value.get("S", np.zeros(len(clock), np.int64))
    days, real = _days(value["Y"], value["m"], value["d"])
    if not real or max(value["H"].max() - 23, value["M"].max() - 59, seconds.max() - 59) > 0:
        return False
    clock[:] = days * _DAY + value["H"] * 3600 + value["M"] * 60 + seconds
    if "h" in value:
        behind = columns[shape.letters.index("=+")] == ord("-")
        offset[:] = np.where(behind, -1, 1) * (value["h"] * 3600 + value["n"] * 60)
    return True


def _stands(column: Octets, sign: str, iso: bool) -> bool:
    """Tell whether a sign stands in every row, or what may stand for it."""
    there: Bools = np.asarray(column == ord(sign))
    if iso and sign in " +":
        there |= column == ord("T" if sign == " " else "-")
    return bool(there.all())


def _number(digits: list[Octets]) -> Ints:
    value = digits[0].astype(np.int64)
    for digit in digits[1:]:
        value *= 10
        value += digit
    return value


def _days(year: Ints, month: Ints, day: Ints) -> tuple[Ints, bool]:
    """Days since 1970-01-01 [rows], and whether all are days of the calendar."""
    if year.min() < _FIRST_YEAR or year.max() > _LAST_YEAR or month.min() < 1 or month.max() > 12:
        return day, False
    months = (year - 1970) * 12 + month - 1
    first, last = int(months.min()), int(months.max())
    begins = np.arange(first, last + 2).astype("datetime64[M]").astype("datetime64[D]")
    begin = begins.astype(np.int64)
    place = months - first
    real = day.min() >= 1 and not np.any(day > np.diff(begin)[place])
    return begin[place] + day - 1, bool(real)
