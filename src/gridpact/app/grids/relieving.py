"""What an AC power flow makes of a cleared market, what is bought to relieve it, and who pays."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.app.grids.clearing import Cleared
from gridpact.base.errors import BadInput, Fault, NumberOverflow
from gridpact.base.slots import iso
from gridpact.base.units import Ints
from gridpact.market.grid.limits import Kind
from gridpact.market.grid.outcome import Fate, LimitReport, Money, Unkept, report, settle
from gridpact.market.grid.redispatch import Redispatched, Terms, redispatch
from gridpact.market.grid.verification import PowerFlow, State, Verification, watts

OPERATOR, OUTSIDE = "the grid operator", "energy from outside"
"""Parties of the account beside providers, whose names have no spaces."""


class Relieved(NamedTuple):
    """An AC power flow with what was bought after it; ``money`` sums to zero."""

    cleared: Cleared
    found: Redispatched
    limits: LimitReport
    money: Money

    @property
    def is_kept(self) -> bool:
        """Whether every limit is kept in every slot in the end."""
        return not self.limits.unkept and not self.limits.unsolved


class LimitResult(msgspec.Struct, frozen=True):
    """A limit that the cleared market does not keep by itself, in one slot.

    ``bound``, ``before`` and ``after`` redispatch are VA of a branch, or millionths of a node's
    rated voltage. Where it is overrun in the end, ``why`` and what follows explain it:
    ``exhausted`` and ``left`` are offers by name, ``lacking_w`` is the relief that is missing and
    ``would_cost_nano`` its cost at the price of the last W (a valuation, None without any).
    """

    kind: str
    element: str
    slot_start: int
    bound: int
    before: int
    after: int
    fate: str
    why: str = ""
    worse: bool = False
    exhausted: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    lacking_w: int = 0
    would_cost_nano: float | None = None


class Called(msgspec.Struct, frozen=True):
    """Flexibility that is called in one slot; ``power_w`` is up where above 0, down below it."""

    provider: str
    line: int
    node: str
    slot_start: int
    power_w: int


class Account(msgspec.Struct, frozen=True):
    """What a party receives for redispatch, below 0 what it pays; all of them sum to zero."""

    party: str
    receives_nano: int


def relieve(
    cleared: Cleared, power_flow: PowerFlow, terms: Terms, outside_micro_per_kwh: int | None
) -> Relieved:
    """Verify a cleared market by AC power flow and buy what was offered for limits not kept.

    What is traded has unity power factor, the baseline its own. What is called changes what the
    grid takes from outside; it is priced at ``outside_micro_per_kwh``, else at the price of the
    slack. Raises BadInput where neither is there.
    """
    offered, window = cleared.files.offered, cleared.window
    found = redispatch(_state(cleared), power_flow, offered.offers, window, terms)
    price = _outside(cleared, found, outside_micro_per_kwh)
    try:
        money = settle(found, offered.offers, len(offered.providers), price)
    except NumberOverflow as error:
        fix = "name a price nearer to zero"
        raise BadInput([Fault("arguments", 0, "--outside", str(error), fix)]) from error
    return Relieved(cleared, found, report(found, offered.offers), money)


def limit_results(relieved: Relieved) -> list[LimitResult]:
    """List the limits that the cleared market alone does not keep, or redispatch overran."""
    told = relieved.limits
    why = {(each.kind, each.element, each.slot): each for each in told.unkept}
    rows = np.argwhere(np.isin(told.fate.T, (Fate.RELIEVED, Fate.OVERRUN)))
    return [_limit(relieved, limit, slot, why) for slot, limit in rows.tolist()]


def called(relieved: Relieved) -> list[Called]:
    """List what is called, slot by slot."""
    offered = relieved.cleared.files.offered
    offers, window = offered.offers, relieved.cleared.window
    nodes = relieved.cleared.grid.network.nodes
    return [
        Called(
            offered.providers[int(offers.provider[offer])],
            int(offers.sequence[offer]),
            nodes[int(offers.location[offer])],
            window.start + slot * window.step,
            int(offers.direction[offer] * relieved.found.power_w[offer, slot]),
        )
        for slot, offer in np.argwhere(relieved.found.power_w.T > 0).tolist()
    ]


def accounts(relieved: Relieved) -> list[Account]:
    """Tell what everybody receives; the sum is zero."""
    providers = relieved.cleared.files.offered.providers
    paid = relieved.money.providers_nano.tolist()
    return [
        *(Account(name, nano) for name, nano in zip(providers, paid, strict=True) if nano),
        Account(OUTSIDE, sum(relieved.money.outside_nano.tolist())),
        Account(OPERATOR, relieved.money.operator_nano),
    ]


def _state(cleared: Cleared) -> State:
    """What nodes feed in: trade and baseline."""
    base, nodal = cleared.files.baseline, cleared.nodal
    energy = nodal.sold_wh - nodal.bought_wh + base.energy_wh
    active = watts(energy, cleared.window.step)
    return State(cleared.grid.network, active, base.reactive_var, cleared.grid.band)


def _outside(cleared: Cleared, found: Redispatched, said: int | None) -> Ints:
    """Price of energy at the slack [slots]; 0 where nothing is called and none is known."""
    slots = cleared.window.count
    if said is not None:
        return np.full(slots, said, np.int64)
    slack, nodal = cleared.grid.network.slack, cleared.nodal
    priced = nodal.priced[slack]
    lacking = np.flatnonzero(~priced & found.power_w.any(axis=0))
    if lacking.size:
        at = iso(cleared.window.start + int(lacking[0]) * cleared.window.step)
        problem = f"the market has no price at the slack in {at}, and flexibility is called there"
        fix = "say what energy from outside costs: --outside '12 ct/kWh'"
        raise BadInput([Fault("arguments", 0, "--outside", problem, fix)])
    return np.where(priced, nodal.price_micro_per_kwh[slack], 0)


def _limit(
    relieved: Relieved, limit: int, slot: int, why: dict[tuple[Kind, str, int], Unkept]
) -> LimitResult:
    told, state, window = relieved.limits, relieved.found.state, relieved.cleared.window
    kind, row = Kind(int(told.limits.kind[limit])), int(told.limits.element[limit])
    network = state.network
    name = (network.branches if kind is Kind.CURRENT else network.nodes)[row]
    low, high = state.band.low_ppm, state.band.high_ppm
    bound = (int(network.limit_w[row]) if kind is Kind.CURRENT else low, low, high)[kind]
    plain = LimitResult(
        kind.name.lower().replace("_", " "),
        name,
        window.start + slot * window.step,
        bound,
        _value(relieved.found.before, kind, row, slot),
        _value(relieved.found.after, kind, row, slot),
        Fate(int(told.fate[limit, slot])).name.lower(),
    )
    unkept = why.get((kind, name, slot))
    return plain if unkept is None else _explained(plain, unkept, relieved)


def _value(found: Verification, kind: Kind, row: int, slot: int) -> int:
    column = found.apparent_va if kind is Kind.CURRENT else found.voltage_ppm
    return int(column[row, slot])


def _explained(plain: LimitResult, unkept: Unkept, relieved: Relieved) -> LimitResult:
    offered = relieved.cleared.files.offered
    exhausted, left = (
        tuple(offered.name(each) for each in some) for some in (unkept.exhausted, unkept.left)
    )
    return msgspec.structs.replace(
        plain,
        why=unkept.why,
        worse=unkept.worse,
        exhausted=exhausted,
        left=left,
        lacking_w=unkept.lacking_w,
        would_cost_nano=unkept.would_cost_nano,
    )
