"""Roots over what was measured, planned, done, settled, and on which terms."""

from __future__ import annotations

from typing import Annotated

from gridpact.ledger.kinds.fields import Count, Digest, Identifier, Kind, Name, one_of

ANCHORED = ("readings", "schedules", "executions", "statements", "terms")


class RootAnchored(Kind, frozen=True, tag="root_anchored"):
    """A root over ``count`` leaves about a ``subject`` (a community, a zone) in a ``period``.

    ``kind`` is one of :data:`ANCHORED`.
    """

    kind: Annotated[str, one_of(*ANCHORED)]
    subject: Identifier
    period: Name
    count: Count
    root: Digest


class PeriodClosed(Kind, frozen=True, tag="period_closed"):
    """A subject's period is final, and all days within it: nothing more is anchored or settled."""

    subject: Identifier
    period: Name
