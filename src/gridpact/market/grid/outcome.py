"""What became of every limit, and who pays what for it."""

from __future__ import annotations

from enum import IntEnum

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints, checked_add, checked_multiply, checked_sum
from gridpact.market.flexibility import exact
from gridpact.market.flexibility.offers import Offers
from gridpact.market.flexibility.selection import Reason, accounts
from gridpact.market.grid.limits import Kind, Limits, excess, limits_of
from gridpact.market.grid.redispatch import Redispatched, Round


class Fate(IntEnum):
    """What became of a limit in a slot."""

    KEPT = 0
    """Kept without redispatch and with it."""
    RELIEVED = 1
    """Beyond without redispatch, kept with it."""
    OVERRUN = 2
    """Beyond in the end."""
    UNSOLVED = 3
    """The slot has no AC power flow."""


_WHY = {
    Reason.MET: "linearly it is kept; the rounds ended before the AC power flow agreed",
    Reason.SCARCE: "all offers together do not suffice",
    Reason.DEAR: "the offers left over cost more than relief is worth",
    Reason.BOUND: "the offers left over are indivisible or would harm another limit",
}
NO_OFFER = "no offer reaches it"


class Unkept(msgspec.Struct, frozen=True):
    """Why a limit is not kept in a slot.

    ``beyond`` is in VA or millionths of the rated voltage; ``lacking_w`` is the relief that is
    missing, in W at the place where a W does most. ``exhausted`` and ``left`` are the sequences of
    the offers that help, bought in full and not. ``last_micro_per_kw`` is what the last W of
    relief cost (the dual of the selection) and ``would_cost_nano`` what is missing at that price;
    both valuations, None where no relief was had. ``worse`` tells that it is further beyond
    than without redispatch.
    """

    kind: Kind
    element: str
    slot: int
    beyond: int
    worse: bool
    why: str
    lacking_w: int = 0
    exhausted: tuple[int, ...] = ()
    left: tuple[int, ...] = ()
    last_micro_per_kw: float | None = None
    would_cost_nano: float | None = None


class LimitReport(msgspec.Struct, frozen=True):
    """Every limit in every slot: how far beyond before and after [limits, slots], and its fate.

    ``fate`` [limits, slots] is a :class:`Fate`; ``unkept`` explains each that is beyond in the
    end, and of the slots ``unsolved`` nothing is known.
    """

    limits: Limits
    before: Ints
    after: Ints
    fate: Ints
    unkept: tuple[Unkept, ...]
    unsolved: tuple[int, ...]


class Money(msgspec.Struct, frozen=True):
    """Who receives what, in whole nano-¤; all of it sums to zero.

    ``providers_nano`` [providers] is paid for flexibility. What is called changes what the grid
    takes from outside: ``outside_nano`` [slots] is what the supplier outside receives for it,
    negative where it takes less. ``operator_nano`` is what the grid operator receives, in general
    less than 0. Changes of losses are not in it: they are the operator's in its loss account.
    """

    providers_nano: Ints
    outside_nano: Ints
    operator_nano: int


def report(found: Redispatched, offers: Offers) -> LimitReport:
    """Tell of every limit what became of it, and of those not kept why."""
    network = found.state.network
    limits = limits_of(network)
    before, after = (excess(limits, each) for each in (found.before, found.after))
    fate = np.select([after > 0, before > 0], [Fate.OVERRUN, Fate.RELIEVED], Fate.KEPT)
    fate[:, ~found.after.solved] = Fate.UNSOLVED
    names = (network.branches, network.nodes, network.nodes)
    unkept = []
    for limit, slot in np.argwhere(fate == Fate.OVERRUN).tolist():
        kind = Kind(int(limits.kind[limit]))
        plain = Unkept(
            kind,
            names[kind][int(limits.element[limit])],
            slot,
            int(after[limit, slot]),
            bool(after[limit, slot] > before[limit, slot]),
            NO_OFFER,
        )
        unkept.append(_explained(plain, found.last, offers, limit))
    lost = tuple(np.flatnonzero(~found.after.solved).tolist())
    return LimitReport(limits, before, after, fate.astype(np.int64), tuple(unkept), lost)


