"""A run seen once: its record laid over time, its bills, and how its numbers are written."""

from __future__ import annotations

from dataclasses import dataclass

from gridpact.app.record import Record
from gridpact.app.report import series
from gridpact.app.report.axis import Axis, axis_of
from gridpact.app.report.text import Money, clock, money_of
from gridpact.market.messages import SessionCleared
from gridpact.registry.model import Community
from gridpact.settlement.billing import Bills, bills
from gridpact.settlement.messages import DaySettled


@dataclass(frozen=True)
class View:
    """Everything the sections of a report read."""

    record: Record
    community: Community
    axis: Axis
    read: series.Metered
    told: series.Devices
    plan: series.Planned
    balance: series.Balance
    flows: series.Flows
    bills: Bills
    money: Money

    def clock(self, instant: int) -> str:
        """Write an instant in local time."""
        return clock(self.community, instant)

    @property
    def sessions(self) -> list[SessionCleared]:
        """Sessions that delivered on the days shown, in order of clearing."""
        return [m for m in self.record.all(SessionCleared) if m.session.day in self.axis.days]


def view(record: Record) -> View:
    """Lay a record out for reporting."""
    community, axis = record.opening().community, axis_of(record)
    read, told = series.metered(record, axis), series.devices(record, axis)
    plan = series.planned(record, axis)
    return View(
        record=record,
        community=community,
        axis=axis,
        read=read,
        told=told,
        plan=plan,
        balance=series.balance(record, axis, read, told),
        flows=series.flows(record, axis, plan),
        bills=bills(community, record.all(DaySettled)),
        money=money_of(community),
    )
