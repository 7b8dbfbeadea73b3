"""The error tree.

::

    GridpactError
    ├── BadInput             a person's input is refused; carries every fault found
    ├── MissingSeries        a contract's series lacks values; names the series and its slots
    ├── NumberOverflow       a whole-number result would not fit 64 bits
    ├── StoreError           a file or database cannot be written or read
    │   ├── JournalDamaged   the journal's checksums do not hold
    │   └── LedgerDamaged    the ledger's hashes, signatures or tree do not hold
    └── ReplayDiverged       recomputing gave something else than was recorded

An expected outcome (a rejected order, an infeasible plan, a late reading) is a returned value,
never one of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


class GridpactError(Exception):
    """Base of every error that gridpact raises on purpose."""


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong with an input: where it is, what it is, and how to put it right."""

    file: str
    line: int
    where: str
    problem: str
    fix: str

    def __str__(self) -> str:
        """Render as ``file:line: where: problem. Fix: …``."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        field = f"{self.where}: " if self.where else ""
        return f"{place}: {field}{ended(self.problem)} Fix: {ended(self.fix)}"


def ended(text: str) -> str:
    """End a text as a sentence, with a full stop unless it has a mark of its own."""
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


ALIKE = 3
"""Lines of a file with one and the same fault that are listed each."""


class BadInput(GridpactError):  # noqa: N818 - reads as what it is
    """Input refused whole. ``faults`` lists everything that is wrong, in reading order.

    In the message, a fault that more than three lines have is told once, with their number.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: Sequence[Fault] = sorted(set(faults), key=_reading_order)
        count = len(self.faults)
        head = f"{count} fault{'s' if count != 1 else ''}; nothing was changed"
        super().__init__("\n".join([head, *(f"  {text}" for text in _texts(self.faults))]))

    def __reduce__(self) -> tuple[type[BadInput], tuple[Sequence[Fault]]]:
        """Pickle by the faults, so that a worker process can raise it."""
        return type(self), (self.faults,)


def of_many_lines(fault: Fault, count: int) -> Fault:
    """Return the first of faults that so many lines have, saying so."""
    problem = f"{fault.problem.rstrip('.')} (and on {count - 1:,} more lines)"
    return replace(fault, problem=problem)


def _texts(faults: Sequence[Fault]) -> list[str]:
    """Tell faults in their order, and at its first line one that many lines of a file have."""
    alike: dict[Fault, int] = {}
    for fault in faults:
        same = replace(fault, line=min(fault.line, 1))
        alike[same] = alike.get(same, 0) + 1
    texts = []
    for fault in faults:
        count = alike.get(same := replace(fault, line=min(fault.line, 1)), 0)
        if count > ALIKE:
            del alike[same]
            texts.append(str(of_many_lines(fault, count)))
        elif count:
            texts.append(str(fault))
    return texts


def _reading_order(fault: Fault) -> tuple[object, ...]:
    """By place, numbers in it by their size: row 2 comes before row 10."""
    numbers = re.split(r"(\d+)", fault.where)
    where = [int(part) if part.isdecimal() else part for part in numbers]
    return fault.file, fault.line, where, fault.problem, fault.fix


class MissingSeries(GridpactError):  # noqa: N818
    """A needed value is absent. ``name`` is the series, ``slots`` the starts that lack a value."""

    def __init__(self, name: str, slots: Sequence[int] = ()) -> None:
        self.name = name
        self.slots = tuple(slots)
        shown = ", ".join(str(slot) for slot in self.slots[:5])
        more = f" and {len(self.slots) - 5} more" if len(self.slots) > 5 else ""
        super().__init__(f"series {name!r} has no value" + (f" at {shown}{more}" if shown else ""))

    def __reduce__(self) -> tuple[type[MissingSeries], tuple[str, Sequence[int]]]:
        """Pickle by name and slots, so that a worker process can raise it."""
        return type(self), (self.name, self.slots)


class NumberOverflow(GridpactError):  # noqa: N818
    """A whole-number result does not fit in a signed 64-bit integer."""


class StoreError(GridpactError):
    """A file or database cannot be read or written; the message is one line a person can act on."""


class JournalDamaged(StoreError):  # noqa: N818
    """The journal's chain of checksums is broken; the message names the first bad row."""


class LedgerDamaged(StoreError):  # noqa: N818
    """The ledger's chain, signatures or tree do not hold; the message names the first bad entry."""


class ReplayDiverged(GridpactError):  # noqa: N818
    """Replaying gave another message or state than the one recorded; the message names the row."""
