"""The rules of continuous books written down a second time: one list, searched for every trade."""

import msgspec
import numpy as np
import pytest
from hypothesis import strategies as st

from gridpact.market.clearing.continuous.events import NEVER, Books, Event, Kind, Outcome

CLOSES = (60, 200, NEVER)
MEMBERS = 4  # of these the last is not authorised


class Plain:
    """All orders ever placed in one list of dicts, in the order in which they last queued up."""

    def __init__(self, books):
        self.books, self.orders, self.clock = books, [], -(2**63)

    def apply(self, event):
        """Return outcome, trades (maker, taker, Wh, price), and Wh traded, cancelled and left."""
        known = next((o for o in self.orders if o["placed"].order == event.order), None)
        outcome = self.refusal(event, known)
        if outcome not in (Outcome.KIND, Outcome.TIME):
            self.clock = event.at
        if outcome:
            return outcome, [], 0, 0, 0
        if event.kind == Kind.CANCEL:
            gone, known["left"] = known["left"], 0
            return Outcome.DONE, [], 0, gone, 0
        if event.kind == Kind.AMEND:
            return self.amend(event, known)
        order = {"placed": event, "limit": event.limit_micro_per_kwh, "expires": event.expires}
        order |= {"left": event.quantity_wh, "traded": 0}
        return self.come_in(event, order, 0)

    def refusal(self, event, known):
        placing = event.kind in (Kind.PLACE, Kind.IMMEDIATE)
        if event.kind not in list(Kind):
            return Outcome.KIND
        if event.at < self.clock:
            return Outcome.TIME
        if placing and known:
            names = set(Event.__struct_fields__) - {"at"}
            same = all(getattr(event, name) == getattr(known["placed"], name) for name in names)
            return Outcome.REPEATED if same else Outcome.DUPLICATE
        if event.book not in range(len(self.books.closes)):
            return Outcome.UNKNOWN_BOOK
        if event.at >= self.books.closes[event.book]:
            return Outcome.BOOK_CLOSED
        if event.member not in np.flatnonzero(self.books.authorised):
            return Outcome.NOT_AUTHORISED
        reasons = [] if placing else self.of_order(event, known)
        reasons += [] if event.kind == Kind.CANCEL else self.of_terms(event, known)
        return min(reasons, default=Outcome.DONE)

    def of_order(self, event, known):
        if known is None or known["placed"].book != event.book:
            return [Outcome.UNKNOWN_ORDER]
        reasons = []
        if known["placed"].member != event.member:
            reasons.append(Outcome.OTHER_MEMBER)
        if known["left"] == 0:
            reasons.append(Outcome.NOT_RESTING)
        if known["expires"] <= event.at:
            reasons.append(Outcome.ORDER_EXPIRED)
        return reasons

    def of_terms(self, event, known):
        books, reasons = self.books, []
        if event.side not in (1, -1) or (known and known["placed"].side != event.side):
            reasons.append(Outcome.SIDE)
        if event.quantity_wh <= 0 or event.quantity_wh > books.largest_wh:
            reasons.append(Outcome.QUANTITY)
        limit = event.limit_micro_per_kwh
        if limit < books.lowest_micro_per_kwh or limit > books.highest_micro_per_kwh:
            reasons.append(Outcome.PRICE_LIMIT)
        if event.kind != Kind.IMMEDIATE and event.at >= event.expires:
            reasons.append(Outcome.EXPIRY)
        if known and event.quantity_wh - known["traded"] <= 0:
            reasons.append(Outcome.ALREADY_TRADED)
        return reasons

    def amend(self, event, order):
        before, after = order["left"], event.quantity_wh - order["traded"]
        same_price = order["limit"] == event.limit_micro_per_kwh
        order |= {"left": after, "limit": event.limit_micro_per_kwh, "expires": event.expires}
        cut = max(before - after, 0)
        if same_price and after <= before:
            return Outcome.DONE, [], 0, cut, after
        self.orders.remove(order)
        return self.come_in(event, order, cut)

    def come_in(self, event, order, cut):
        """Trade with the best of the list until none can be traded with; then queue up last."""
        outcome, trades, came = Outcome.DONE, [], order["left"]
        while order["left"]:
            maker = self.best_against(event, order)
            if maker is None:
                if event.kind == Kind.IMMEDIATE:
                    outcome = Outcome.REMAINDER_CANCELLED
                break
            if maker["placed"].member == event.member:
                outcome = Outcome.SELF_TRADE
                break
            size = min(order["left"], maker["left"])
            for one in (order, maker):
                one["left"] -= size
                one["traded"] += size
            trades.append((maker["placed"].order, event.order, size, maker["limit"]))
        traded = came - order["left"]
        if outcome:
            cut, order["left"] = cut + order["left"], 0
        self.orders.append(order)
        return outcome, trades, traded, cut, order["left"]

    def best_against(self, event, order):
        others = [o for o in self.resting(event.book) if o["placed"].side == -event.side]
        if event.side > 0:
            others = [other for other in others if other["limit"] <= order["limit"]]
            return min(others, key=lambda other: other["limit"], default=None)
        others = [other for other in others if other["limit"] >= order["limit"]]
        return max(others, key=lambda other: other["limit"], default=None)

    def resting(self, book):
        """Orders of a book that may trade, oldest in the queue first."""
        if self.books.closes[book] <= self.clock:
            return []
        orders = [order for order in self.orders if order["placed"].book == book]
        return [o for o in orders if o["left"] and o["expires"] > self.clock]


