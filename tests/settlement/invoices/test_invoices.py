"""Documents from lines, held against sums in Python fractions and the rules of EN 16931."""

from fractions import Fraction

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.base.rounding import RULES
from gridpact.settlement.invoices.bill import (
    Bill,
    energy_of,
    owed,
    registers_of,
)
from gridpact.settlement.invoices.document import CREDITS, INVOICE, SELF_BILLED, digest
from gridpact.settlement.invoices.drafting import drafts
from gridpact.settlement.invoices.issuing import First, Issue, issue, standing
from gridpact.settlement.invoices.numbering import Numbering
from gridpact.settlement.lines import MEMBER, Head, Lines, joined, received
from gridpact.settlement.periods.energy import SOURCES
from gridpact.settlement.periods.rules import Member, Rate, Rules, Span, Tax
from gridpact.settlement.periods.taxing import taxed
from gridpact.settlement.runs.run import Run

DAY = 86_400
PERIOD, CHANGE = Span(0, 31 * DAY), 12 * DAY
MEMBERS = ("bakery", "mill", "school")
MINOR = 10_000_000
HEADS = (
    Head("supply", "supply", "energy", MEMBER, "power", "EUR", "supplier:in", ("vat",)),
    Head("supply", "standing", "fee", MEMBER, "power", "EUR", "", ("vat",)),
    Head("supply", "feed-in", "feed-in", "power", MEMBER, "EUR", "supplier:out"),
    Head("grid", "network", "network", MEMBER, "grid", "EUR", "metered:withdrawal", ("vat",)),
    Head("grid", "levy", "levy", MEMBER, "grid", "EUR", "metered:withdrawal"),
    Head("sharing", "sharing", "sharing", "lane", MEMBER, "EUR", "shared:out", ("reduced",)),
)


def rules(rounding="half-away", before=160_000, after=190_000):
    rates = (Rate(Span(end_s=CHANGE), before), Rate(Span(first_s=CHANGE), after))
    return Rules(
        name="lane",
        currency="EUR",
        minor_nano=MINOR,
        rounding=rounding,
        timezone="UTC",
        step_s=900,
        parties={"lane": "operator", "power": "supplier", "grid": "dso"},
        members=tuple(Member(name, name) for name in MEMBERS),
        clauses=(),
        taxes=(
            Tax("vat", ("supply.supply", "supply.standing", "grid.network"), rates),
            Tax("reduced", ("sharing",), (Rate(Span(), 0),)),
        ),
    )


def run(number=1):
    return Run(
        number=number,
        period="1970-01",
        first_s=PERIOD.first_s,
        end_s=PERIOD.end_s,
        kind="initial" if number == 1 else "revised",
        as_of_s=PERIOD.end_s,
        rules="",
        readings="",
        series={},
        sharing="",
        lines="",
        booked="",
    )


def lines_of(book, rows):
    """Lines of (head, member, half, energy, nano), rounded, with the taxes on them."""
    spans = ((0, CHANGE), (CHANGE, PERIOD.end_s))
    found = {(head, member, half): (wh, nano) for head, member, half, wh, nano in rows}
    table = np.array(
        [[h, m, *spans[half], wh, nano] for (h, m, half), (wh, nano) in found.items()], np.int64
    ).reshape(-1, 6)
    head, owner, first, end, energy, nano = table.T
    minor = RULES[book.rounding](nano, MINOR)
    base = joined([Lines(HEADS, MEMBERS, head, owner, first, end, energy, nano, minor)])
    return joined([base, *taxed(book, [base], PERIOD)])


ROW = st.tuples(
    st.integers(0, len(HEADS) - 1),
    st.integers(0, len(MEMBERS) - 1),
    st.integers(0, 1),
    st.integers(0, 3_000_000) | st.just(0),
    st.integers(-(10**12), 10**12),
)
ROWS = st.lists(ROW, max_size=24)
BOOKS = st.builds(rules, st.sampled_from(sorted(RULES)))


def issued(book, rows_of_runs):
    """All documents of one run after the other."""
    found, counts = [], {}
    for number, rows in enumerate(rows_of_runs, start=1):
        made = drafts(book, run(number), lines_of(book, rows))
        new = issue(made, standing(found), Issue(PERIOD.end_s + number, PERIOD.end_s + 99, counts))
        for document in new:
            counts[document.issuer] = counts.get(document.issuer, 0) + 1
        found += new
    return found


def rounded(amount, book):
    """Round a fraction to a whole by a named rule."""
    if book.rounding == "half-even":
        return round(amount)
    sign = -1 if amount < 0 else 1
    return sign * int(abs(amount) + Fraction(1, 2))


