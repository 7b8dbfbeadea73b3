"""Totals of runs that are kept, held against accounts recomputed from every line, act by act."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridpact.app.books import accounts as books_accounts
from gridpact.app.books.accounts import accounts_of, balances_of, operate
from gridpact.app.books.folder import Book
from gridpact.app.books.kept_totals import NAME, kept_totals, made_totals
from gridpact.app.books.settling import Asked, run_period
from gridpact.app.books.verifying import verify
from gridpact.settlement.accounts.balance import balances, trial_balance
from gridpact.settlement.accounts.standing import Capture, Hold, Release
from gridpact.settlement.accounts.transfers import moved, reversal

LATER, DAY = 1_773_100_800, 86_400
PERIODS = ("2026-03-01", "2026-03-02")
ACCOUNTS = ("member:bakery", "member:school", "deposit:bakery", "supplier:power", "suspense:bank")

ACTS = st.one_of(
    st.tuples(st.just("settle"), st.sampled_from(PERIODS), st.integers(0, 900)),
    st.tuples(st.just("move"), st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS)),
    st.tuples(st.just("pay"), st.sampled_from(ACCOUNTS), st.integers(1, 5_000)),
    st.tuples(st.just("hold"), st.sampled_from(ACCOUNTS), st.integers(1, 500)),
    st.tuples(st.sampled_from(("capture", "release", "reverse")), st.just(""), st.just(0)),
    st.tuples(st.sampled_from(("lose", "cut", "swap", "forge")), st.just(""), st.integers(0, 3)),
)


class Acting:
    """A book to which things are done, one after the other."""

    def __init__(self, folder):
        self.folder, self.book, self.now = folder, Book.create(folder, None), LATER

    def act(self, what, where, amount):
        getattr(self, f"_{what}")(where, amount)

    def _settle(self, period, wh):
        table = self.folder / "readings.csv"
        rows = table.read_text().splitlines()
        at = 1 + 24 * PERIODS.index(period)
        first, _, rest = rows[at].split(",", 2)
        rows[at] = f"{first},{wh},{rest}"
        table.write_text("\n".join(rows) + "\n")
        self.now += DAY
        run_period(self.book, Asked(period, self.now, self.now))

    def _operate(self, make):
        operate(self.book, lambda accounts, name: make(accounts.standing, name))

    def _move(self, one, other):
        if one != other:
            self._operate(lambda _, name: moved(name, self.now, (one, other), (10, "EUR")))

    def _pay(self, account, minor):
        sides, amount = ("bank:main", account), (minor, "EUR")
        self._operate(lambda _, name: moved(name, self.now - DAY, sides, amount, "received"))

    def _hold(self, account, minor):
        self._operate(lambda _, name: Hold(name, account, "EUR", minor, self.now))

    def _capture(self, _, __):
        self._operate(lambda at, name: Capture(name, self._last(at.holds), "suspense:bank", 1, 0))

    def _release(self, _, __):
        self._operate(lambda at, name: Release(name, self._last(at.holds), self.now))

    def _reverse(self, _, __):
        def make(standing, name):
            booked = standing.transfers.get(self._last(standing.transfers))
            return Release(name, "none", 0) if booked is None else reversal(name, self.now, booked)

        self._operate(make)

    def _kept(self, number):
        found = sorted(self.folder.glob(f"runs/*/{NAME}"))
        return found[number % len(found)] if found else self.folder / "runs" / "none"

    def _lose(self, _, number):
        self._kept(number).unlink(missing_ok=True)

    def _cut(self, _, number):
        if (path := self._kept(number)).exists():
            path.write_bytes(path.read_bytes()[:-7])

    def _swap(self, _, number):
        if (path := self._kept(number)).exists() and path != self._kept(number + 1):
            shutil.copyfile(self._kept(number + 1), path)

    def _forge(self, _, number):
        if (path := self._kept(number)).exists():
            path.write_bytes(path.read_bytes().replace(b'"debit":[', b'"debit":[1'))

    def _last(self, found):
        return next(reversed(found), "none")

    def same(self):
        """Hold what is kept against what is recomputed."""
        kept, whole = balances_of(self.book), accounts_of(self.book)
        assert kept.chart == whole.chart
        assert kept.operations == whole.operations
        for standing in (kept.standing, whole.standing):
            held = {key: standing.held(*key) for key in standing.balances}
            assert held == {
                key: sum(h.minor for h in standing.holds.values() if (h.account, h.currency) == key)
                for key in standing.balances
            }
        assert kept.standing.balances == whole.standing.balances == balances(whole.postings)
        for value_s in (None, LATER, self.now, *(e - 1 for e in (1_772_406_000, 1_772_492_400))):
            for known_s in (None, LATER + DAY, self.now):
                seen = [each.postings.at(value_s, known_s) for each in (kept, whole)]
                assert trial_balance(seen[0]) == trial_balance(seen[1])


@settings(
    deadline=None, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(ACTS, min_size=4, max_size=9))
def test_what_is_kept_is_what_is_recomputed_after_every_act(lane, acts):
    lane.write()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "book"
        shutil.copytree(lane.folder, folder)
        acting = Acting(folder)
        for act in (("settle", PERIODS[0], 500), *acts):
            acting.act(*act)
            acting.same()


@pytest.fixture
def acting(lane):
    lane.write()
    found = Acting(lane.folder)
    found.act("settle", PERIODS[0], 500)
    found.act("settle", PERIODS[1], 700)
    return found


def test_a_balance_reads_no_lines_of_earlier_runs(acting, monkeypatch):
    expected = balances_of(acting.book).standing.balances
    monkeypatch.setattr(Book, "posted", None)
    monkeypatch.setattr(Book, "made", None)
    assert balances_of(acting.book).standing.balances == expected
    acting.act("pay", "member:bakery", 100)
    assert balances_of(acting.book).standing.balances != expected


def test_totals_that_say_other_than_the_lines_are_found(acting, monkeypatch):
    (run, _), good = acting.book.runs(), books_accounts.totals_of
    assert good(acting.book, run) == made_totals(acting.book, run) == kept_totals(acting.book, run)
    assert verify(acting.book)[-1].good
    made = made_totals(acting.book, run)
    made.debit[0] += 1
    made.credit[-1] += 1
    path = acting.folder / "runs" / "0001" / NAME
    path.unlink()
    monkeypatch.setattr("gridpact.app.books.kept_totals.made_totals", lambda *_: made)
    assert good(acting.book, run) == made
    monkeypatch.undo()
    wrong = verify(acting.book)[-1]
    assert (wrong.good, "totals of run 1 are not those of its lines" in wrong.told) == (False, True)
    path.unlink()
    assert verify(acting.book)[-1].good


def test_a_book_that_cannot_be_written_is_still_added_up(acting, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    expected = accounts_of(acting.book).standing.balances
    monkeypatch.setattr("gridpact.app.books.kept_totals.write_whole", full)
    assert balances_of(acting.book).standing.balances == expected
    assert kept_totals(acting.book, acting.book.runs()[0]) is None
