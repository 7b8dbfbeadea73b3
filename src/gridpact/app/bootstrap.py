"""Composition: which rooms, which edges, which clock. The one place that knows everybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from gridpact.agreements import handlers as agreements
from gridpact.app.vocabulary import VOCABULARY
from gridpact.forecasting.handlers import Forecasting
from gridpact.kernel.clock import Clock
from gridpact.kernel.journal import Journal
from gridpact.kernel.loop import Loop, Watch
from gridpact.kernel.rooms import Room
from gridpact.ledger.at_once import AtOnce
from gridpact.ledger.handlers import Commitments
from gridpact.ledger.leaves import demonstration_secrets
from gridpact.ledger.port import Taking
from gridpact.market.handlers import Market
from gridpact.metering.handlers import Metering
from gridpact.registry.model import Community
from gridpact.scheduling.diaries.handlers import Diarist
from gridpact.scheduling.handlers import Scheduling
from gridpact.settlement.handlers import Settlement
from gridpact.simulation.world import World, resting_world
from gridpact.supervision.handlers import Supervision


@dataclass(frozen=True)
class Edges:
    """What touches the world outside. A replay has none: every answer is in the journal.

    ``seconds`` reads a clock [s] that ends solves of rolling operation in time.
    """

    world: World | None = None
    ledger: Taking | None = None
    clock: Clock | None = None
    watch: Watch | None = None
    seconds: Callable[[], float] | None = None


def rooms(community: Community, seed: int, edges: Edges) -> Sequence[Room[Any]]:
    """All rooms for a community, in the order in which they hear of a message."""
    secrets = demonstration_secrets(seed, community.members.ids)
    commitments = Commitments if community.commits is UNSET else AtOnce
    return (
        Metering(community).room(),
        Forecasting(community).room(),
        Market(community).room(),
        Scheduling(community, edges.seconds).room(),
        Diarist(community).room(),
        Settlement(community).room(),
        agreements.room(),
        commitments(community, secrets, edges.ledger).room(),
        Supervision(community).room(),
        edges.world.room() if edges.world else resting_world(community),
    )


def build(community: Community, seed: int, journal: Journal, edges: Edges) -> Loop:
    """Put a loop together. Live, simulated and replayed runs differ in ``edges`` alone."""
    seats = rooms(community, seed, edges)
    return Loop(seats, VOCABULARY, journal, edges.clock, edges.watch)