def lines(told: LimitReport) -> list[str]:
    """Write why limits are not kept, one line each, money in ¤."""
    found = [f"slot {slot}: the AC power flow has no solution" for slot in told.unsolved]
    for each in told.unkept:
        what = "VA over its limit" if each.kind == Kind.CURRENT else "ppm outside its voltage band"
        text = f"{each.element}, slot {each.slot}: {each.beyond:,} {what}; {each.why}"
        for word, offers in (("bought in full", each.exhausted), ("left over", each.left)):
            if offers:
                text += f"; {word}: {', '.join(map(str, offers))}"
        if each.lacking_w:
            text += f"; {each.lacking_w:,} W of relief are missing"
        if each.lacking_w and each.would_cost_nano is not None:
            text += f", {each.would_cost_nano / 1e9:.4f} ¤ at the price of the last W"
        found.append(text + ("; worse than without redispatch" if each.worse else ""))
    return found


def settle(
    found: Redispatched, offers: Offers, providers: int, outside_micro_per_kwh: Ints
) -> Money:
    """Pay for what was bought.

    ``outside_micro_per_kwh`` [slots] is the price of energy at the slack: the operator sells there
    what is fed in more and buys what is fed in less. Raises
    :class:`~gridpact.base.errors.NumberOverflow`.
    """
    paid = np.zeros(providers, np.int64)
    slots = found.power_w.shape[1]
    more = np.zeros(slots, np.int64)
    if found.last is not None and found.power_w.any():
        last, own = found.last, offers.take(found.last.rows)
        books = accounts(own, last.asked.requests, last.asked.tender, last.selection, 1)
        paid = books.received_by(own, providers)
        more = checked_sum(checked_multiply(own.direction[:, None], books.energy_wh), axis=0)
    outside = checked_multiply(-more, outside_micro_per_kwh)
    return Money(paid, outside, -int(checked_add(checked_sum(paid), checked_sum(outside))))


def _explained(plain: Unkept, last: Round | None, offers: Offers, limit: int) -> Unkept:
    """Add what the last selection knows of a limit that is beyond."""
    if last is None:
        return plain
    asked, chosen = last.asked, last.selection
    at = np.flatnonzero((asked.limit == limit) & (asked.requests.slot == plain.slot))
    if not at.size:
        return plain
    own, row = offers.take(last.rows), int(at[0])
    helps = own.direction * asked.tender.sensitivity_ppm[row, own.location] > 0
    helps &= (own.first_slot <= plain.slot) & (plain.slot < own.first_slot + own.duration_slots)
    if not helps.any():
        return plain
    full = chosen.power_w[:, plain.slot] == own.power_w
    lacking, price = int(chosen.unmet.lacking_w[row]), _last_price(last, own, row)
    return msgspec.structs.replace(
        plain,
        why=_WHY[Reason(int(chosen.unmet.reason[row]))],
        lacking_w=lacking,
        exhausted=_sequences(own, helps & full),
        left=_sequences(own, helps & ~full),
        last_micro_per_kw=price,
        would_cost_nano=None if price is None else price * lacking,
    )


def _sequences(offers: Offers, chosen: Bools) -> tuple[int, ...]:
    return tuple(sorted(offers.sequence[chosen].tolist()))


def _last_price(last: Round, own: Offers, row: int) -> float | None:
    """What the last W of a request's relief cost, as the selection in fractions values it."""
    requests, unmet = last.asked.requests, last.selection.unmet
    reached = requests.need_w - unmet.lacking_w
    if reached[row] < 1:
        return None
    less = reached.copy()
    less[row] -= 1
    costs = [
        exact.least_cost_nano(
            own, msgspec.structs.replace(requests, need_w=need), last.asked.tender
        )
        for need in (reached, less)
    ]
    return max(0.0, costs[0] - costs[1])
