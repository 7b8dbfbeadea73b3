"""Accounts of a book from the command line: payments, holds, the trial balance, statements."""

import json
import sqlite3
from contextlib import closing

import pytest

DAY = ("--period", "2026-03-29")


@pytest.fixture
def book(lane):
    """A book whose day was settled."""
    assert lane.run("books", "init", "book", "--rules", "rules/rules.yaml").code == 0
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    lane.settled = read(lane.run("settle", "book", *DAY, "--as-of", "2026-04-03T00:00", "--json"))

    def done(*arguments):
        return lane.run("books", arguments[0], "book", *arguments[1:])

    lane.done = done
    return lane


def read(done):
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def standing(book):
    return {row["account"]: row for row in read(book.done("accounts", "--json"))}


def owed(book):
    """What everybody is owed on current accounts and those of taxes."""
    found = {}
    for account, row in standing(book).items():
        kind, holder, *_ = account.split(":")
        if kind not in ("bank", "deposit", "prepayment"):
            found[holder] = found.get(holder, 0) + row["credit"]
    return found


def test_settled_lines_are_what_accounts_hold(book):
    assert owed(book) == book.settled["received_minor"]["EUR"]
    rows = read(book.done("balance", "--json"))
    assert rows["balanced"]
    assert sum(row["debit"] for row in rows["rows"]) == sum(row["credit"] for row in rows["rows"])
    assert "✓ every transfer balances" in book.run("books", "verify", "book").out


def test_corrections_change_accounts_by_what_they_book(book):
    book.imported("march-29-corrected", "2026-05-01T00:00", changed=("0,196", "0,996"))
    late = ("--as-of", "2026-05-02T00:00")
    change = read(book.run("correct", "book", *DAY, *late, "--json"))["received_minor"]["EUR"]
    assert any(change.values())
    before = book.settled["received_minor"]["EUR"]
    assert owed(book) == {name: before[name] + change.get(name, 0) for name in before}


def test_payments_settle_what_is_owed(book):
    assert book.done("pay", "20", "--received", "prepayment:bakery", "--on", "2026-03-28").code == 0
    assert book.done("draw", "--on", "2026-04-01").code == 0
    assert "nothing to draw" in book.done("draw").out
    rest = book.settled["received_minor"]["EUR"]["bakery"] + 2000
    amount = f"{-rest / 100:.2f} EUR"
    paid = ("pay", amount, "--received", "bakery", "--on", "2026-04-14", "--ref", "bank-1")
    assert book.done(*paid).code == 0
    again = book.done(*paid)
    assert (again.code, "bank-1 was booked already" in again.err) == (1, True)
    assert standing(book)["member:bakery"]["credit"] == 0
    due = book.settled["received_minor"]["EUR"]["power-co"]
    assert book.done("pay", f"{due / 100:.2f}", "--made", "power-co").code == 0
    accounts = standing(book)
    assert accounts["supplier:power-co"]["credit"] == 0
    assert accounts["tax:power-co:vat:19"]["credit"] == 0
    assert accounts["bank:main"]["credit"] == -(2000 - rest - due)
    more = book.done("pay", "0.01", "--made", "power-co")
    assert (more.code, "power-co has 0 minor units available" in more.err) == (1, True)
    assert read(book.done("balance", "--json"))["balanced"]


def test_the_trial_balance_is_as_it_counted_then(book):
    book.done("pay", "50", "--received", "deposit:bakery", "--on", "2026-03-01")
    accounts = {
        row["account"]
        for row in read(book.done("balance", "--at", "2026-03-29T12:00", "--json"))["rows"]
    }
    assert accounts == {"bank:main", "deposit:bakery"}
    never = book.done("balance", "--known-at", "2020-01-01T00:00", "--json")
    assert read(never) == {"rows": [], "balanced": True}
    assert "in sum" in book.done("balance", "--at", "2026-04-01T00:00").out


def test_a_hold_keeps_its_money_until_it_ends(book):
    book.done("pay", "50", "--received", "deposit:bakery", "--on", "2026-03-01")
    assert book.done("hold", "deposit:bakery", "30", "--ref", "flex").code == 0
    back = book.done("pay", "20.01", "--made", "deposit:bakery")
    assert (back.code, "2000 minor units available, and 2001 are" in back.err) == (1, True)
    taken = ("release", "flex", "--capture", "12.50", "--to", "lane-community")
    assert book.done(*taken).code == 0
    row = standing(book)["deposit:bakery"]
    assert (row["credit"], row["held"], row["available"]) == (3750, 0, 3750)
    gone = book.done("release", "flex")
    assert (gone.code, "there is no such hold" in gone.err) == (2, True)
    book.done("hold", "deposit:bakery", "37.50", "--ref", "all")
    assert book.done("release", "all").code == 0
    assert standing(book)["deposit:bakery"]["available"] == 3750