@settings(deadline=None)
@given(BOOKS, st.lists(ROWS, min_size=1, max_size=4))
def test_documents_come_to_what_the_last_run_came_to(book, runs):
    owes = dict.fromkeys((*MEMBERS, *book.parties), 0)
    for document in issued(book, runs):
        owes[document.buyer] -= document.owed_minor
        owes[document.seller] += document.owed_minor
    settled = received(lines_of(book, runs[-1])).get("EUR", {})
    assert {name: amount for name, amount in owes.items() if amount} == {
        name: amount for name, amount in settled.items() if amount
    }


@settings(deadline=None)
@given(BOOKS, ROWS)
def test_totals_are_those_of_the_standard(book, rows):
    for document in drafts(book, run(), lines_of(book, rows)):
        assert [item.id for item in document.items] == [*range(1, len(document.items) + 1)]
        pairs = [(tax.category, tax.rate_ppm) for tax in document.taxes]
        assert len(pairs) == len({*pairs})
        assert {*pairs} == {(item.category, item.rate_ppm) for item in document.items}
        assert not ("O" in dict(pairs) and len(pairs) > 1)  # BR-O-11
        for tax in document.taxes:  # BR-S-08, BR-CO-17
            mine = [i.minor for i in document.items if i.rate_ppm == tax.rate_ppm]
            assert tax.base_minor == sum(mine)
            assert tax.minor == rounded(Fraction(sum(mine) * tax.rate_ppm, 10**6), book)
        assert document.net_minor == sum(item.minor for item in document.items)  # BR-CO-10
        assert document.tax_minor == sum(tax.minor for tax in document.taxes)  # BR-CO-14
        assert document.total_minor == document.net_minor + document.tax_minor  # BR-CO-15


@settings(deadline=None)
@given(BOOKS, ROWS)
def test_quantity_times_price_is_the_exact_amount_to_the_last_digit_of_the_price(book, rows):
    lines = lines_of(book, rows)
    exact = {
        (lines.heads[lines.head[n]].name, lines.owners[lines.owner[n]], int(lines.first_s[n])): n
        for n in range(len(lines))
    }
    for document in drafts(book, run(), lines):
        for item in document.items:
            row = exact[item.name, document.owner, item.first_s]
            assert item.price_nano >= 0  # BR-27
            assert item.minor == lines.minor[row]
            off = Fraction(item.quantity_milli, 1000) * item.price_nano - int(lines.nano[row])
            assert abs(off) <= Fraction(abs(item.quantity_milli), 2000)
            assert abs(item.quantity_milli) == (abs(lines.energy_wh[row]) or 1000)


@settings(deadline=None)
@given(BOOKS, st.lists(ROWS, min_size=1, max_size=4))
def test_numbers_have_no_gaps_and_credit_notes_take_back_what_stood(book, runs):
    documents = issued(book, runs)
    numbers = {}
    stood = {}
    for document in documents:
        numbers.setdefault(document.issuer, []).append(document.number)
        if document.credit:
            taken = stood.pop(document.refers)
            assert document.code == CREDITS[taken.code]
            assert (document.items, document.taxes) == (taken.items, taken.taxes)
            assert document.owed_minor == -taken.owed_minor
        else:
            stood[document.number] = document
    for issuer, mine in numbers.items():
        assert mine == [f"{issuer}-{n:06d}" for n in range(1, len(mine) + 1)]
    assert stood == {each.number: each for each in standing(documents).values()}


@settings(deadline=None)
@given(BOOKS, ROWS)
def test_nothing_is_issued_where_nothing_changed(book, rows):
    documents = issued(book, [rows, rows])
    assert documents == issued(book, [rows])
    assert digest(documents) == digest(issued(book, [rows]))


def test_a_member_that_sells_is_billed_by_the_buyer():
    rows = [(0, 0, 0, 1_000, 280_000_000), (2, 0, 0, 2_000, 160_000_000)]
    sold, bought = issued(rules(), [rows])
    assert (sold.code, sold.seller, sold.buyer) == (SELF_BILLED, "bakery", "power")
    assert (bought.code, bought.seller, bought.buyer) == (INVOICE, "power", "bakery")
    assert {bought.issuer, sold.issuer} == {"power"}
    assert (bought.total_minor, sold.total_minor) == (28 + 4, 16)
    assert owed([bought, sold], "bakery", "EUR") == 16


def test_lines_on_both_sides_of_a_change_of_rate_are_taxed_apart():
    rows = [(0, 0, half, 1_000, 10**9) for half in (0, 1)]
    (document,) = issued(rules(), [rows])
    assert [(tax.rate_ppm, tax.base_minor, tax.minor) for tax in document.taxes] == [
        (160_000, 100, 16),
        (190_000, 100, 19),
    ]


def test_money_that_flows_the_other_way_has_a_negative_quantity():
    (document,) = issued(rules(), [[(0, 0, 0, 1_000, -(10**9)), (1, 0, 0, 0, 3 * 10**9)]])
    quantities = {item.name: (item.quantity_milli, item.unit) for item in document.items}
    assert quantities == {"supply.supply": (-1000, "KWH"), "supply.standing": (1000, "C62")}
    assert {item.price_nano for item in document.items} == {10**9, 3 * 10**9}


