"""Why an order is refused, and what to do about it, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from gridpact.market.clearing.mechanisms import MECHANISMS
from gridpact.market.clearing.preferences.clearing import LARGEST_SLOT
from gridpact.market.gates import find_session
from gridpact.market.messages import Session
from gridpact.market.orders import PlacedOrder, Refusal, Side
from gridpact.market.session_words import When, clock, why_closed
from gridpact.market.terms import Terms, Venue
from gridpact.registry.model import Community


def explain(
    refusal: Refusal,
    order: PlacedOrder,
    session: str,
    community: Community,
    when: When | None = None,
) -> str:
    """Say what is wrong with an order that a session refuses, and how to put it right."""
    return _TEXTS[refusal](_Context(order, session, Venue(community), when or When()))


def explain_cancel(
    refusal: Refusal, key: str, session: str, community: Community, when: When | None = None
) -> str:
    """Say why an order could not be taken back."""
    texts = {
        Refusal.GATE_CLOSED: why_closed(session, community, when or When(), None),
        Refusal.UNKNOWN_ORDER: f"{session} has no order under the key {key!r}; list your orders"
        " and name one of them",
        Refusal.ALREADY_TRADED: f"all of the order {key!r} has traded, and trades stand",
        Refusal.VALIDITY: f"the order {key!r} has expired; nothing of it can trade any more",
    }
    return texts[refusal]


@dataclass(frozen=True)
class _Context:
    """An order beside the rules of the session it is for."""

    order: PlacedOrder
    name: str
    venue: Venue
    when: When

    @cached_property
    def session(self) -> Session | None:
        community = self.venue.community
        return find_session(community.market, community.calendar, self.name)

    @cached_property
    def terms(self) -> Terms:
        return self.venue.terms(self.session.kind if self.session else "intraday")

    @property
    def row(self) -> int | None:
        return self.venue.rows.get(self.order.participant)

    @property
    def zone(self) -> str:
        community = self.venue.community
        if self.row is None:
            return "none"
        return community.zones.ids[int(community.members.zone[self.row])]

    def price(self, micro_per_kwh: int) -> str:
        return f"{micro_per_kwh / 1_000_000:g} {self.venue.community.currency}/kWh"

    def clock(self, instant: int) -> str:
        return clock(instant, self.venue.community)


def _unknown_slot(at: _Context) -> str:
    if at.session is None:
        return "the session does not trade the order's slots"
    window = at.session.window
    return (
        f"{at.name} trades slots of {window.step // 60} min that begin from"
        f" {at.clock(window.start)} to {at.clock(window.end - window.step)}; the order asks for"
        f" {at.order.slots} from {at.clock(at.order.slot_start)}: choose slots among them"
    )


def _not_authorised(at: _Context) -> str:
    if at.row is None:
        return f"{at.order.participant!r} is no member of the community; order as one of them"
    return f"{at.order.participant} is not admitted to the market; ask its operator"


def _price_limit(at: _Context) -> str:
    low, high = at.terms.lowest_micro_per_kwh, at.terms.highest_micro_per_kwh
    return (
        f"a limit of {at.price(at.order.limit_micro_per_kwh)} is outside {at.price(low)} to"
        f" {at.price(high)}; choose one within"
    )


def _volume_limit(at: _Context) -> str:
    trading, buys = at.venue.trading, at.order.side == Side.BUY
    limits = trading.buy_limit_wh if buys else trading.sell_limit_wh
    most = "little" if at.row is None else f"{limits[at.row]:,} Wh"
    return (
        f"{at.order.participant} may have {most} per slot on order to"
        f" {'buy' if buys else 'sell'}, all open sessions together; order less, or cancel another"
        " order"
    )


def _collateral(at: _Context) -> str:
    held = at.venue.trading.collateral_nano
    amount = 0 if at.row is None else int(held[at.row])
    return (
        f"with this order {at.order.participant} could come to owe more than its collateral of"
        f" {amount / 1_000_000_000:g} {at.venue.community.currency}, with what is on order and not"
        " yet settled; order less or at a lower limit, or add collateral"
    )


def _unknown_location(at: _Context) -> str:
    return (
        f"an order stands in the zone of its owner's meter, which is {at.zone}, not"
        f" {at.order.location!r}; leave the zone out"
    )


def _unknown_partner(at: _Context) -> str:
    if at.order.partner == at.order.participant:
        return "a member cannot prefer its own energy; name another member as partner"
    return f"the partner {at.order.partner!r} is no member; name one of the members"


def _validity(at: _Context) -> str:
    return (
        f"the order was valid until {at.clock(at.order.valid_until)}, which is over; let it be"
        " valid until later, or leave that out"
    )


def _block(at: _Context) -> str:
    order = at.order
    if not at.terms.blocks:
        return (
            f"{at.terms.rules.mechanism} takes no orders over several slots, in parts or linked"
            f" ones; order each slot for itself, or in a market with {_takers('blocks')}"
        )
    if order.slots < 1 or not 0 <= order.minimum_ppm <= 1_000_000:
        return "a block has one slot or more and a least share within 0 and 100 %"
    return f"{order.parent!r} is no open block of {order.participant} in {at.name}; place it first"


def _attribute(at: _Context) -> str:
    if not at.terms.preferences:
        return (
            f"{at.terms.rules.mechanism} looks at price alone; leave source, partner and nearness"
            f" out, or order in a market with {_takers('preferences')}"
        )
    most = at.terms.highest_micro_per_kwh - at.terms.lowest_micro_per_kwh
    return f"what is paid on top must be within {at.price(0)} and {at.price(most)}"


def _takers(capability: str) -> str:
    return ", ".join(name for name, one in MECHANISMS.items() if capability in one.capabilities)


def _rating(at: _Context) -> str:
    lowest = at.terms.rules.lowest_rating_ppm
    return (
        f"the market asks for a rating of {lowest / 10_000:g} % or more, and"
        f" {at.order.participant} has less; deliver what was traded and the rating rises"
    )


def _book_full(at: _Context) -> str:
    if at.terms.preferences:
        return (
            f"{at.terms.rules.mechanism} takes at most {LARGEST_SLOT} orders for a slot and has"
            " them; choose another slot or session"
        )
    return "the book has as much energy as can be cleared together with blocks; order less"


_TEXTS: dict[Refusal, Callable[[_Context], str]] = {
    Refusal.GATE_CLOSED: lambda at: why_closed(
        at.name, at.venue.community, at.when, at.order.slot_start
    ),
    Refusal.UNKNOWN_SLOT: _unknown_slot,
    Refusal.NOT_AUTHORISED: _not_authorised,
    Refusal.QUANTITY: lambda at: (
        f"{at.order.quantity_wh:,} Wh is no quantity that can be ordered in a slot; order 1 to"
        f" {at.terms.largest_order_wh:,} Wh"
    ),
    Refusal.PRICE_LIMIT: _price_limit,
    Refusal.VOLUME_LIMIT: _volume_limit,
    Refusal.DUPLICATE: lambda at: (
        f"{at.order.participant} has used the key {at.order.key!r} for another order, or for one"
        " in another open session; use a key of its own for each order"
    ),
    Refusal.SUSPENDED: lambda at: (
        f"{at.order.participant} is suspended by the authority; ask it to be let in again"
    ),
    Refusal.COLLATERAL: _collateral,
    Refusal.UNKNOWN_LOCATION: _unknown_location,
    Refusal.UNKNOWN_PARTNER: _unknown_partner,
    Refusal.VALIDITY: _validity,
    Refusal.BLOCK: _block,
    Refusal.ATTRIBUTE: _attribute,
    Refusal.RATING: _rating,
    Refusal.BOOK_FULL: _book_full,
}
