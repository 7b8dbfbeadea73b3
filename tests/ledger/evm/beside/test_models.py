"""Escrow and Channels beside plain models: after every step purses agree, and no money is made."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from gridpact.ledger.evm.channels import Channel, Update
from gridpact.ledger.evm.escrow import Trade, Unpaid
from gridpact.ledger.evm.typed import digest
from gridpact.ledger.evm.words import id_of

from .models import EACH, EUR, FEW, MANY, NAMES, PEOPLE, UNITS, Machine, agree_with

GO = id_of("go-1")


class EscrowMachine(Machine):
    def __init__(self):
        super().__init__()
        self.locked, self.leaving = dict.fromkeys(PEOPLE, 0), {}
        self.drawn, self.trades = {}, {}
        self.goods = {"mill": EACH, "pub": 0, "zoe": 0}
        self.chain.endow("mill", EACH, 1, GO, self.chain.goods)

    @rule(name=NAMES, units=UNITS, by=st.integers(1, 3))
    def lock(self, name, units, by):
        allowed = by == PEOPLE[name] and units <= self.purse[name]
        call = lambda: self.chain.escrow.send("lock", EUR, id_of(name), units, by=by)  # noqa: E731
        if self.does(allowed, call):
            self.purse[name] -= units
            self.locked[name] += units

    @rule(name=NAMES, units=UNITS, by=st.integers(1, 3))
    def give_notice(self, name, units, by):
        allowed = by == PEOPLE[name] and units <= self.locked[name]
        if self.does(
            allowed,
            lambda: self.chain.escrow.send("give_notice", EUR, id_of(name), units, by=by),
        ):
            self.leaving[name] = units, self.chain.now() + self.beside.NOTICE

    @rule(name=NAMES)
    def take_back(self, name):
        units, at = self.leaving.get(name, (0, 0))
        units = min(units, self.locked[name])
        allowed = units > 0 and self.chain.now() >= at
        if self.does(allowed, lambda: self.chain.escrow.send("take_back", EUR, id_of(name))):
            self.leaving[name] = 0, 0
            self.locked[name] -= units
            self.purse[name] += units

    @rule(days=st.sampled_from([1, 8]))
    def wait(self, days):
        self.chain.wait(days * 86_400)

    @rule(debtor=NAMES, creditor=NAMES, units=UNITS, signers=st.integers(2, 3))
    def draw(self, debtor, creditor, units, signers):
        before = self.drawn.get((debtor, creditor), 0)
        paid = min(units - before, self.locked[debtor])
        unpaid = Unpaid(id_of("2026-03"), EUR, id_of(debtor), id_of(creditor), units)
        signed = self.chain.signed(
            unpaid.digest(self.chain.escrow.domain()), self.chain.council[:signers]
        )
        allowed = signers == 3 and debtor != creditor and paid > 0
        if self.does(allowed, lambda: self.chain.escrow.send("draw", *unpaid, signed)):
            self.drawn[debtor, creditor] = before + paid
            self.locked[debtor] -= paid
            self.purse[creditor] += paid

    @rule(buyer=NAMES, price=UNITS, quantity=UNITS)
    def agree_on_trade(self, buyer, price, quantity):
        terms = id_of("mill"), id_of(buyer), GO, quantity, EUR, price
        trade = Trade(
            *terms, self.chain.now() + 86_400, False, len(self.trades).to_bytes(32, "big")
        )
        self.trades[trade] = buyer, set()

    @precondition(lambda self: self.trades)
    @rule(data=st.data(), part=st.sampled_from(["deliver", "pay"]))
    def hand_in(self, data, part):
        trade = data.draw(st.sampled_from(list(self.trades)))
        buyer, parts = self.trades[trade]
        name, own = ("mill", self.goods) if part == "deliver" else (buyer, self.purse)
        units = trade.quantity if part == "deliver" else trade.price
        in_time = self.chain.now() <= trade.deadline and not parts & {part, "back"}
        allowed = in_time and buyer != "mill" and own[name] >= units
        call = lambda: self.chain.escrow.send(part, trade, by=PEOPLE[name])  # noqa: E731
        if self.does(allowed, call):
            own[name] -= units
            parts.add(part)
            if parts >= {"deliver", "pay"}:
                self.goods[buyer] += trade.quantity
                self.purse["mill"] += trade.price

    @precondition(lambda self: self.trades)
    @rule(data=st.data())
    def refund(self, data):
        trade = data.draw(st.sampled_from(list(self.trades)))
        buyer, parts = self.trades[trade]
        allowed = len(parts) == 1 and "back" not in parts and self.chain.now() > trade.deadline
        if self.does(allowed, lambda: self.chain.escrow.send("refund", trade)):
            if "deliver" in parts:
                self.goods["mill"] += trade.quantity
            else:
                self.purse[buyer] += trade.price
            parts.add("back")

    @invariant()
    def same(self):
        paid = [trade.price for trade, (_, parts) in self.trades.items() if parts == {"pay"}]
        self.agree(self.chain.escrow, sum(self.locked.values()) + sum(paid))
        found = {name: self.chain.has(name, GO, self.chain.goods) for name in PEOPLE}
        assert found == self.goods


class ChannelsMachine(Machine):
    """One channel of mill and pub after the other; updates are signed by either at will."""

    def __init__(self):
        super().__init__()
        self.terms, self.stage, self.signed, self.count = None, "none", [], 0
        self.shown, self.closes = None, 0

    @precondition(lambda self: self.stage == "none")
    @rule(first=st.integers(0, 130), second=st.integers(0, 130), consent=st.booleans())
    def open(self, first, second, consent):
        keys = [self.chain.keys[each].address for each in (1, 2)]
        self.count += 1
        salt = self.count.to_bytes(32, "big")
        terms = Channel(id_of("mill"), id_of("pub"), *keys, EUR, first, second, 3_600, salt)
        separator = self.chain.channels.domain().separator
        signature = self.chain.keys[2].sign(digest(separator, terms.id))
        one = self.beside.one(signature) if consent else self.beside.NONE
        can = first <= self.purse["mill"] and second <= self.purse["pub"]
        allowed = can and first + second > 0 and (consent or not second)
        if self.does(allowed, lambda: self.chain.channels.send("open", terms.row, one, by=1)):
            self.terms, self.stage, self.signed = terms, "open", [(terms.begun(), 0)]
            self.purse["mill"] -= first
            self.purse["pub"] -= second

    @precondition(lambda self: self.stage != "none")
    @rule(part=st.fractions(0, 1, max_denominator=7), more=st.integers(0, 1), by=st.integers(1, 2))
    def sign(self, part, more, by):
        first = int(part * self.terms.total) + more
        update = Update(self.terms.id, len(self.signed), first, self.terms.total - first + more)
        self.signed.append((update, by))

    @precondition(lambda self: self.stage != "none")
    @rule(data=st.data(), by=st.integers(1, 3), function=st.sampled_from(["leave", "challenge"]))
    def show(self, data, by, function):
        update, giver = data.draw(st.sampled_from(self.signed))
        sums = update.first + update.second == self.terms.total
        of_other = by in (1, 2) and (giver == 3 - by or (not giver and function == "leave"))
        in_turn = self.stage == ("open" if function == "leave" else "leaving")
        if function == "challenge" and in_turn:
            in_turn = update.sequence > self.shown.sequence and self.chain.now() < self.closes
        separator = self.chain.channels.domain().separator
        signature = self.chain.keys[giver or 1].sign(update.digest(separator))
        arguments = self.terms.row, *update[1:], self.beside.one(signature)
        call = lambda: self.chain.channels.send(function, *arguments, by=by)  # noqa: E731
        if self.does(sums and of_other and in_turn, call):
            self.shown = update
            if self.stage == "open":
                self.stage, self.closes = "leaving", self._latest() + 3_600

    @precondition(lambda self: self.stage != "none")
    @rule()
    def finish(self):
        allowed = self.stage == "leaving" and self.chain.now() >= self.closes
        call = lambda: self.chain.channels.send("finish", self.terms.row, by=7)  # noqa: E731
        if self.does(allowed, call):
            self._end(self.shown)

    @precondition(lambda self: self.stage != "none")
    @rule(data=st.data(), both=st.booleans())
    def close(self, data, both):
        update, _ = data.draw(st.sampled_from(self.signed))
        separator = self.chain.channels.domain().separator
        made = [
            self.chain.keys[each].sign(update.closing(separator)) for each in (1, 2 if both else 1)
        ]
        signatures = [self.beside.one(each) for each in made]
        arguments = self.terms.row, update.first, update.second, signatures
        allowed = both and update.first + update.second == self.terms.total
        if self.does(allowed, lambda: self.chain.channels.send("close", *arguments, by=7)):
            self._end(update)

    @rule(seconds=st.sampled_from([600, 4_000]))
    def wait(self, seconds):
        self.chain.wait(seconds)

    @invariant()
    def same(self):
        self.agree(self.chain.channels, self.terms.total if self.stage != "none" else 0)

    def _end(self, update):
        self.purse["mill"] += update.first
        self.purse["pub"] += update.second
        self.stage = "none"

    def _latest(self):
        return self.chain.tester.get_block_by_number("latest")["timestamp"]


@pytest.mark.parametrize("machine", [EscrowMachine, ChannelsMachine])
@pytest.mark.parametrize("depth", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_contract_and_model_agree(chain, beside, machine, depth):
    agree_with(machine, chain, beside, depth)
