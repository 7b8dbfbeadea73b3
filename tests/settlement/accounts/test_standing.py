"""No sequence of operations unbalances the accounts or takes what is not available.

The model keeps a list of every change in plain Python and adds it up anew for each question.
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gridpact.settlement.accounts.balance import balances, unbalanced
from gridpact.settlement.accounts.chart import BANK, ISSUED, SUSPENSE, Chart
from gridpact.settlement.accounts.postings import posted
from gridpact.settlement.accounts.standing import (
    Capture,
    Hold,
    Limit,
    Release,
    Standing,
    captured,
)
from gridpact.settlement.accounts.transfers import (
    Leg,
    Transfer,
    burnt,
    made,
    minted,
    moved,
    received,
    reversal,
)

ROLES = {"bakery": "member", "school": "member", "power": "supplier"}
ACCOUNTS = (
    *("member:bakery", "member:school", "deposit:bakery", "prepayment:bakery", "supplier:power"),
    *("tax:power:vat:19", "wallet:bakery", SUSPENSE, BANK),
)
ACCOUNT = st.sampled_from(ACCOUNTS)
AMOUNT = st.integers(1, 50)
ANY = st.integers(-5, 50)


class Accounts(RuleBasedStateMachine):
    """Settling, paying, holding and limiting in any order."""

    def __init__(self):
        super().__init__()
        self.standing = Standing(Chart(ROLES))
        self.changes = []  # (account, currency, debit less credit)
        self.held = {}
        self.limits = {}
        self.transfers = []
        self.booked = []
        self.back = set()
        self.count = 0

    def name(self):
        self.count += 1
        return str(self.count)

    def available(self, key):
        credit = -sum(minor for account, unit, minor in self.changes if (account, unit) == key)
        return credit - sum(minor for where, minor in self.held.values() if where == key)

    def may(self, legs):
        """Tell whether every account that gives has what it gives."""
        for key in {(account, unit) for account, unit, _ in legs}:
            takes = sum(minor for account, unit, minor in legs if (account, unit) == key)
            if key[0] in (BANK, ISSUED) or takes <= 0:
                continue
            if self.available(key) - takes < -self.limits.get(key, 0):
                return False
        return True

    def do(self, transfer):
        legs = [(leg.account, leg.currency, leg.minor) for leg in transfer.legs]
        refused = self.standing.apply(transfer)
        assert (refused == "") == self.may(legs), refused
        if not refused:
            self.note(transfer)

    def note(self, transfer):
        self.changes += [(leg.account, leg.currency, leg.minor) for leg in transfer.legs]
        self.transfers.append(transfer)
        self.booked.append(transfer)

    @rule(payer=ACCOUNT, payee=ACCOUNT, amount=ANY)
    def settle(self, payer, payee, amount):
        if payer != payee and amount:
            line = moved(self.name(), 0, (payer, payee), (amount, "EUR"))
            self.standing.settle({(leg.account, "EUR"): leg.minor for leg in line.legs})
            self.changes += [(leg.account, "EUR", leg.minor) for leg in line.legs]
            self.transfers.append(line)

    @rule(account=ACCOUNT.filter(lambda name: name != BANK), amount=AMOUNT)
    def receive(self, account, amount):
        self.do(received(self.name(), 0, account, (amount, "EUR")))

    @rule(amount=AMOUNT, account=st.sampled_from(("supplier:power", "member:school")))
    def pay(self, account, amount):
        self.do(made(self.name(), 0, account, (amount, "EUR"), self.standing.balances))

    @rule(giver=ACCOUNT, getter=ACCOUNT, amount=AMOUNT)
    def move(self, giver, getter, amount):
        if giver != getter:
            self.do(moved(self.name(), 0, (giver, getter), (amount, "EUR")))

    @rule(tokens=AMOUNT, amount=AMOUNT, back=st.booleans())
    def tokens(self, tokens, amount, back):
        make = burnt if back else minted
        self.do(make(self.name(), 0, "member:bakery", (tokens, "LANE"), (amount, "EUR")))

    @rule(place=st.integers(0, 100))
    def reverse(self, place):
        if self.booked:
            what = self.booked[place % len(self.booked)]
            back = reversal(self.name(), 0, what)
            refused = self.standing.apply(back)
            assert refused == (f"{what.id} was taken back already" if what.id in self.back else "")
            if not refused:
                self.back.add(what.id)
                self.note(back)

    @rule(account=ACCOUNT, amount=ANY)
    def hold(self, account, amount):
        name = self.name()
        refused = self.standing.apply(Hold(name, account, "EUR", amount, 0))
        assert (refused == "") == (amount > 0 and self.may([(account, "EUR", amount)])), refused
        if not refused:
            self.held[name] = (account, "EUR"), amount

    @rule(place=st.integers(0, 100))
    def release(self, place):
        name = sorted(self.held)[place % len(self.held)] if self.held else "none"
        assert (self.standing.apply(Release(self.name(), name, 0)) == "") == (name in self.held)
        self.held.pop(name, None)

    @rule(place=st.integers(0, 100), to=ACCOUNT, amount=ANY)
    def capture(self, place, to, amount):
        name = sorted(self.held)[place % len(self.held)] if self.held else "none"
        asked = Capture(self.name(), name, to, amount, 0)
        hold = self.standing.holds.get(name)
        refused = self.standing.apply(asked)
        assert (refused == "") == (hold is not None and 0 < amount <= hold.minor), refused
        if not refused:
            (account, _), _ = self.held.pop(name)
            assert hold.account == account
            self.note(captured(asked, hold))

    @rule(account=ACCOUNT, amount=ANY)
    def limit(self, account, amount):
        key = account, "EUR"
        fits = amount >= self.limits.get(key, 0) or self.available(key) >= -amount
        refused = self.standing.apply(Limit(self.name(), account, "EUR", amount, 0))
        assert (refused == "") == (amount >= 0 and account != BANK and fits), refused
        if not refused:
            self.limits[key] = amount

    @rule(amount=AMOUNT)
    def unbalanced_is_refused(self, amount):
        legs = (Leg(BANK, "EUR", amount), Leg("member:bakery", "EUR", -amount + 1))
        before = dict(self.standing.balances)
        assert self.standing.apply(Transfer(self.name(), "made", 0, legs))
        assert self.standing.balances == before

    @invariant()
    def accounts_are_the_sum_of_transfers(self):
        found = posted([(each, 0) for each in self.transfers])
        assert len(unbalanced(found)) == 0
        kept = {key: minor for key, minor in self.standing.balances.items() if minor}
        assert {key: minor for key, minor in balances(found).items() if minor} == kept
        for unit in ("EUR", "LANE"):
            assert sum(minor for (_, name), minor in kept.items() if name == unit) == 0

    @invariant()
    def what_is_available_is_as_the_model_has_it(self):
        for account in ACCOUNTS:
            assert self.standing.available(account, "EUR") == self.available((account, "EUR"))


TestAccounts = Accounts.TestCase
TestAccounts.settings = settings(deadline=None, max_examples=30, stateful_step_count=30)


@pytest.fixture
def standing(chart):
    return Standing(chart, {("deposit:bakery", "EUR"): -5000, (BANK, "EUR"): 5000})


def test_a_hold_counts_against_what_is_available(standing):
    assert standing.apply(Hold("1", "deposit:bakery", "EUR", 4000, 0)) == ""
    assert standing.available("deposit:bakery", "EUR") == 1000
    again = standing.apply(Hold("2", "deposit:bakery", "EUR", 1001, 0))
    assert again == "deposit:bakery has 1000 minor units available, and 1001 are asked for"
    assert standing.apply(Capture("3", "1", "operator:lane", 3000, 0)) == ""
    assert standing.available("deposit:bakery", "EUR") == 2000
    assert standing.balances["operator:lane", "EUR"] == -3000
    assert standing.apply(Release("4", "1", 0)) == "there is no hold 1"


def test_a_limit_lets_an_account_be_drawn_and_is_not_lowered_below_what_is(standing):
    out = moved("1", 0, ("member:school", "operator:lane"), (300, "EUR"))
    assert standing.apply(out) == "member:school has 0 minor units available, and 300 are asked for"
    assert standing.apply(Limit("2", "member:school", "EUR", 300, 0)) == ""
    assert standing.apply(out) == ""
    assert "300" in standing.apply(Limit("3", "member:school", "EUR", 0, 0))
    assert standing.apply(Limit("4", BANK, "EUR", 5, 0)) == f"{BANK} has no limit"


def test_an_operation_is_booked_once(standing):
    pay = received("7", 0, "member:bakery", (100, "EUR"))
    assert standing.apply(pay) == ""
    assert standing.apply(pay) == "7 was booked already"
    assert standing.balances["member:bakery", "EUR"] == -100


def test_a_reversal_is_of_what_was_booked_and_once(standing):
    pay = received("7", 0, "member:bakery", (100, "EUR"))
    assert standing.apply(pay) == ""
    assert standing.apply(moved("8", 0, ("member:bakery", "operator:lane"), (100, "EUR"))) == ""
    other = reversal("9", 0, received("7", 0, "member:bakery", (200, "EUR")))
    assert standing.apply(other) == "7 is no transfer that it takes back"
    assert standing.apply(reversal("9", 0, pay)) == ""
    assert standing.available("member:bakery", "EUR") == -100
    assert standing.apply(reversal("10", 0, pay)) == "7 was taken back already"


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ("member:nobody", "there is no member or party 'nobody'"),
        ("supplier:bakery", "bakery is member, not 'supplier'"),
        ("deposit:power", "power is no member: it has no deposit"),
        ("tax:power", "power is supplier, not 'tax'"),
        ("nonsense", "there is no member or party 'nonsense'"),
    ],
)
def test_unknown_accounts_are_named(standing, account, said):
    before = dict(standing.balances)
    assert standing.apply(received("9", 0, account, (1, "EUR"))) == said
    assert standing.apply(Hold("9", account, "EUR", 1, 0)) == said
    assert standing.apply(Limit("9", account, "EUR", 1, 0)) == said
    assert standing.balances == before


def test_a_transfer_of_nothing_is_refused(standing):
    assert standing.apply(received("9", 0, "member:bakery", (0, "EUR"))) == (
        f"nothing moves on {BANK}"
    )
    assert "two legs" in standing.apply(Transfer("9", "made", 0, ()))
