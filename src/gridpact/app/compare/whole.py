"""Whole runs of one scenario, each under another mechanism, from forecast to bill."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from gridpact import __version__
from gridpact.app.bootstrap import Edges, build
from gridpact.app.compare.rules import variants
from gridpact.app.compare.spread import Spread, spread
from gridpact.app.record import Record
from gridpact.app.watch import Stopwatch
from gridpact.base.errors import GridpactError
from gridpact.base.units import checked_sum
from gridpact.kernel.journal import Journal
from gridpact.kernel.messages import Message
from gridpact.ledger.handlers import DAY
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.messages import Committed
from gridpact.market.analytics.shares import share_ppm
from gridpact.market.clearing.preferences.clearing import LARGEST_SLOT
from gridpact.market.gates import day_ahead
from gridpact.market.messages import SessionCleared
from gridpact.metering.messages import DayMetered
from gridpact.registry.messages import CommunityOpened
from gridpact.registry.model import Community
from gridpact.settlement.billing import bills, received
from gridpact.settlement.messages import DaySettled
from gridpact.simulation.scenarios.build import community as build_community
from gridpact.simulation.scenarios.model import Scenario
from gridpact.simulation.staging import world


class WholeRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a run under one mechanism came to.

    Bills [minor units, members] are positive where the member pays; ``supplier_only_minor`` is
    what it would have paid with the same readings and no community. ``parties`` is what each party
    received in all, members together as one; it sums to zero. ``spread`` is that of the savings,
    in nano-¤. Energies [Wh] are those of the settled days. ``local_share_ppm`` is the share of what
    members withdrew that came from the community, traded or shared; None without withdrawals.
    """

    name: str
    recorded: bool
    traded_wh: int
    shared_wh: int
    supplier_wh: int
    local_share_ppm: int | None
    bill_minor: tuple[int, ...]
    supplier_only_minor: tuple[int, ...]
    saving_minor: tuple[int, ...]
    parties: dict[str, int]
    spread: Spread


class RunsCompared(msgspec.Struct, frozen=True, kw_only=True):
    """Whole runs beside each other; all from the same scenario, days and seed."""

    kind: str = "runs"
    community: str
    currency: str
    minor_nano: int
    days: tuple[str, ...]
    seed: int
    members: tuple[str, ...]
    runs: tuple[WholeRun, ...]
    remarks: tuple[str, ...] = ()


LARGE = f"preference is left out: it is for {LARGEST_SLOT} members at most."


def compare(
    scenario: Scenario, mechanisms: Sequence[str], watch: Stopwatch | None = None
) -> RunsCompared:
    """Run a scenario under its own rules and under each mechanism in both markets.

    Weather, needs and prices are drawn from the same streams in every run, so that only the rules
    differ. Raises what a run raises.
    """
    plain = build_community(scenario)
    large = len(plain.members.ids) > LARGEST_SLOT and "preference" in mechanisms
    chosen = [name for name in mechanisms if not (large and name == "preference")]
    found = [
        (each, record_of(scenario, msgspec.structs.replace(plain, market=each.rules), watch))
        for each in variants(plain.market, chosen)
    ]
    days = tuple(day.day for day in found[0][1].all(DaySettled))
    return RunsCompared(
        community=plain.name,
        currency=plain.currency,
        minor_nano=plain.settlement.minor_nano,
        days=days,
        seed=scenario.run.seed,
        members=plain.members.ids,
        runs=tuple(_whole(each.name, record, recorded=each.recorded) for each, record in found),
        remarks=(LARGE,) if large else (),
    )


def record_of(scenario: Scenario, community: Community, watch: Stopwatch | None = None) -> Record:
    """Run a community through the days of its scenario and return all that was recorded.

    The run is kept nowhere. Raises GridpactError where it ends before the last day is committed.
    """
    last = f"{DAY}{scenario.run.first_day + timedelta(days=scenario.run.days - 1)}"
    reached = False

    def stop(message: Message) -> bool:
        nonlocal reached
        reached = isinstance(message, Committed) and message.key == last
        return reached

    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory(prefix="gridpact-")))
        journal = Journal(place / "journal.db")
        stack.callback(journal.close)
        ledger = LocalLedger(":memory:", demonstration_key(scenario.run.seed))
        stack.callback(ledger.close)
        edges = Edges(world(scenario, community, scenario.run.seed), ledger, None, watch)
        loop = build(community, scenario.run.seed, journal, edges)
        loop.submit(_opening(scenario, community), _begins(scenario, community))
        loop.run(stop)
        if not reached:
            raise GridpactError(f"the run ended before {last.removeprefix(DAY)} was settled")
        return Record(journal)


def _opening(scenario: Scenario, community: Community) -> CommunityOpened:
    return CommunityOpened(
        community=community,
        seed=scenario.run.seed,
        first_day=str(scenario.run.first_day),
        gridpact=__version__,
    )


def _begins(scenario: Scenario, community: Community) -> int:
    """When the first session opens [s since the epoch]."""
    first = day_ahead(community.market, community.calendar, scenario.run.first_day)
    return first.gate - community.market.opens_s


def _whole(name: str, record: Record, *, recorded: bool) -> WholeRun:
    community, settled = record.opening().community, record.all(DaySettled)
    found = bills(community, settled)
    days = {day.day for day in settled}
    cleared = [each for each in record.all(SessionCleared) if each.session.day in days]
    lines = received(found, exact=False)
    saving = tuple(found.saving_minor.tolist())
    minor = community.settlement.minor_nano
    return WholeRun(
        name=name,
        recorded=recorded,
        traded_wh=sum(int(checked_sum(each.bought_wh)) for each in cleared),
        shared_wh=sum(int(checked_sum(day.shared_in_wh)) for day in settled),
        supplier_wh=sum(int(checked_sum(day.supplier_in_wh)) for day in settled),
        local_share_ppm=_local_ppm(record, settled),
        bill_minor=tuple(found.total_minor.tolist()),
        supplier_only_minor=tuple(found.supplier_only_minor.tolist()),
        saving_minor=saving,
        parties={party: sum(amounts.values()) for party, amounts in lines.items()},
        spread=spread([amount * minor for amount in saving]),
    )


def _local_ppm(record: Record, settled: Sequence[DaySettled]) -> int | None:
    """Share of withdrawals that did not come from the supplier."""
    read = {day.day: day.withdrawal_wh for day in record.all(DayMetered)}
    taken, outside = 0, 0
    for day in settled:
        taken += int(checked_sum(read[day.day]))
        outside += int(checked_sum(np.minimum(day.supplier_in_wh, read[day.day])))
    return share_ppm(taken - outside, taken)