def test_two_taxes_on_a_line_are_refused():
    book = rules()
    lines = lines_of(book, [(0, 0, 0, 1_000, 10**9)])
    double = tuple(msgspec.structs.replace(h, taxes=("vat", "reduced")) for h in lines.heads)
    with pytest.raises(BadInput, match="an invoice line states one"):
        drafts(book, run(), msgspec.structs.replace(lines, heads=double))


def test_a_rate_that_comes_twice_is_refused():
    book = rules(before=190_000)
    with pytest.raises(BadInput, match="has the rate of 19 % twice"):
        drafts(book, run(), lines_of(book, [(0, 0, half, 1_000, 10**9) for half in (0, 1)]))


def test_a_bill_nets_documents_against_what_was_paid_ahead():
    rows = [(0, 0, 0, 1_000, 10**9), (2, 0, 0, 1_000, 10**8), (0, 1, 0, 1_000, 10**9)]
    documents = issued(rules(), [rows])
    energy = energy_of(np.arange(len(SOURCES) * 3).reshape(-1, 3), 1)
    bill = Bill(
        member="bakery",
        period="1970-01",
        first_s=0,
        end_s=PERIOD.end_s,
        currency="EUR",
        documents=tuple(each for each in documents if each.owner == "bakery"),
        registers=registers_of(Member("bakery", "bakery", registers=("withdrawal",)), energy),
        energy=energy,
        prepaid_minor=150,
        deposit_minor=5000,
    )
    assert (bill.owed_minor, bill.due_minor) == (116 - 10, 106 - 150)
    assert len(bill.documents) == 2
    (register,) = bill.registers
    assert (register.name, register.energy_wh) == ("withdrawal", 1)
    assert (register.start, register.end) == (None, None)


@settings(deadline=None)
@given(BOOKS, ROWS)
def test_documents_come_in_order_of_key_and_are_found_by_owner_and_line(book, rows):
    lines = lines_of(book, rows)
    found = drafts(book, run(), lines)
    keys = [document.key for document in found]
    assert keys == sorted({*keys})
    assert [found[place] for place in range(len(found))] == found[:] == list(found)
    for owner in (*MEMBERS, "nobody"):
        mine = [document for document in found if document.owner == owner]
        assert [found[place] for place in found.of(owner)] == mine
    for place, document in enumerate(found):
        for item in document.items:
            row = found.row(place, item.id)
            assert (item.minor, item.first_s) == (lines.minor[row], lines.first_s[row])
            assert item.name == lines.heads[lines.head[row]].name
            assert document.owner == lines.owners[lines.owner[row]]


@settings(deadline=None)
@given(BOOKS, ROWS, st.dictionaries(st.sampled_from(("grid", "power")), st.integers(1, 9)))
def test_what_is_issued_first_is_found_by_number(book, rows, counts):
    how = Issue(PERIOD.end_s, PERIOD.end_s + 99, counts)
    made = drafts(book, run(), lines_of(book, rows))
    found, expected = First(made, how), issue(made, {}, how)
    assert list(found) == found[:] == expected
    for place, document in enumerate(expected):
        issuer, _, number = document.number.rpartition("-")
        assert found.place(issuer, int(number)) == place
    for owner in MEMBERS:
        assert found.of(owner) == [each for each in expected if each.owner == owner]
    last = {name: found.added.get(name, 0) + counts.get(name, 0) for name in book.parties}
    assert all(found.place(name, last[name] + 1) is None for name in last)
    assert found.place("nobody", 1) is None


@settings(deadline=None)
@given(BOOKS, ROWS, st.dictionaries(st.sampled_from(["power", "grid", "lane"]), st.integers(0, 9)))
def test_numbers_are_told_without_making_documents(book, rows, counts):
    lines = lines_of(book, rows)
    every = First(drafts(book, run(), lines), Issue(1, 2, counts))
    columns = lines.head, lines.owner, lines.minor
    told = Numbering(lines.heads, MEMBERS, len(lines.owners), columns)
    assert told.added == every.added
    for document in every:
        number = int(document.number.rpartition("-")[2])
        owner = told.owner(document.issuer, number - counts.get(document.issuer, 0) - 1)
        assert owner is not None
        assert lines.owners[owner] == document.owner
        mine = lines.where(lines.owner == owner)
        alone = First(drafts(book, run(), mine), Issue(1, 2, told.counts(owner, counts)))
        place = alone.place(document.issuer, number)
        assert place is not None
        assert alone[place] == document
    for issuer in ("power", "nobody"):
        assert told.owner(issuer, told.added.get(issuer, 0)) is None
        assert told.owner(issuer, -1) is None
