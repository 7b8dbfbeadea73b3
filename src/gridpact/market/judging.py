"""Judging a person's order before it is taken: all reasons against it, by pure look-ups.

An order stands in the zone of its member's metering point: naming another zone is refused, known
or not, for its energy cannot be delivered from there.
"""

from __future__ import annotations

from collections.abc import Callable

from gridpact.base.units import MICRO_PER_UNIT
from gridpact.market.book import name_of, open_blocks
from gridpact.market.case import Case
from gridpact.market.conditions import capacity_wh, places, standing
from gridpact.market.exposure import funds_nano, on_order_wh, order_may_owe_nano
from gridpact.market.orders import PlacedOrder, Refusal, Side
from gridpact.market.state import State
from gridpact.market.terms import Venue
from gridpact.registry.model import Community


def judge(
    order: PlacedOrder, session: str, state: State, community: Community, now: int
) -> tuple[Refusal, ...]:
    """Return every reason for which an order would be refused now, by rising code; none if taken.

    The same order placed again is the one that was taken first, whatever else holds by now.

    Parameters
    ----------
    order : PlacedOrder
        The order, of which nothing is known.
    session : str
        The session it is for; that it is not open is one of the reasons.
    state : State
        The market's state, which stays as it is.
    community : Community
        Whose market it is.
    now : int
        When [s since the epoch].
    """
    return reasons(Case(order, session, state, Venue(community), now))


def reasons(case: Case) -> tuple[Refusal, ...]:
    """Return every reason against an order by rising code."""
    if case.repeats:
        return ()
    return tuple(code for code in sorted(_CHECKS) if _CHECKS[code](case))


def _gate_closed(case: Case) -> bool:
    return case.name not in case.state.sessions


def _unknown_slot(case: Case) -> bool:
    return case.session is not None and case.order.slots >= 1 and case.slots is None


def _not_authorised(case: Case) -> bool:
    return case.row < 0 or not case.venue.trading.authorised[case.row]


def _quantity(case: Case) -> bool:
    return not case.fair_quantity


def _price_limit(case: Case) -> bool:
    return not case.fair_limit


def _volume_limit(case: Case) -> bool:
    buys, trading = case.order.side == Side.BUY, case.venue.trading
    if not case.sound or case.session is None:
        return False
    limit = int((trading.buy_limit_wh if buys else trading.sell_limit_wh)[case.row])
    if limit < 0:
        return False
    ordered = on_order_wh(case.venue, case.state, case.session.window, case.now)
    most = int(ordered[0 if buys else 1, case.row, case.slots].max())
    return most + case.each_wh > limit


def _duplicate(case: Case) -> bool:
    others = [book for name, book in case.state.books.items() if name != case.name]
    here = case.state.books.get(case.name)
    waiting = (name_of(each.order.participant, each.order.key) for each in case.state.waiting)
    return (
        any(case.key in book.keys for book in others)
        or (here is not None and case.key in here.keys | here.cancelled)
        or case.key in waiting
    )


def _suspended(case: Case) -> bool:
    return case.order.participant in case.state.suspended


def _collateral(case: Case) -> bool:
    if not (case.venue.secured and case.sound and case.terms):
        return False
    if case.venue.trading.collateral_nano[case.row] < 0:
        return False
    wh = case.each_wh * case.order.slots
    need = order_may_owe_nano(case.order, wh, case.venue, case.terms)
    return need > max(int(funds_nano(case.venue, case.state, case.now)[case.row]), 0)


def _unknown_location(case: Case) -> bool:
    if not case.order.location or case.row < 0:
        return case.order.location not in ("", *case.venue.community.zones.ids)
    zone = int(case.venue.community.members.zone[case.row])
    return case.order.location != case.venue.community.zones.ids[zone]


def _unknown_partner(case: Case) -> bool:
    partner = case.order.partner
    return bool(partner) and (partner not in case.venue.rows or partner == case.order.participant)


def _validity(case: Case) -> bool:
    return case.order.expired(case.now)


def _block(case: Case) -> bool:
    order = case.order
    if case.terms is None or not order.is_block:
        return False
    fair = order.slots >= 1 and 0 <= order.minimum_ppm <= MICRO_PER_UNIT
    if not (fair and case.terms.blocks):
        return True
    parent = name_of(order.participant, order.parent)
    known = case.book is not None and parent in open_blocks(case.book, case.now)
    return bool(order.parent) and not known


def _attribute(case: Case) -> bool:
    order = case.order
    premiums = (
        order.green_micro_per_kwh,
        order.partner_micro_per_kwh,
        order.near_micro_per_kwh,
    )
    says = order.green or bool(order.partner) or any(amount != -1 for amount in premiums)
    if case.terms is None or not says:
        return False
    most = case.terms.highest_micro_per_kwh - case.terms.lowest_micro_per_kwh
    return not case.terms.preferences or not all(-1 <= amount <= most for amount in premiums)


def _rating(case: Case) -> bool:
    if case.session is None or case.row < 0 or case.state.history is None:
        return False
    return not standing(case.venue, case.state, case.session.kind).rated[case.row]


def _book_full(case: Case) -> bool:
    if case.book is None or case.terms is None or not case.sound:
        return False
    if case.terms.preferences:
        return bool(places(case.book, case.terms)[case.slots].min() < 1)
    wh = case.each_wh * case.order.slots
    return wh > capacity_wh(case.book, case.terms, case.now)


_CHECKS: dict[Refusal, Callable[[Case], bool]] = {
    Refusal.GATE_CLOSED: _gate_closed,
    Refusal.UNKNOWN_SLOT: _unknown_slot,
    Refusal.NOT_AUTHORISED: _not_authorised,
    Refusal.QUANTITY: _quantity,
    Refusal.PRICE_LIMIT: _price_limit,
    Refusal.VOLUME_LIMIT: _volume_limit,
    Refusal.DUPLICATE: _duplicate,
    Refusal.SUSPENDED: _suspended,
    Refusal.COLLATERAL: _collateral,
    Refusal.UNKNOWN_LOCATION: _unknown_location,
    Refusal.UNKNOWN_PARTNER: _unknown_partner,
    Refusal.VALIDITY: _validity,
    Refusal.BLOCK: _block,
    Refusal.ATTRIBUTE: _attribute,
    Refusal.RATING: _rating,
    Refusal.BOOK_FULL: _book_full,
}
