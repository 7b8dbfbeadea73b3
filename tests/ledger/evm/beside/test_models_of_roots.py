"""Vault and Attested beside plain models: after every step both say the same of everybody's units.

The models are dictionaries and sums; they know nothing of words, leaves or flags. A quorum that
errs is part of them: it may credit the wrong holder, and vouch for a root that promises too little.
"""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from gridpact.ledger.evm.attested import Payouts, decision
from gridpact.ledger.evm.vaults import Brought, Sent, registration
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.leaves import demonstration_secrets

from .models import EACH, EUR, FEW, MANY, NAMES, PEOPLE, UNITS, Machine, agree_with

SIGNERS = st.sampled_from([3, 3, 3, 2])
OWN = st.sampled_from([True, True, True, False])
"""Mostly who may do a thing does it; else an account that may not."""
CLERK = 7
"""The key that acts for the vault's participant on the ledger."""


class Stopping(Machine):
    """A machine whose contract stops now and then, and late for ever."""

    contract, stage, steps = None, 0, 0

    @precondition(lambda self: self.steps % 6 == 5)
    @rule(act=st.sampled_from([1, 2, 2, 3]))
    def stop(self, act):
        if act < 3 or self.steps > 20:
            self.stage = self.govern(self.contract, act)

    def account(self, name, own):
        return PEOPLE[name] if own else 9


class VaultMachine(Stopping):
    """A vault, and an escrow that holds what is in it; the plain room stands for the ledger."""

    def __init__(self):
        super().__init__()
        self.contract = self.vault = self.chain.vaulted(PEOPLE)
        place = bytes.fromhex(self.vault.address[2:])
        own = self.chain.members, 3, self.beside.NOBODY
        self.escrow = self.chain.deploy("Escrow", *own, place, place, self.beside.NOTICE)
        self.inside = dict.fromkeys(PEOPLE, 0)
        self.used, self.leaving, self.locked, self.count = set(), {}, dict.fromkeys(PEOPLE, 0), 0
        self.registered, self.ledger, self.total = False, 100, 0
        self.chain.room.send("register", self.chain.keys[CLERK].address)
        self.chain.endow("vault", self.ledger, CLERK)

    def signed(self, what, signers):
        return self.chain.signed(what, self.chain.council[:signers])

    @precondition(lambda self: not self.registered or self.steps % 6 == 3)
    @rule(signers=SIGNERS)
    def register(self, signers):
        contract = bytes.fromhex(self.escrow.address[2:])
        signed = self.signed(registration(self.vault.domain(), contract), signers)
        allowed = signers == 3 and not self.registered and self.stage == 0
        call = lambda: self.vault.send("register", contract, signed)  # noqa: E731
        self.registered = self.does(allowed, call) or self.registered

    def some(self, data):
        """Somebody who has units here, and a number up to one more than these."""
        name = data.draw(st.sampled_from([name for name in PEOPLE if self.inside[name]]))
        return name, data.draw(st.integers(0, self.inside[name] + 1))

    def entry(self, fresh):
        """An entry that counts still, or the first one, which soon counts no more."""
        return 1 + len(self.used) if fresh else 1

    @rule(units=UNITS)
    def transfer_on_the_ledger(self, units):
        self.chain.endow("vault", units, CLERK)
        self.ledger += units

    @rule(name=NAMES, units=st.integers(0, 40), fresh=OWN, signers=SIGNERS)
    def bring(self, name, units, fresh, signers):
        entry = self.entry(fresh)
        brought = Brought(EUR, id_of(name), units, entry)
        signed = self.signed(brought.digest(self.vault.domain()), signers)
        fits = 0 < units <= self.ledger - self.total and entry not in self.used
        allowed = fits and signers == 3 and self.stage == 0
        if self.does(allowed, lambda: self.vault.send("bring", *brought, signed)):
            self.used.add(entry)
            self.total += units
            self.inside[name] += units

    @precondition(lambda self: any(self.inside.values()))
    @rule(data=st.data(), own=OWN)
    def take_out(self, data, own):
        name, units = self.some(data)
        by = self.account(name, own)
        allowed = own and 0 < units <= self.inside[name]
        call = lambda: self.vault.send("take_out", EUR, id_of(name), units, by=by)  # noqa: E731
        if self.does(allowed, call):
            self.inside[name] -= units
            self.count += 1
            self.leaving[self.count] = units

    @precondition(lambda self: self.count)
    @rule(data=st.data(), fresh=OWN, signers=SIGNERS)
    def sent(self, data, fresh, signers):
        entry = self.entry(fresh)
        number = data.draw(st.integers(1, self.count + 1))
        units = self.leaving.get(number, 0)
        allowed = signers == 3 and units > 0 and entry not in self.used
        if allowed:  # the act on the ledger, which a quorum saw
            clerk = self.chain.keys[CLERK].address
            self.chain.room.send("hold", EUR, id_of("vault"), clerk, units, by=CLERK)
            self.ledger -= units
        signed = self.signed(Sent(number, entry).digest(self.vault.domain()), signers)
        if self.does(allowed, lambda: self.vault.send("sent", number, entry, signed)):
            self.used.add(entry)
            self.total -= self.leaving.pop(number)

    @precondition(lambda self: any(self.inside.values()))
    @rule(data=st.data(), own=OWN)
    def lock(self, data, own):
        name, units = self.some(data)
        by, may = self.account(name, own), own and 0 < units <= self.inside[name]
        allowed = may and self.registered and self.stage == 0
        call = lambda: self.escrow.send("lock", EUR, id_of(name), units, by=by)  # noqa: E731
        if self.does(allowed, call):
            self.inside[name] -= units
            self.locked[name] += units

    @precondition(lambda self: any(self.locked.values()))
    @rule(name=NAMES)
    def take_back(self, name):
        allowed = self.locked[name] > 0
        give = lambda: self.escrow.send(  # noqa: E731
            "give_notice", EUR, id_of(name), self.locked[name], by=PEOPLE[name]
        )
        if allowed:
            give()
            self.chain.wait(self.beside.NOTICE)
        call = lambda: self.escrow.send("take_back", EUR, id_of(name), by=9)  # noqa: E731
        if self.does(allowed, call):
            self.inside[name] += self.locked[name]
            self.locked[name] = 0

    @precondition(lambda self: self.steps % 6 == 4)
    @rule(name=NAMES, units=UNITS, by=st.integers(0, 9))
    def move_without_a_contract(self, name, units, by):
        key = self.chain.keys[PEOPLE[name]].address
        self.does(False, lambda: self.vault.send("hold", EUR, id_of(name), key, units, by=by))
        self.does(False, lambda: self.vault.send("release", EUR, id_of(name), units, by=by))

    @invariant()
    def same(self):
        ask = self.vault.ask
        self.steps += 1
        assert {name: ask("balance_of", EUR, id_of(name)) for name in PEOPLE} == self.inside
        held = self.chain.held_by(self.escrow, room=self.vault)
        assert held == sum(self.locked.values())
        assert (ask("total", EUR), ask("stage")) == (self.total, self.stage)
        assert self.total == sum(self.inside.values()) + held + sum(self.leaving.values())
        assert self.total <= self.ledger == self.chain.has("vault")


