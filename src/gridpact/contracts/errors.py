"""Errors of the contract algebra.

::

    GridpactError
    ├── IllFormed              a term that cannot be built: a name, a range, an arity, a conflict
    │   ├── UnitMismatch       units that do not combine, or do not fit the asset of a leg
    │   └── CircularReference  agreements whose amounts depend on one another in a circle
    ├── ChoiceOutOfBounds      a bound choice outside what the contract allows; names label, slots
    ├── DivisorNotPositive     a muldiv met a divisor of zero or less; names the slots
    ├── NotOnSlots             a profile's steps or a window's edges do not fall on slots
    └── PeriodCut              the slots begin or end in the midst of a period that a fold needs

A series without a needed value raises :class:`gridpact.base.errors.MissingSeries`; bytes that are
not agreed terms raise :class:`gridpact.base.errors.BadInput`.
"""

from __future__ import annotations

from collections.abc import Sequence

from gridpact.base.errors import GridpactError


class IllFormed(GridpactError, ValueError):  # noqa: N818 - reads as what it is
    """A term cannot be built as asked; the message says which part and what is allowed."""


class UnitMismatch(IllFormed):
    """Two units do not combine, or an amount's unit is not that of the asset it moves."""


class CircularReference(IllFormed):
    """Agreements refer to one another in a circle; ``circle`` begins and ends with the same."""

    def __init__(self, circle: Sequence[str]) -> None:
        self.circle = tuple(circle)
        super().__init__(f"agreements depend on one another: {' needs '.join(self.circle)}")


class _AtSlots(GridpactError):  # noqa: N818
    """Something wrong at some slots; ``slots`` are their starts [s since the epoch]."""

    def __init__(self, problem: str, slots: Sequence[int]) -> None:
        self.slots = tuple(slots)
        shown = ", ".join(str(slot) for slot in self.slots[:5])
        more = f" and {len(self.slots) - 5} more" if len(self.slots) > 5 else ""
        super().__init__(f"{problem} at {shown}{more}")


class ChoiceOutOfBounds(_AtSlots):
    """A choice was bound to a value that its contract does not allow."""

    def __init__(self, label: str, slots: Sequence[int]) -> None:
        self.label = label
        super().__init__(f"choice {label!r} is outside its bounds", slots)


class DivisorNotPositive(_AtSlots):
    """A ``muldiv`` needs a divisor above zero wherever its value is known."""

    def __init__(self, slots: Sequence[int]) -> None:
        super().__init__("a muldiv has a divisor of zero or less", slots)


class NotOnSlots(GridpactError, ValueError):  # noqa: N818
    """A profile's step or start does not match the slots; energy is never resampled silently."""


class PeriodCut(GridpactError, ValueError):  # noqa: N818
    """A fold over calendar periods was asked for slots that hold only a part of one."""

    def __init__(self, period: str, at: str) -> None:
        self.period = period
        super().__init__(
            f"{at} lies within a period of {period!r}: take whole periods, or count the parts at "
            "both ends as whole with cut_periods"
        )
