"""A plain model of the market's room, which keeps every order by itself and trades Wh by Wh."""

import pytest


class Known:
    """One order in one session, as the model has it."""

    def __init__(self, at, who, key, content, left, number):
        self.at, self.who, self.key, self.content = at, who, key, content
        self.side, self.slot, self.limit, self.until = (
            content[name] for name in ("side", "slot", "limit", "until")
        )
        self.left, self.traded, self.cancelled, self.number = left, 0, None, number

    def alive(self, now):
        return self.left > 0 and self.cancelled is None and not self.over(now)

    def over(self, now):
        return self.until != 0 and self.until <= now


class Model:
    """What should happen.

    ``first_slot`` are the positions in the day at which sessions begin, ``buy_limit`` what the
    first member may have on order to buy [Wh per slot].
    """

    first_slot, buy_limit = (0, 26, 50), 30

    def __init__(self, continuous, gates, clear):
        self.continuous, self.gates, self.clear = continuous, gates, clear
        self.open, self.done = set(), set()
        self.orders, self.waiting, self.suspended, self.taken = [], [], set(), {}
        self.number = 0

    # -- what is asked ---------------------------------------------------------------------

    def find(self, at, who, key):
        return next((o for o in self.orders if (o.at, o.who, o.key) == (at, who, key)), None)

    def waits(self, who, key):
        return next((o for o in self.waiting if (o.who, o.key) == (who, key)), None)

    def on_order(self, who, side, slot, now):
        """Energy of orders that wait, and of open sessions, where what has traded counts too."""
        ordered = [(o, o.traded) for o in self.orders if o.at in self.open]
        ordered += [(o, 0) for o in self.waiting]
        return sum(
            traded + (order.left if order.alive(now) else 0)
            for order, traded in ordered
            if (order.who, order.side, order.slot) == (who, side, slot)
        )

    def reasons(self, at, who, key, content, now):
        found = set()
        trades = self.first_slot[at] <= content["slot"] < 96
        fair = 0 < content["wh"] <= 10**9, -500_000 <= content["limit"] <= 4_000_000
        found |= {"gate_closed"} if at not in self.open else set()
        found |= {"unknown_slot"} if not trades else set()
        found |= {"not_authorised"} if who == "m009" else set()
        found |= {"quantity"} if not fair[0] else set()
        found |= {"price_limit"} if not fair[1] else set()
        found |= {"suspended"} if who in self.suspended else set()
        found |= {"validity"} if content["until"] and content["until"] <= now else set()
        used = {(o.who, o.key) for o in self.orders if o.at in self.open}
        used |= {(o.who, o.key) for o in self.waiting}
        used |= {name for session in self.open for name in self.taken.get(session, {})}
        found |= {"duplicate"} if (who, key) in used else set()
        if all(fair) and trades and who == "m000" and content["side"] > 0:
            total = self.on_order(who, 1, content["slot"], now) + content["wh"]
            found |= {"volume_limit"} if total > self.buy_limit else set()
        return found

    # -- what happens ----------------------------------------------------------------------

    def enter(self, at, who, key, content, left, now):
        order = Known(at, who, key, content, left, self.number)
        self.number += 1
        self.orders.append(order)
        if self.continuous:
            self.meet(order, now)
        return order

    def meet(self, order, now):
        """Trade Wh by Wh with the best that rests, the first to come first."""
        while order.left:
            rests = [
                each
                for each in self.orders
                if each is not order
                and each.alive(now)
                and (each.at, each.slot, each.side) == (order.at, order.slot, -order.side)
                and order.side * (order.limit - each.limit) >= 0
            ]
            if not rests:
                return
            best = min(rests, key=lambda each: (order.side * each.limit, each.number))
            if best.who == order.who:
                order.cancelled, order.left = order.left, 0
                return
            for each in (order, best):
                each.left, each.traded = each.left - 1, each.traded + 1

    def cancel(self, at, who, key, now):
        """Return what is taken back, or the reason against it."""
        if (waits := self.waits(who, key)) is not None:
            if waits.over(now):
                return "validity"
            waits.cancelled = waits.left if waits.cancelled is None else waits.cancelled
            return waits.cancelled
        if at not in self.open:
            return "gate_closed"
        if (who, key) in self.taken.get(at, {}):
            return self.taken[at][who, key]
        return self.cancel_in(at, who, key, now)

    def cancel_in(self, at, who, key, now):
        """The same for an order of an open session."""
        order = self.find(at, who, key)
        if order is None:
            return "unknown_order"
        if order.cancelled is not None:
            return order.cancelled
        if order.over(now):
            return "validity"
        if not order.left:
            return "already_traded"
        order.cancelled, order.left = order.left, 0
        return order.cancelled

    def withdraw(self, who, now):
        gone = {}
        for order in self.orders:
            if order.at in self.open and order.who == who and order.alive(now):
                if order.key is not None:
                    gone[order.at, order.key] = order.left
                order.cancelled, order.left = order.left, 0
        for each in self.waiting:
            if each.who == who and each.cancelled is None:
                gone[each.at, each.key] = each.left
        self.waiting = [each for each in self.waiting if each.who != who]
        return gone

    def close(self, at):
        """Clear a session; return Wh per slot, then move on what is left."""
        gate = self.gates[at]
        book = [o for o in self.orders if o.at == at]
        if not self.continuous:
            for slot in {o.slot for o in book}:
                here = [o for o in book if o.slot == slot and o.alive(gate)]
                rows = [(0, o.side, o.left, o.limit) for o in here]
                for order, wh in zip(here, self.clear(rows)[2], strict=True):
                    order.traded, order.left = wh, order.left - wh
        self.open.discard(at)
        self.done.add(at)
        for order in book:
            following = [s for s in range(at + 1, 3) if self.first_slot[s] <= order.slot]
            if order.key is None or not order.alive(gate) or order.until <= gate or not following:
                continue
            if following[0] in self.open:
                self.enter(following[0], order.who, order.key, order.content, order.left, gate)
            else:
                waits = Known(following[0], order.who, order.key, order.content, order.left, -1)
                self.waiting.append(waits)
        return book

    def opened(self, at, now):
        self.open.add(at)
        here = [each for each in self.waiting if each.at == at]
        self.waiting = [each for each in self.waiting if each.at != at]
        for each in here:
            if each.cancelled is not None:
                self.taken.setdefault(at, {})[each.who, each.key] = each.cancelled
            elif not each.over(now):
                self.enter(at, each.who, each.key, each.content, each.left, now)


@pytest.fixture(scope="session")
def plain_model():
    return Model
