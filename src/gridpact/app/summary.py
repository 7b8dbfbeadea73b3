"""Ten lines worth reading about a finished run."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from gridpact.app import folder
from gridpact.app.missed_needs import missed_needs
from gridpact.app.needs.late import late_needs
from gridpact.app.record import Record
from gridpact.app.report.text import MINUS, THIN, Money
from gridpact.app.stated_limits import StatedLimit, stated_limits
from gridpact.app.turnover import turnover
from gridpact.base.rounding import round_half_even
from gridpact.base.units import NANO_PER_UNIT, checked_sum
from gridpact.market.messages import SessionCleared
from gridpact.metering.messages import DayMetered
from gridpact.scheduling.contracted.model import spoken
from gridpact.scheduling.messages import ScheduleSolved, TelemetryReceived
from gridpact.scheduling.needs.spelling import listed
from gridpact.settlement.billing import Bills, bills
from gridpact.settlement.messages import DaySettled
from gridpact.simulation.messages import WorldAdvanced
from gridpact.supervision.messages import LimitExceeded


class Summary(msgspec.Struct, frozen=True):
    """Headline figures of a run; energies in Wh, money in minor units.

    ``late_wh`` is what needs asked for before any plan knew them, by need; ``missed_wh`` is what
    plans in force could not keep of owners' needs, by need or asset.
    """

    name: str
    currency: str
    minor_per_unit: int
    days: tuple[str, ...]
    members: int
    assets: int
    withdrawn_wh: int
    injected_wh: int
    local_wh: int
    traded_wh: int
    sessions: int
    orders: int
    mean_price_micro_per_kwh: int
    plans: int
    conflicts: int
    slots: int
    slots_over_limit: int
    stated_limits: tuple[StatedLimit, ...]
    refusals: int
    unmet_wh: int
    unproved_nano: int
    readings: int
    estimated: int
    lines_on_statements: int
    paid_minor: int
    supplier_only_minor: int
    members_pay_minor: int
    market_fees_minor: int
    grid_charges_minor: int
    ledger_blocks: int
    ledger_root: str
    state_hash: str
    report: str
    late_wh: dict[str, int] = {}
    missed_wh: dict[str, int] = {}

    @property
    def lines(self) -> list[str]:
        """The ten lines."""
        return [
            f"{self.name}: {self.members} members, {self.assets} assets, {_days(self.days)}",
            *self._physical(),
            *self._money(),
            f"Proof      state {self.state_hash[:16]}…, ledger root {self.ledger_root[:16]}…",
            f"Report     {self.report}",
        ]

    def _physical(self) -> list[str]:
        used, made = (f"{wh / 1e3:,.1f} kWh" for wh in (self.withdrawn_wh, self.injected_wh))
        share = 100 * self.local_wh / self.withdrawn_wh if self.withdrawn_wh else 0.0
        return [
            f"Energy     {used} withdrawn, {share:.0f} % from neighbours; {made} injected",
            f"Schedules  {self.plans} plans; {self._limits()}; {self.refusals} refusals by devices",
            f"Needs      {self.unmet_wh / 1e3:,.1f} kWh of trips, heat and hot water not served"
            + self._late()
            + self._missed(),
            f"Readings   {self.readings:,} expected, {self.estimated} estimated",
        ]

    def _late(self) -> str:
        """What needs asked for before any plan could know them."""
        missed = sum(self.late_wh.values()) / 1e3
        names = listed(list(self.late_wh))
        return f", {missed:,.1f} kWh before a plan knew of {names}" if names else ""

    def _missed(self) -> str:
        """What plans in force could not keep of what owners need."""
        missed = sum(self.missed_wh.values()) / 1e3
        names = listed([spoken(name) for name in self.missed_wh])
        return f"; plans miss {missed:,.1f} kWh of {names}" if names else ""

    def _limits(self) -> str:
        """Whether zones kept their limits, and those that operators stated during the run."""
        stated = self.stated_limits
        if not self.slots_over_limit:
            owners = " and ".join(dict.fromkeys(each.owner for each in stated))
            return "every zone limit kept" + (f", with {len(stated)} of {owners}" if stated else "")
        over = f"zone limits exceeded in {self.slots_over_limit} of {self.slots} slots"
        each_over = [
            f"{each.need} of {each.owner} in {each.slots_over} by {each.over_wh / 1e3:,.3f} kWh"
            for each in stated
            if each.slots_over
        ]
        return over + (f" ({', '.join(each_over)})" if each_over else "")

    def _money(self) -> list[str]:
        traded, price = f"{self.traded_wh / 1e3:,.1f} kWh", self.mean_price_micro_per_kwh / 1e6
        money = Money(self.currency, NANO_PER_UNIT // self.minor_per_unit)
        paid, bill, alone, saved = (
            f"{plain(money.minor(minor))} {self.currency}"
            for minor in (
                self.paid_minor,
                self.members_pay_minor,
                self.supplier_only_minor,
                self.supplier_only_minor - self.members_pay_minor,
            )
        )
        mean = f" at {price:.4f} {self.currency}/kWh on average" if self.traded_wh else ""
        charged = "".join(
            f", {name} {plain(money.minor(minor))} {self.currency}"
            for name, minor in (
                ("fees", self.market_fees_minor),
                ("grid charges", self.grid_charges_minor),
            )
            if minor
        )
        return [
            f"Market     {traded} from {self.orders:,} orders{mean}{charged}",
            f"Money      {paid} paid and received in {self.lines_on_statements:,} lines",
            f"Saved      {saved}: members pay {bill}, with the supplier alone {alone}",
        ]


def plain(text: str) -> str:
    """Write a report's figure with the signs of a keyboard, so that it can be pasted."""
    return text.replace(THIN, ",").replace(MINUS, "-")