def test_a_statement_shows_every_change_and_what_is_owed_after_it(book):
    book.done("pay", "10", "--received", "bakery", "--on", "2026-04-14")
    told = read(book.done("statement", "bakery", "--json"))
    assert told["opening"] == 0
    assert told["movements"][-1]["balance"] == owed(book)["bakery"]
    assert sum(row["minor"] for row in told["movements"]) == owed(book)["bakery"]
    later = read(book.done("statement", "bakery", "--from", "2026-04-01", "--json"))
    assert later["opening"] == owed(book)["bakery"] - 1000
    assert [row["source"] for row in later["movements"]] == ["received 1"]
    shown = book.done("statement", "bakery").out.splitlines()
    assert shown[-1].split() == ["2026-04-14", "received", "1", "10.00", "-21.80"]


def test_what_was_booked_is_reversed_not_edited(book):
    book.done("pay", "10", "--received", "bakery", "--ref", "x")
    before = standing(book)["member:bakery"]["credit"]
    assert book.done("reverse", "x", "--note", "returned").code == 0
    assert standing(book)["member:bakery"]["credit"] == before - 1000
    rows = read(book.done("statement", "bank:main", "--json"))["movements"]
    assert [(row["source"], row["minor"]) for row in rows] == [
        ("received x", -1000),
        ("reversal 2", 1000),
    ]
    unknown = book.done("reverse", "y")
    assert (unknown.code, "there is no such transfer" in unknown.err) == (2, True)


def test_tokens_are_money_kept_apart(book):
    refused = book.done("tokens", "bakery", "100 SUN", "--for", "25")
    assert (refused.code, "member:bakery has -3180 minor units" in refused.err) == (1, True)
    assert book.done("limit", "bakery", "100").code == 0
    assert book.done("tokens", "bakery", "100 SUN", "--for", "25").code == 0
    assert standing(book)["wallet:bakery"]["credit"] == 10_000
    assert standing(book)["token:backing"]["credit"] == 2500
    dear = book.done("tokens", "bakery", "40 SUN", "--for", "25.01", "--redeem")
    assert (dear.code, "token:backing has 2500 minor units" in dear.err) == (1, True)
    assert book.done("tokens", "bakery", "100 SUN", "--for", "25", "--redeem").code == 0
    assert standing(book)["wallet:bakery"]["credit"] == 0
    assert read(book.done("balance", "--json"))["balanced"]
    assert read(book.done("statement", "wallet:bakery", "--currency", "SUN", "--json"))["movements"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pay", "5", "--received", "nobody"), "there is no member or party 'nobody'"),
        (("pay", "5", "--made", "deposit:power-co"), "power-co is no member: it has no deposit"),
        (("pay", "5.001", "--received", "bakery"), "no whole number of minor units"),
        (("pay", "0", "--received", "bakery"), "no whole number of minor units above nothing"),
        (("pay", "five", "--received", "bakery"), "is not an amount"),
        (("pay", "5 CHF", "--received", "bakery"), "the book is kept in EUR"),
        (("pay", "5"), "it is not told what was paid"),
        (("pay", "5", "--received", "bakery", "--made", "school"), "it is not told what was paid"),
        (("hold", "deposit:nobody", "5"), "there is no member or party 'nobody'"),
        (("release", "none"), "there is no such hold"),
        (("release", "none", "--capture", "5"), "a capture says how much goes where"),
        (("tokens", "power-co", "5 SUN", "--for", "5"), "tokens are a member's"),
        (("tokens", "bakery", "5 EUR", "--for", "5"), "tokens are a member's"),
        (("statement", "bakery:x"), "there is no member or party 'x'"),
        (("limit", "nobody", "5"), "there is no member or party 'nobody'"),
    ],
)
def test_bad_input_is_named_and_nothing_is_booked(book, arguments, said):
    before = standing(book)
    done = book.done(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert standing(book) == before


def test_operations_that_were_changed_behind_the_book_are_found(book):
    book.done("pay", "10", "--received", "bakery")
    path = book.folder / "book" / "books.db"
    with closing(sqlite3.connect(path)) as database, database:
        body = database.execute("SELECT body FROM journal WHERE kind = 'transfer'").fetchone()[0]
        changed = body.replace(b'"minor":1000', b'"minor":9000')
        assert changed != body
        database.execute("UPDATE journal SET body = ? WHERE kind = 'transfer'", (changed,))
    done = book.done("accounts")
    assert (done.code, "its legs sum to 8000 EUR minor units, not to zero" in done.err) == (3, True)
    done = book.run("books", "verify", "book")
    assert done.code == 1
    assert "✗ every transfer balances" in done.out
