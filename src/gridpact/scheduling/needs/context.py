"""Who says a sentence, when and where."""

from __future__ import annotations

from datetime import date

import msgspec

from gridpact.scheduling.needs.clock import local_date
from gridpact.scheduling.needs.directory import Directory


class Context(msgspec.Struct, frozen=True):
    """``owner`` speaks at ``now`` [s since the epoch] by the clocks of ``timezone``.

    With a ``directory``, words for assets become identifiers; without one they stay as said.
    """

    owner: str
    now: int
    timezone: str
    directory: Directory | None = None

    @property
    def today(self) -> date:
        """Local date."""
        return local_date(self.now, self.timezone)