SECRETS = demonstration_secrets(5, list(PEOPLE))
PLANS = [
    ({"mill": 10, "pub": 20, "zoe": 30}, 0),
    ({"pub": 40, "zoe": 1}, 0),
    ({"mill": 15, "pub": 25}, 5),
]
"""Units of each account, and how many the root that is vouched for leaves out of its total."""


class Promise:
    """What the model keeps of a root."""

    def __init__(self, root, opens):
        self.root, self.opens = root, opens
        self.paid, self.payer = {}, None
        self.objected = self.heard = self.void = self.closed = False


class AttestedMachine(Stopping):
    """Roots for three periods; whoever may act pays them, and anybody claims for anybody."""

    def __init__(self):
        super().__init__()
        self.owed, self.roots = dict.fromkeys(PEOPLE, 0), {}
        self.contract = self.where = self.chain.attested
        self.payouts = [
            Payouts(("operator", "payouts", f"2026-0{place + 1}", "eur"), units, SECRETS)
            for place, (units, _) in enumerate(PLANS)
        ]

    @precondition(lambda self: len(self.roots) < 3 or self.steps % 6 == 1)
    @rule(place=st.integers(0, 2), signers=SIGNERS)
    def attest(self, place, signers):
        made = self.payouts[place].root
        root = made._replace(total=made.total - PLANS[place][1])
        digest = root.digest(self.where.domain())
        signed = self.chain.signed(digest, self.chain.council[:signers])
        allowed = signers == 3 and place not in self.roots and self.stage == 0
        if self.does(allowed, lambda: self.where.send("attest", root, signed)):
            self.roots[place] = Promise(root, self._latest() + self.beside.WINDOW)

    @precondition(lambda self: not all(each.payer for each in self.roots.values()))
    @rule(data=st.data(), name=NAMES, own=OWN)
    def fund(self, data, name, own):
        one, by = self._one(data), self.account(name, own)
        free = one.payer is None and not (one.void or one.closed)
        allowed = free and own and self.purse[name] >= one.root.total
        names = *one.root[:3], id_of(name)
        if self.does(allowed and self.stage == 0, lambda: self.where.send("fund", *names, by=by)):
            one.payer = name
            self.purse[name] -= one.root.total

    @precondition(lambda self: any(each.payer for each in self.roots.values()))
    @rule(data=st.data())
    def claim(self, data):
        place = data.draw(st.sampled_from(sorted(self.roots)))
        one, units = self.roots[place], PLANS[place][0]
        name = data.draw(st.sampled_from(sorted(units)))
        open_ = one.payer and not (one.objected or one.void or one.closed) and self.stage == 0
        fits = sum(one.paid.values()) + units[name] <= one.root.total and name not in one.paid
        allowed = bool(open_ and fits and self.chain.now() >= one.opens)
        claim = self.payouts[place].claim(name)
        if self.does(allowed, lambda: self.where.send("claim", *claim, by=9)):
            one.paid[name] = units[name]
            self.owed[name] += units[name]

    @precondition(lambda self: any(self.owed.values()))
    @rule(name=NAMES)
    def collect(self, name):
        call = lambda: self.where.send(  # noqa: E731
            "collect", self.chain.room.address, EUR, id_of(name), by=9
        )
        if self.does(self.owed[name] > 0, call):
            self.purse[name] += self.owed[name]
            self.owed[name] = 0

    @precondition(lambda self: self.roots and self.steps % 3 == 0)
    @rule(data=st.data(), by=st.integers(2, 5))
    def object_(self, data, by):
        one = self._one(data)
        allowed = by <= 3 and self._disputable(one) and not (one.objected or one.heard)
        one.objected |= self.does(allowed, lambda: self.where.send("object", one.root.id, by=by))

    @precondition(lambda self: any(each.objected for each in self.roots.values()))
    @rule(data=st.data(), void=st.booleans(), signers=SIGNERS)
    def decide(self, data, void, signers):
        one = self._one(data)
        digest = decision(self.where.domain(), one.root.id, void=void)
        signed = self.chain.signed(digest, self.chain.council[:signers])
        allowed = signers == 3 and one.objected and not (one.void or one.closed)
        if self.does(allowed, lambda: self.where.send("decide", one.root.id, void, signed)):
            one.objected, one.heard, one.void = False, True, void

    @precondition(lambda self: self.roots and self.steps % 3 == 1)
    @rule(data=st.data(), count=st.integers(1, 3))
    def dispute(self, data, count):
        place = data.draw(st.sampled_from(sorted(self.roots)))
        one, units, payouts = self.roots[place], PLANS[place][0], self.payouts[place]
        shown = sorted(units, key=payouts.accounts.index)[:count]
        too_much = sum(units[each] for each in shown) > one.root.total
        allowed = self._disputable(one) and too_much
        names = one.root.subject, payouts.claim(shown[0])[1], one.root.asset
        leaves = [payouts.leaf(each) for each in shown]
        one.void |= self.does(allowed, lambda: self.where.send("dispute", *names, leaves, by=9))

    @precondition(lambda self: any(each.payer for each in self.roots.values()))
    @rule(data=st.data())
    def refund(self, data):
        one = self._one(data)
        lapsed = self.chain.now() >= one.opens + self.beside.LAPSE and not one.objected
        allowed = one.payer and not one.closed and (lapsed or one.void or self.stage == 2)
        if self.does(bool(allowed), lambda: self.where.send("refund", *one.root[:3], by=9)):
            one.closed = True
            self.purse[one.payer] += one.root.total - sum(one.paid.values())

    @precondition(lambda self: any(each.payer for each in self.roots.values()))
    @rule(days=st.sampled_from([0.5, 1, 1, 31]))
    def wait(self, days):
        self.chain.wait(int(days * 86_400))

    @invariant()
    def same(self):
        self.steps += 1
        backing = [
            each.root.total - sum(each.paid.values())
            for each in self.roots.values()
            if each.payer and not each.closed
        ]
        assert min(backing, default=0) >= 0
        owed = {
            name: self.where.ask("owed", self.chain.room.address, EUR, id_of(name))
            for name in PEOPLE
        }
        assert owed == self.owed
        self.agree(self.where, sum(backing) + sum(self.owed.values()))
        assert sum(self.purse.values()) <= EACH * len(PEOPLE)

    def _one(self, data):
        return self.roots[data.draw(st.sampled_from(sorted(self.roots)))]

    def _disputable(self, one):
        return not (one.void or one.closed) and (self.chain.now() < one.opens or one.objected)

    def _latest(self):
        return self.chain.tester.get_block_by_number("latest")["timestamp"]


@pytest.mark.parametrize("machine", [VaultMachine, AttestedMachine])
@pytest.mark.parametrize("depth", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_contract_and_model_agree(chain, beside, machine, depth):
    agree_with(machine, chain, beside, depth)
