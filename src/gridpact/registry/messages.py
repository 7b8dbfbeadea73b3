"""Messages of the registry: the community a run is about."""

from __future__ import annotations

from gridpact.kernel.messages import Message
from gridpact.registry.model import Community


class CommunityOpened(Message, frozen=True, kw_only=True, tag="community-opened"):
    """The first message of every journal: who takes part, and the first local day to deliver.

    ``seed`` names all random streams of a simulated run; ``gridpact`` is the version that opened
    the run.
    """

    community: Community
    seed: int
    first_day: str
    gridpact: str


class StandingChanged(Message, frozen=True, kw_only=True, tag="standing-changed"):
    """The authority suspends a participant, or lets it take part again; ``reason`` says why."""

    participant: str
    suspended: bool
    reason: str
