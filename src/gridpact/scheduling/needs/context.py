"""Who says a sentence, when and where."""

from __future__ import annotations

from datetime import date

import msgspec

from gridpact.scheduling.needs.clock import QUARTER_S, local_date
from gridpact.scheduling.needs.directory import Directory
from gridpact.scheduling.needs.model import (
    Asked,
    EnergyWithin,
    Group,
    PowerCap,
    PowerFloor,
    Subject,
)
from gridpact.scheduling.priorities.levels import Level


class Context(msgspec.Struct, frozen=True):
    """``owner`` speaks at ``now`` [s since the epoch] by the clocks of ``timezone``.

    With a ``directory``, words for assets become identifiers; without one they stay as said.
    ``level`` is that of a sentence which says none; None for what its subject makes clear: what an
    operator asks of a group is a limit of the grid. Slots last ``step_s`` there.
    """

    owner: str
    now: int
    timezone: str
    directory: Directory | None = None
    level: Level | None = None
    step_s: int = QUARTER_S

    def level_of(self, kind: type[Asked], subject: Subject) -> Level:
        """Level of a need where a sentence says none."""
        if self.level is not None:
            return self.level
        operator = self.directory is not None and self.directory.spans_all(self.owner)
        shared = issubclass(kind, PowerCap | PowerFloor | EnergyWithin)
        return Level.GRID if operator and shared and isinstance(subject, Group) else Level.NEEDS

    def example(self) -> str:
        """A group that a sentence may be about, in words."""
        zones = sorted(self.directory.zones) if self.directory is not None else []
        return f"zone {zones[0] if zones else 'PL'}"

    @property
    def today(self) -> date:
        """Local date."""
        return local_date(self.now, self.timezone)
