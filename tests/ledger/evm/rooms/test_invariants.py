"""Random acts, and what must hold on the chain whatever they were, reckoned by the chain alone."""

from collections import Counter

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from gridpact.ledger.evm.signing import demonstration_key
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.kinds.certificates import (
    CertificateCancelled,
    CertificateExpired,
    CertificateIssued,
    CertificateTransferred,
)
from gridpact.ledger.kinds.money import NetSettled, TokensBurnt, TokensMinted, TokensTransferred
from gridpact.ledger.kinds.participants import WalletBound
from gridpact.ledger.kinds.roots import PeriodClosed

PEOPLE = ("ada", "bob", "cyd")
NOBODY = "0x" + "00" * 20
people, pairs = st.sampled_from(PEOPLE), st.permutations(PEOPLE)
names, tokens = st.sampled_from(("n1", "n2", "n3")), st.sampled_from(("eur", "kwh"))
amounts = st.sampled_from((1, 2, 5, 40, 2**62, 2**63 - 1))
periods = st.sampled_from(("2026-05-01", "2026-05", "2026-06-01", "2026-06", "2026"))


class Kept(RuleBasedStateMachine):
    fork = None  # set by the tests below

    @initialize()
    def begin(self):
        self.twin = self.fork()
        self.deposits, self.withdrawals = Counter(), Counter()
        self.issued, self.ended, self.shown = Counter(), Counter(), Counter()
        self.closed = set()
        # something of each kind, so that no run is about nothing
        self.mint("eur", "ada", 40, "n1")
        self.pay("eur", ("ada", "bob", "cyd"), 5)
        self.burn("eur", "bob", 2, "n1")
        self.issue("ada", "n1", 40)
        self.pass_on(("ada", "bob", "cyd"), "n1", 5)
        self.end("bob", "n1", 1, used=True)
        self.settle("2026-05-01", ("bob", "ada", "cyd"), 2, "EUR")
        assert (self.deposits["eur"], self.withdrawals["eur"], self.ended["n1"]) == (40, 2, 1)

    def try_(self, by, entry):
        """Hand an act in; None where it is refused, else the events of its rooms."""
        if self.twin.do(by, entry):
            return None
        rooms = ("Tokens", "Certificates", "Roots")
        return [each for room in rooms for each in self.twin.chain.events(self.twin.latest, room)]

    def moved(self, found):
        for name, each in found or ():
            if name == "TransferSingle":
                self.shown[each["_id"], each["_from"]] -= each["_value"]
                self.shown[each["_id"], each["_to"]] += each["_value"]

    @rule(token=tokens, name=people, units=amounts, payment=names)
    def mint(self, token, name, units, payment):
        if self.try_("lane", TokensMinted(token, name, units, payment)) is not None:
            self.deposits[token] += units

    @rule(token=tokens, name=people, units=amounts, payment=names)
    def burn(self, token, name, units, payment):
        if self.try_("lane", TokensBurnt(token, name, units, payment)) is not None:
            self.withdrawals[token] += units

    @rule(token=tokens, pair=pairs, units=amounts)
    def pay(self, token, pair, units):
        self.try_(pair[0], TokensTransferred(token, *pair[:2], units))

    @rule(name=people, certificate=names, energy=amounts)
    def issue(self, name, certificate, energy):
        entry = CertificateIssued(certificate, certificate, name, "2026", "solar", energy)
        found = self.try_("auth-a", entry)
        self.moved(found)
        if found is not None:
            self.issued[certificate] += energy

    @rule(pair=pairs, certificate=names, energy=amounts)
    def pass_on(self, pair, certificate, energy):
        entry = CertificateTransferred(certificate, *pair[:2], energy)
        self.moved(self.try_(pair[0], entry))

    @rule(name=people, certificate=names, energy=amounts, used=st.booleans())
    def end(self, name, certificate, energy, used):
        cancelled = CertificateCancelled(certificate, name, energy, "own-use")
        expired = CertificateExpired(certificate, name, energy)
        found = self.try_(*((name, cancelled) if used else ("auth-a", expired)))
        self.moved(found)
        if found is not None:
            self.ended[certificate] += energy

    @rule(name=people, wallet=names)
    def rebind(self, name, wallet):
        self.moved(self.try_(name, WalletBound(name, demonstration_key(23, wallet).address)))

    @rule(period=periods, pair=pairs, amount=amounts, currency=st.sampled_from(("EUR", "CHF")))
    def settle(self, period, pair, amount, currency):
        rows = tuple(sorted(zip(pair, (amount, -amount, 0), strict=True)))
        taken = self.try_("lane", NetSettled(period, currency, rows)) is not None
        assert not (taken and any(period.startswith(each) for each in self.closed))

    @rule(period=periods)
    def close(self, period):
        if self.try_("lane", PeriodClosed("lane", period)) is not None:
            self.closed.add(period)

    @invariant()
    def holds(self):
        ask = self.twin.ask
        total = 0
        for token in ("eur", "kwh"):
            has = [ask("Tokens", "balance_of", id_of(token), id_of(name)) for name in PEOPLE]
            supply = ask("Tokens", "supply", id_of(token))
            assert supply == sum(has) == self.deposits[token] - self.withdrawals[token]
            total += supply
        assert ask("Tokens", "total") == total
        for currency in ("EUR", "CHF"):
            found = [ask("Roots", "position", id_of(currency), id_of(name)) for name in PEOPLE]
            assert sum(found) == 0

    @invariant()
    def certificates_hold(self):
        for certificate, energy in self.issued.items():
            name = id_of(certificate)
            parts = [self.twin.ask("Certificates", "holding", name, id_of(who)) for who in PEOPLE]
            *_, issued, ended = self.twin.ask("Certificates", "issued", name)
            assert (issued, ended) == (energy, self.ended[certificate])
            assert sum(part for part, _ in parts) + ended == issued

    def teardown(self):
        """Closed stays closed, and events add up to what wallets see."""
        for period in self.closed:
            for inside in (period, period + "-15"):
                assert self.twin.ask("Roots", "is_closed", id_of("lane"), inside.encode())
                assert self.try_("lane", NetSettled(inside, "EUR", (("ada", 0),))) is None
        for (token, account), energy in self.shown.items():
            if account != NOBODY:
                assert self.twin.ask("Certificates", "balanceOf", account, token) == energy


def run(fork, examples, steps):
    Kept.fork = staticmethod(fork)
    how = settings(deadline=None, max_examples=examples, stateful_step_count=steps)
    run_state_machine_as_test(Kept, settings=how)


def test_nothing_is_made_of_nothing(fork):
    run(fork, 1, 10)


@pytest.mark.slow
def test_nothing_is_made_of_nothing_for_long(fork):
    run(fork, 3, 40)
