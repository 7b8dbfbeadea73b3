"""One contract of a day's statements, and the world it is read in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gridpact.base.layers import total_by_owner
from gridpact.base.units import Ints, checked_sum
from gridpact.contracts.terms import Contract

MEMBER = "member"


@dataclass(frozen=True)
class Clause:
    """One contract of the day: its name on statements, its terms and its series.

    Series are [slots] or [members, slots]. Where members have several rows or none, ``owner``
    [rows] says whose each row is, in ascending order, and series are [slots] or [rows, slots].
    """

    name: str
    contract: Contract
    world: Mapping[str, Ints]
    owner: Ints | None = None

    def by_member(self, values: Ints, members: int) -> Ints:
        """Add up an amount of the contract over slots and rows, shape [members]; exact."""
        total = checked_sum(values, axis=-1)
        return total if self.owner is None else total_by_owner(total, self.owner, members)

    def rows_of(self, member: int) -> list[int]:
        """Rows of the series that belong to a member."""
        if self.owner is None:
            return [member]
        return [row for row, whose in enumerate(self.owner.tolist()) if whose == member]