def _days(days: tuple[str, ...]) -> str:
    return days[0] if len(days) == 1 else f"{len(days)} days from {days[0]}"


def summarise(path: Path) -> Summary:
    """Read the figures of a finished run from its journal."""
    record = folder.record(path)
    found = _figures(path, record)
    ends = _end(record.all(DaySettled))
    return msgspec.structs.replace(
        found,
        late_wh=_late(record, ends),
        missed_wh=missed_needs(record, record.opening().community, ends),
    )


def _figures(path: Path, record: Record) -> Summary:
    result = folder.result(path)
    community, settled = record.opening().community, record.all(DaySettled)
    metered, cleared = record.all(DayMetered)[: len(settled)], _delivered(record, settled)
    bill, made, ends = bills(community, settled), turnover(community, cleared), _end(settled)
    return Summary(
        name=community.name,
        currency=community.currency,
        minor_per_unit=NANO_PER_UNIT // community.settlement.minor_nano,
        days=tuple(day.day for day in settled),
        members=len(community.members.ids),
        assets=len(community.pv.ids) + len(community.storage.ids) + len(community.runs.ids),
        withdrawn_wh=sum(int(day.withdrawal_wh.sum()) for day in metered),
        injected_wh=sum(int(day.injection_wh.sum()) for day in metered),
        local_wh=sum(_local(day, used) for day, used in zip(settled, metered, strict=True)),
        traded_wh=made.energy_wh,
        sessions=len(cleared),
        orders=sum(each.orders for each in cleared),
        mean_price_micro_per_kwh=round_half_even(made.value_nano, max(made.energy_wh, 1)),
        plans=len(record.all(ScheduleSolved)),
        conflicts=sum(len(each.plan.conflicts) for each in record.all(ScheduleSolved)),
        slots=sum(day.slots.count for day in settled),
        slots_over_limit=len({each.slot for each in record.all(LimitExceeded) if each.slot < ends}),
        stated_limits=stated_limits(record, community, ends),
        refusals=_refusals(record, ends),
        unmet_wh=_unmet(record, ends),
        unproved_nano=sum(each.plan.unproved_nano for each in record.all(ScheduleSolved)),
        readings=sum(day.estimated.size for day in metered),
        estimated=sum(int(day.estimated.sum()) for day in metered),
        lines_on_statements=sum(day.nano.size + day.operator_nano.size for day in settled),
        paid_minor=sum(_turnover(day) for day in settled),
        supplier_only_minor=int(checked_sum(bill.supplier_only_minor)),
        members_pay_minor=int(checked_sum(bill.total_minor)),
        market_fees_minor=_charged(bill, "buyer-fee", "seller-fee"),
        grid_charges_minor=_charged(bill, "grid"),
        ledger_blocks=result.ledger_height,
        ledger_root=result.ledger_root,
        state_hash=result.state_hash,
        report=str(path / "report.html"),
    )


def _end(settled: list[DaySettled]) -> int:
    """End of the last settled day [s since the epoch], 0 before any."""
    return max((day.slots.end for day in settled), default=0)


def _delivered(record: Record, settled: list[DaySettled]) -> list[SessionCleared]:
    """Sessions of settled days."""
    names = {day.day for day in settled}
    return [each for each in record.all(SessionCleared) if each.session.day in names]


def _local(day: DaySettled, metered: DayMetered) -> int:
    """Withdrawn energy that did not come from the supplier [Wh]."""
    return int(
        (metered.withdrawal_wh - np.minimum(day.supplier_in_wh, metered.withdrawal_wh)).sum()
    )


def _charged(bill: Bills, *names: str) -> int:
    """What members pay on lines of some names [minor units]."""
    rows = [at for at, kind in enumerate(bill.kinds) if kind.kind in names]
    return int(checked_sum(bill.paid_minor[rows]))


def _refusals(record: Record, ends: int) -> int:
    """Device-slots in which a device did not follow, before the end of the last settled day."""
    return sum(
        int(each.refused.sum()) for each in record.all(TelemetryReceived) if each.slot < ends
    )


def _late(record: Record, ends: int) -> dict[str, int]:
    """Energy [Wh] that needs miss before any plan knew them, by need."""
    found: dict[str, int] = {}
    for one in late_needs(record):
        if one.unheld.begin < ends:
            found[one.need.id] = found.get(one.need.id, 0) + one.unheld.missing_wh
    return found


def _unmet(record: Record, ends: int) -> int:
    """Energy [Wh] that owners wanted of their storage and did not get."""
    return sum(int(each.unmet_wh.sum()) for each in record.all(WorldAdvanced) if each.slot < ends)


def _turnover(day: DaySettled) -> int:
    """What changed hands in a day [minor units], whichever way."""
    return int(np.abs(day.minor).sum() + np.abs(day.operator_minor).sum())
