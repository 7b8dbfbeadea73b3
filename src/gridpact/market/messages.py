"""Messages of the market: sessions, orders, prices, clearings."""

from __future__ import annotations

from typing import ClassVar

import msgspec
import numpy as np

from gridpact.base.layers import Items
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints, checked_add
from gridpact.kernel.messages import Message
from gridpact.kernel.phases import Phase
from gridpact.market.orders import Orders, PlacedOrder


class Session(msgspec.Struct, frozen=True):
    """One trading session: ``kind`` is ``day-ahead`` or ``intraday``, ``window`` what it trades.

    ``day`` is the local day of delivery (ISO), ``gate`` the closure [s since the epoch].
    ``horizon`` begins with the window and looks beyond it, for needs such as a car's departure.
    """

    id: str
    kind: str
    day: str
    gate: int
    window: Slots
    horizon: Slots


class SessionOpened(Message, frozen=True, kw_only=True, tag="session-opened"):
    """Orders may come in from now until the gate closes."""

    phase: ClassVar[Phase] = Phase.OPEN
    session: Session


class PricesRequested(Message, frozen=True, kw_only=True, tag="prices-requested"):
    """Ask the main market for its day-ahead prices of a local day."""

    answer_phase: ClassVar[Phase] = Phase.READING
    day: str
    slots: Slots


class PricesPublished(Message, frozen=True, kw_only=True, tag="prices-published"):
    """Main-market prices [µ¤/kWh] of a local day, shape [slots]."""

    phase: ClassVar[Phase] = Phase.READING
    day: str
    slots: Slots
    spot_micro_per_kwh: Ints


class PricesMissing(Message, frozen=True, kw_only=True, tag="prices-missing"):
    """The main market has no price for a local day; ``reason`` says why."""

    phase: ClassVar[Phase] = Phase.READING
    day: str
    reason: str


class OrdersPlaced(Message, frozen=True, kw_only=True, tag="orders-placed"):
    """Orders of the members' agents for one session, as columns."""

    phase: ClassVar[Phase] = Phase.PLAN
    session: str
    orders: Orders


class PlaceOrder(Message, frozen=True, kw_only=True, tag="place-order"):
    """One order of a person or program, for the open session that trades its slot."""

    phase: ClassVar[Phase] = Phase.PLAN
    session: str
    order: PlacedOrder


class OrdersRefused(Message, frozen=True, kw_only=True, tag="orders-refused"):
    """Orders that were not taken into the book, with the reason of each."""

    phase: ClassVar[Phase] = Phase.PLAN
    session: str
    keys: tuple[str, ...]
    reasons: tuple[str, ...]


class OrderAccepted(Message, frozen=True, kw_only=True, tag="order-accepted"):
    """A person's order is in the book under ``sequence``, which others are told apart by.

    ``traded_wh`` has traded at once, in a market that trades continuously.
    """

    phase: ClassVar[Phase] = Phase.PLAN
    session: str
    participant: str
    key: str
    sequence: int
    traded_wh: int = 0


class CancelOrder(Message, frozen=True, kw_only=True, tag="cancel-order"):
    """Take an order back, as far as it has not traded; answered like an order."""

    phase: ClassVar[Phase] = Phase.PLAN
    session: str
    participant: str
    key: str


class OrderCancelled(Message, frozen=True, kw_only=True, tag="order-cancelled"):
    """So much of an order was taken back; its key cannot be used again in the session.

    Its owner asked for it, or was suspended; or, in a market that trades continuously, the order
    would have met one of its own owner.
    """

    phase: ClassVar[Phase] = Phase.PLAN
    session: str
    participant: str
    key: str
    cancelled_wh: int


class GateClosed(Message, frozen=True, kw_only=True, tag="gate-closed"):
    """No more orders; the session is cleared."""

    phase: ClassVar[Phase] = Phase.GATE
    session: str


class SessionTrades(msgspec.Struct, frozen=True):
    """Trades with prices of their own, as int64 columns [trades].

    ``seller`` and ``buyer`` are rows of members, ``slot`` a position in the session's window,
    ``sell_order`` and ``buy_order`` the orders' sequences. The buyer pays ``buyer`` and the seller
    receives ``seller`` [µ¤/kWh]; the difference, a charge by distance or what a scarce line earns,
    goes to the network company.
    """

    seller: Ints
    buyer: Ints
    slot: Ints
    quantity_wh: Ints
    seller_micro_per_kwh: Ints
    buyer_micro_per_kwh: Ints
    sell_order: Ints
    buy_order: Ints

    @property
    def grid_micro_per_kwh(self) -> Ints:
        """What goes to the network company [µ¤/kWh]; negative where it pays the buyer."""
        return checked_add(self.buyer_micro_per_kwh, -self.seller_micro_per_kwh)

    @property
    def sides(self) -> Items:
        """What is bought (0) and sold (1), with the seller's price and what goes to the network."""
        grid = self.grid_micro_per_kwh
        return Items(
            np.concatenate([self.buyer, self.seller]),
            np.repeat(np.arange(2), grid.size),
            np.tile(self.slot, 2),
            np.tile(self.quantity_wh, 2),
            (np.tile(self.seller_micro_per_kwh, 2), np.concatenate([grid, np.zeros_like(grid)])),
        )


class SessionCleared(Message, frozen=True, kw_only=True, tag="session-cleared"):
    """What was traded: ``bought_wh`` and ``sold_wh`` [members, slots of the window].

    ``price_micro_per_kwh`` [slots] counts only where ``traded`` is true. ``offered_wh`` and
    ``asked_wh`` [slots] are the book's totals, ``orders`` its number of orders. Where trades have
    prices of their own they are in ``trades``, and the price of a slot is the buyers' mean,
    weighted by energy and rounded half to even. Where ``proven`` is false the search for the best
    selection of blocks was cut short, and there may be a better one.
    """

    phase: ClassVar[Phase] = Phase.CLEARING
    session: Session
    price_micro_per_kwh: Ints
    traded: Bools
    bought_wh: Ints
    sold_wh: Ints
    offered_wh: Ints
    asked_wh: Ints
    orders: int
    trades: SessionTrades | None = None
    proven: bool = True


class SessionCounted(Message, frozen=True, kw_only=True, tag="session-counted"):
    """What a session adds to members' histories, where a market looks at these, [members].

    Orders that stood when the gate closed, those that traded in whole or part with another member,
    and transactions: trades with another member, for both. Where all trade at one price, buyers
    and sellers meet in merit order.
    """

    phase: ClassVar[Phase] = Phase.CLEARING
    session: str
    orders_placed: Ints
    orders_traded: Ints
    transactions: Ints


class BlocksDue(Message, frozen=True, kw_only=True, tag="blocks-due"):
    """Solve a session with block orders; answered by what was cleared.

    Among selections of equal worth a solver may choose, so its choice is recorded.
    """

    phase: ClassVar[Phase] = Phase.CLEARING
    answer_phase: ClassVar[Phase] = Phase.CLEARING
    session: str


class OrdersClosed(Message, frozen=True, kw_only=True, tag="orders-closed"):
    """What became of persons' orders by the close of their session, as columns [orders].

    ``traded_wh`` of the order at ``sequence`` traded, over all its slots, for ``paid_nano`` without
    the market's fees (negative where received). ``left_wh`` was open to the last; of an order that
    is valid beyond the gate it goes on to the next session that trades its slot.
    """

    phase: ClassVar[Phase] = Phase.CLEARING
    session: str
    participants: tuple[str, ...]
    keys: tuple[str, ...]
    sequence: Ints
    traded_wh: Ints
    paid_nano: Ints
    left_wh: Ints
