"""Random acts against a model in plain Python that knows nothing of the program's tables."""

from collections import Counter, defaultdict

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from gridpact.ledger.entries import canonical, parse
from gridpact.ledger.kinds.certificates import (
    CertificateCancelled,
    CertificateExpired,
    CertificateIssued,
    CertificateTransferred,
)
from gridpact.ledger.kinds.money import TokensBurnt, TokensMinted, TokensTransferred
from gridpact.ledger.kinds.participants import (
    ParticipantAuthorised,
    ParticipantBarred,
    ParticipantReinstated,
    ParticipantSuspended,
    SubjectErased,
)
from gridpact.ledger.state.snapshot import frozen, thawed

PEOPLE = ("ada", "bob", "cyd")
people, tokens = st.sampled_from(PEOPLE), st.sampled_from(("eur", "kwh"))
actors = st.sampled_from((*PEOPLE, "auth-a", "lane", "eve"))
amounts, names = st.integers(1, 40), st.sampled_from([f"n{i}" for i in range(8)])


class AgainstAModel(RuleBasedStateMachine):
    desks = None  # set by the test below

    @initialize()
    def found(self):
        self.desk = self.desks()
        self.desk.join("lane", "operator")
        self.status = {}
        self.used = set()
        self.tokens = defaultdict(Counter)
        self.deposits, self.withdrawals = Counter(), Counter()
        self.certificates = {}
        self.parts = defaultdict(Counter)
        self.gone = Counter()

    def expect(self, allowed, by, entry):
        """Hand an act in; it is taken where the model allows it, else nothing changes."""
        before = frozen(self.desk.state)
        known = by in ("auth-a", "lane") or self.status.get(by) == "authorised"
        found = self.desk.do(by, entry)
        assert (found == ()) == bool(allowed and known), (by, entry, found)
        if found:
            assert frozen(self.desk.state) == before
        return not found

    def active(self, *who):
        return all(self.status.get(each) == "authorised" for each in who)

    @rule(name=people)
    def admit(self, name):
        before = self.status.get(name)
        # the desk gives a key with the first role, so that the person can act
        if before is None:
            self.desk.join(name, "prosumer")
            self.status[name] = "authorised"
        else:
            self.expect(False, "auth-a", ParticipantAuthorised(name, "prosumer"))

    @rule(name=people, by=actors)
    def suspend(self, name, by):
        may = by == "auth-a" and self.status.get(name) == "authorised"
        if self.expect(may, by, ParticipantSuspended(name)):
            self.status[name] = "suspended"

    @rule(name=people, by=actors)
    def reinstate(self, name, by):
        may = by == "auth-a" and self.status.get(name) == "suspended"
        if self.expect(may, by, ParticipantReinstated(name)):
            self.status[name] = "authorised"

    @rule(name=people, together=st.booleans())
    def bar(self, name, together):
        signers = ("auth-a", "auth-b") if together else "auth-a"
        taken = not self.desk.do(signers, ParticipantBarred(name))
        assert taken == (together and self.status.get(name) in ("authorised", "suspended"))
        if taken:
            self.status[name] = "barred"

    @rule(name=people)
    def erase(self, name):
        holds = any(self.tokens[token][name] for token in self.tokens)
        holds = holds or any(part[name] for part in self.parts.values())
        may = self.status.get(name) in ("authorised", "suspended", "barred") and not holds
        if self.expect(may, "lane", SubjectErased(name)):
            self.status[name] = "erased"

    @rule(by=actors, token=tokens, name=people, units=amounts, payment=names)
    def mint(self, by, token, name, units, payment):
        fresh = ("in", token, payment) not in self.used
        may = by == "lane" and self.active(name) and fresh
        if self.expect(may, by, TokensMinted(token, name, units, payment)):
            self.used.add(("in", token, payment))
            self.tokens[token][name] += units
            self.deposits[token] += units

    @rule(by=actors, token=tokens, name=people, units=amounts, payment=names)
    def burn(self, by, token, name, units, payment):
        fresh = ("out", token, payment) not in self.used
        may = by == "lane" and fresh and self.tokens[token][name] >= units
        if self.expect(may, by, TokensBurnt(token, name, units, payment)):
            self.used.add(("out", token, payment))
            self.tokens[token][name] -= units
            self.withdrawals[token] += units

    @rule(by=actors, token=tokens, pair=st.permutations(PEOPLE), units=amounts)
    def pay(self, by, token, pair, units):
        sender, receiver = pair[:2]
        may = by in ("lane", sender) and self.active(sender, receiver)
        may = may and self.tokens[token][sender] >= units
        if self.expect(may, by, TokensTransferred(token, sender, receiver, units)):
            self.tokens[token][sender] -= units
            self.tokens[token][receiver] += units

    @rule(by=actors, name=people, certificate=names, period=names, energy=amounts)
    def issue(self, by, name, certificate, period, energy):
        fresh = certificate not in self.certificates
        fresh = fresh and period not in {each[0] for each in self.certificates.values()}
        may = by == "auth-a" and self.active(name) and fresh
        entry = CertificateIssued(certificate, "roof", name, period, "solar", energy)
        if self.expect(may, by, entry):
            self.certificates[certificate] = (period, energy)
            self.parts[certificate][name] += energy

    @rule(by=actors, pair=st.permutations(PEOPLE), certificate=names, energy=amounts)
    def pass_on(self, by, pair, certificate, energy):
        sender, receiver = pair[:2]
        may = by in ("lane", sender) and self.active(sender, receiver)
        may = may and self.parts[certificate][sender] >= energy
        entry = CertificateTransferred(certificate, sender, receiver, energy)
        if self.expect(may, by, entry):
            self.parts[certificate][sender] -= energy
            self.parts[certificate][receiver] += energy

    @rule(by=actors, name=people, certificate=names, energy=amounts, expires=st.booleans())
    def end(self, by, name, certificate, energy, expires):
        may = by == "auth-a" if expires else by in ("lane", name)
        may = may and self.parts[certificate][name] >= energy
        entry = (
            CertificateExpired(certificate, name, energy)
            if expires
            else CertificateCancelled(certificate, name, energy, "own-use")
        )
        if self.expect(may, by, entry):
            self.parts[certificate][name] -= energy
            self.gone[certificate] += energy

    @invariant()
    def agrees(self):
        if not hasattr(self, "desk"):
            return
        state = self.desk.state
        held = {(t, n): u for t, each in self.tokens.items() for n, u in each.items() if u}
        assert state.balances.rows == held
        parts = {(c, n): e for c, each in self.parts.items() for n, e in each.items() if e}
        assert state.holdings.rows == parts
        for token, supply in state.supply.rows.items():
            assert supply == self.deposits[token] - self.withdrawals[token]
            assert supply == sum(self.tokens[token].values())
        for certificate, (_, energy) in self.certificates.items():
            assert energy == sum(self.parts[certificate].values()) + self.gone[certificate]
            assert state.issues.rows[certificate].ended_wh == self.gone[certificate]

    def teardown(self):
        if not hasattr(self, "desk"):
            return
        taken = frozen(self.desk.state)
        assert frozen(self.desk.replayed()) == taken
        assert frozen(thawed(taken)) == taken
        for entries, _, _ in self.desk.taken:
            assert [parse(canonical(each)) for each in entries] == list(entries)


def test_acts_do_what_a_plain_model_says(desks):
    AgainstAModel.desks = staticmethod(desks)
    steps = settings(deadline=None, max_examples=desks.examples, stateful_step_count=40)
    run_state_machine_as_test(AgainstAModel, settings=steps)
