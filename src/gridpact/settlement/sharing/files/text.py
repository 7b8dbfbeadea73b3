"""Lines of a text file of coefficients, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gridpact.base.errors import ALIKE, BadInput, Fault, of_many_lines

MAX_BYTES = 512 * 1024 * 1024
MAX_FAULTS = 200
_BOM = b"\xef\xbb\xbf"
_SHARE_DIGITS, _PERCENT_DIGITS = 6, 4


class Report:
    """Collects the faults of one file.

    Of one that many lines have, the first is kept and the lines are counted; those beyond
    :data:`MAX_FAULTS` are counted only.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.count = 0
        self._faults: dict[tuple[str, str, str], list[Fault]] = {}
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def add(self, line: int, column: int, problem: str, fix: str) -> None:
        """Note one fault; line and column count from 1, and 0 is the whole file or line."""
        self.count += 1
        where = f"column {column}" if column else ""
        alike = (where, problem, fix)
        if alike not in self._faults and len(self._faults) == MAX_FAULTS:
            return
        self._counts[alike] += 1
        same = self._faults.setdefault(alike, [])
        if len(same) < ALIKE:
            same.append(Fault(self.file, line, where, problem, fix))

    def check(self) -> None:
        """Raise BadInput where anything is wrong."""
        if not self.count:
            return
        told: list[Fault] = []
        for alike, same in self._faults.items():
            count = self._counts[alike]
            told += [of_many_lines(same[0], count)] if count > ALIKE else same
        if left := self.count - self._counts.total():
            more = f"{left:,} more faults are not shown"
            last = max(fault.line for fault in told)
            told.append(Fault(self.file, last, "~", more, "correct the others first"))
        raise BadInput(told)


class Row:
    """The fields of one line, and the column at which each begins."""

    __slots__ = ("fields", "line")

    def __init__(self, line: int, fields: list[str]) -> None:
        self.line, self.fields = line, fields

    def column(self, place: int) -> int:
        """Column, from 1, at which a field begins."""
        return 1 + sum(len(field) + 1 for field in self.fields[:place])


def rows(data: bytes, separator: str, report: Report, *, bom: bool = True) -> Iterator[Row]:
    """Yield the lines of a text that has any; what is no text is noted.

    A last line without its end may be cut short and is a fault, as is an empty line. ``bom`` says
    whether a byte-order mark is tolerated.
    """
    text = _decoded(data, report, bom=bom)
    if text is None:
        return
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1]:
        problem = "the last line has no line end, so it may be cut short"
        report.add(len(lines), 0, problem, "end the line if it is whole")
    for number, line in enumerate(lines[:-1], start=1):
        if not line.strip():
            report.add(number, 0, "the line is empty", "remove it")
            continue
        yield Row(number, line.split(separator))


def _decoded(data: bytes, report: Report, *, bom: bool) -> str | None:
    marked = data.startswith(_BOM)
    data = data.removeprefix(_BOM)
    if marked and not bom:
        report.add(1, 1, "the file begins with a byte-order mark", "save it as UTF-8 without one")
    if len(data) > MAX_BYTES:
        problem = f"the file has {len(data):,} bytes; {MAX_BYTES:,} are read at most"
        report.add(0, 0, problem, "give one file for each month")
        return None
    if not data.strip():
        report.add(0, 0, "the file is empty", "write it again")
        return None
    if b"\0" in data:
        report.add(0, 0, "the file holds binary data", "save it as UTF-8 text")
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        report.add(line, 0, "this line is not UTF-8 text", "save the file as UTF-8")
        return None


class Shares:
    """Reads coefficients as they are written; each text once, for most of them come again."""

    def __init__(self, decimal: str, *, percent: bool, decimals: int = 0) -> None:
        self._decimal, self._decimals = decimal, decimals
        self._other = "." if decimal == "," else ","
        self._digits = _PERCENT_DIGITS if percent else _SHARE_DIGITS
        self._whole = 10 ** (self._digits + (2 if percent else 0))
        self._known: dict[str, int | tuple[str, str]] = {}

    def read(self, text: str) -> int | tuple[str, str]:
        """Return millionths, or what is wrong with a text and how to put it right."""
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = self._read(text)
        return found

    def _read(self, text: str) -> int | tuple[str, str]:
        shown = repr(text[:40])
        whole, sign, part = text.partition(self._decimal)
        if self._other in text:
            fix = f"write decimals as in 0{self._decimal}25"
            return f"{shown} has a decimal {_NAMES[self._other]}", fix
        if not _digits(whole) or (sign and not _digits(part)) or len(whole) > 3:
            return f"{shown} is not a coefficient", f"write one such as 0{self._decimal}25"
        if self._decimals and len(part) != self._decimals:
            fix = f"write {self._decimals} digits after the decimal {_NAMES[self._decimal]}"
            return f"{shown} has {len(part)} decimals", fix
        if len(part.rstrip("0")) > self._digits:
            return f"{shown} is not a whole number of millionths", "round it, and the others, to 1"
        value = int(whole + part.rstrip("0").ljust(self._digits, "0"))
        if value > self._whole:
            return f"{shown} is more than the whole", "lower it"
        return value


_NAMES = {",": "comma", ".": "point"}


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def written(ppm: int, decimal: str, *, percent: bool, decimals: int) -> str:
    """Write a coefficient of whole units in its last decimal."""
    digits = decimals + (2 if percent else 0)
    value = ppm // 10 ** (6 - digits)
    whole, part = divmod(value, 10**decimals)
    return f"{whole}{decimal}{part:0{decimals}d}"