@pytest.fixture(scope="session")
def plain():
    return Plain


@pytest.fixture(scope="session")
def books():
    authorised = np.arange(MEMBERS) < MEMBERS - 1
    return Books(np.array(CLOSES, dtype=np.int64), authorised, -5, 5, 40)


def mostly(usual, odd):
    """Draw one of the usual values nine times in ten."""
    return st.integers(0, 9).flatmap(lambda at: odd if at == 0 else usual)


INT64 = st.sampled_from([-(2**63), -(2**63) + 1, -1, 0, 2**63 - 1])


@st.composite
def histories(draw, most=60):
    """Events among few orders, members, prices and instants, so that all of them get mixed up."""
    numbers, at = st.integers(0, draw(st.sampled_from([5, 20, 60]))), 0
    row = st.tuples(
        mostly(st.sampled_from([1, 1, 1, 1, 2, 3, 4, 4]), st.sampled_from([0, 5, -1])),
        mostly(numbers, INT64),
        mostly(st.sampled_from([0, 0, 0, 1, 3]), st.sampled_from([-1, 50])),
        mostly(st.sampled_from([0, 2, 2, 2]), st.sampled_from([1, 3, -1])),
        mostly(st.integers(0, MEMBERS - 2), st.sampled_from([MEMBERS - 1, MEMBERS, -1])),
        mostly(st.sampled_from([1, -1]), st.sampled_from([0, 2])),
        mostly(st.integers(1, 12), st.sampled_from([0, -1, 40, 41, 2**63 - 1])),
        mostly(st.integers(-3, 3), st.integers(-6, 6) | INT64),
        mostly(st.just(NEVER), st.integers(0, 40)),
    )
    events = []
    for kind, order, step, *rest in draw(st.lists(row, max_size=most)):
        at += step
        events.append(Event(kind, order, at, *rest))
    return _naming_their_own(events, draw(st.booleans()))


def _naming_their_own(events, wanted):
    """Let cancellations and amendments name book, member and side of the order they are about."""
    placed, named = {}, []
    for event in events:
        about = placed.get(event.order)
        if event.kind in (Kind.PLACE, Kind.IMMEDIATE):
            placed.setdefault(event.order, event)
        if wanted and about and event.kind in (Kind.CANCEL, Kind.AMEND):
            own = {"book": about.book, "member": about.member, "side": about.side}
            named.append(msgspec.structs.replace(event, **own))
        else:
            named.append(event)
    return named


@pytest.fixture(scope="session")
def any_history():
    return histories()
