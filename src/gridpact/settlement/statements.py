"""Statements: the cash flows of a day's contracts, summed exactly and rounded once per line."""

from __future__ import annotations

import numpy as np

from gridpact.base.errors import NumberOverflow
from gridpact.base.rounding import RULES
from gridpact.base.units import INT64_MAX, Ints, checked_add, checked_multiply, checked_sum
from gridpact.contracts.cashflows import cashflows
from gridpact.registry.model import Community
from gridpact.settlement.clause import MEMBER, Clause
from gridpact.settlement.clauses import clauses
from gridpact.settlement.day import Energy, Facts, energy
from gridpact.settlement.messages import DaySettled, LineKind

LINES = {
    ("spot", True): ("bought", "trade:bought"),
    ("spot", False): ("sold", "trade:sold"),
    ("grid", True): ("grid", "trade:bought"),
    ("buyer-fee", True): ("buyer-fee", "trade:bought"),
    ("seller-fee", True): ("seller-fee", "trade:sold"),
    ("sharing", True): ("taken", "shared:in"),
    ("sharing", False): ("given", "shared:out"),
    ("supply", True): ("import", "supplier:in"),
    ("feed-in", False): ("export", "supplier:out"),
    ("network", True): ("outside", "network:outside"),
    ("network-local", True): ("local", "network:local"),
    ("levy", True): ("levy", "metered:withdrawal"),
    ("imbalance", False): ("deviation", "imbalance:deviation"),
}
"""Line name and energy series by kind of cash flow and whether the member is its payer."""


def _lines(clause: Clause, facts: Facts) -> list[tuple[LineKind, Ints, Ints]]:
    """Read one contract: per line its kind, exact amounts and energy, shape [members]."""
    found, members = [], len(facts.metered.withdrawal_wh)
    flows = cashflows(clause.contract, clause.world, facts.metered.slots)
    for (payer, payee, _, kind), amount in flows.items():
        name, series = LINES[kind, payer == MEMBER]
        values = next(v for key, v in clause.world.items() if key.split("@")[0] == series)
        line = LineKind(clause.name, name, payer, payee)
        exact, energy_wh = (clause.by_member(each, members) for each in (amount, values))
        found.append((line, exact, energy_wh))
    return found


def _supplier_only(facts: Facts, spent: Energy, community: Community) -> Ints:
    """What each member would pay [nano] with the supplier alone and the same readings."""
    tariffs = community.tariffs
    fees = tariffs.network_micro_per_kwh + tariffs.levy_micro_per_kwh
    paid = checked_multiply(facts.metered.withdrawal_wh, spent.prices.supplier_import + fees)
    earned = checked_multiply(facts.metered.injection_wh, spent.prices.supplier_export)
    return checked_sum(checked_add(paid, -earned), axis=-1)


def _passed_on(
    community: Community, lines: list[tuple[LineKind, Ints, Ints]]
) -> tuple[LineKind, Ints]:
    """The operator's own line: what members' imbalance costs or earns with the supplier."""
    nano = sum(
        (checked_sum(amount) for kind, amount, _ in lines if kind.contract == "imbalance"),
        start=np.asarray(0, dtype=np.int64),
    )
    parties = community.parties
    kind = LineKind("imbalance", "passed-on", parties.supplier, parties.operator)
    return kind, np.reshape(nano, 1)


def settle(community: Community, facts: Facts) -> DaySettled:
    """Write the statements of a day.

    Every line is summed over the day in nano-¤ without rounding, then rounded once to minor units
    by the community's rule. Payer and payee carry the same rounded amount, so what is paid is
    received to the last unit.
    """
    spent = energy(community, facts)
    lines = [line for clause in clauses(community, facts, spent) for line in _lines(clause, facts)]
    rule, unit = RULES[community.settlement.rounding], community.settlement.minor_nano
    nano = np.stack([amount for _, amount, _ in lines])
    operator_kind, operator_nano = _passed_on(community, lines)
    return DaySettled(
        day=facts.metered.day,
        slots=facts.metered.slots,
        kinds=tuple(kind for kind, _, _ in lines),
        nano=nano,
        minor=rule(nano, unit),
        energy_wh=np.stack([wh for _, _, wh in lines]),
        operator_kinds=(operator_kind,),
        operator_nano=operator_nano,
        operator_minor=rule(operator_nano, unit),
        bought_wh=spent.bought_wh,
        sold_wh=spent.sold_wh,
        shared_in_wh=spent.shared.in_wh,
        shared_out_wh=spent.shared.out_wh,
        supplier_in_wh=spent.residual.supplier_in_wh,
        supplier_out_wh=spent.residual.supplier_out_wh,
        shared_price_micro_per_kwh=spent.shared_price,
        import_price_micro_per_kwh=spent.prices.supplier_import,
        export_price_micro_per_kwh=spent.prices.supplier_export,
        supplier_only_nano=_supplier_only(facts, spent, community),
    )


def net_positions(community: Community, day: DaySettled) -> dict[str, int]:
    """Net amount of every participant [minor units]; positive is paid. Sums to zero."""
    net: dict[str, int] = dict.fromkeys(community.members.ids, 0)
    members = received_minor(day)
    for name, amount in zip(community.members.ids, members.tolist(), strict=True):
        net[name] += amount
    for kind, row in zip(day.kinds, day.minor, strict=True):
        other, sign = (kind.payee, 1) if kind.payer == MEMBER else (kind.payer, -1)
        net[other] = net.get(other, 0) + sign * int(checked_sum(row))
    for kind, amount in zip(day.operator_kinds, day.operator_minor.tolist(), strict=True):
        net[kind.payer] = net.get(kind.payer, 0) - amount
        net[kind.payee] = net.get(kind.payee, 0) + amount
    if any(abs(amount) > INT64_MAX for amount in net.values()):
        raise NumberOverflow("a net position does not fit 64 bits")
    return net


def received_minor(day: DaySettled) -> Ints:
    """What each member receives in sum [minor units], shape [members]; negative where it pays."""
    sign = [-1 if kind.payer == MEMBER else 1 for kind in day.kinds]
    return checked_sum(day.minor * np.array(sign, dtype=np.int64)[:, None], axis=0)
