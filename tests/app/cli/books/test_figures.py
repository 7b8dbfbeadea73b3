"""Figures of bills: readings, the price without a community, what was paid; kept once issued."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.metering.readings import Channel, Displays, Intervals, Readings, no_displays
from gridpact.metering.store.store import Store

DAY = ("--period", "2026-03-29")
START, END = (
    int(datetime(2026, 3, day, hour, tzinfo=UTC).timestamp()) for day, hour in ((28, 23), (29, 22))
)


@pytest.fixture
def book(lane):
    """A book whose day is settled; ``bill`` returns the bill of a member."""
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    assert lane.run("books", "init", "book", "--rules", "rules/rules.yaml").code == 0

    def settle(*more):
        done = lane.run("settle", "book", *DAY, "--as-of", "2026-04-03T12:00", "-q", *more)
        assert (done.code, done.err) == (0, "")

    def bill(member="bakery", *more):
        done = lane.run("bill", "book", *DAY, "--member", member, "--json", *more)
        assert (done.code, done.err) == (0, "")
        return json.loads(done.out)["bills"][0]

    def pay(amount, account, *more):
        done = lane.run("books", "pay", "book", amount, "--received", account, *more)
        assert (done.code, done.err) == (0, "")

    lane.settle, lane.bill, lane.pay = settle, bill, pay
    return lane


def displayed(book, *shown, known="2026-04-02T10:00Z"):
    """Put displays (channel, instant, Wh, meter) into the book's store."""
    channels = tuple(sorted({channel for channel, *_ in shown}))
    rows = sorted((channels.index(channel), *rest) for channel, *rest in shown)
    *numbers, meters = zip(*rows, strict=True)
    displays = Displays(channels, *(np.array(each, np.int64) for each in numbers), meters)
    none = np.zeros((0, 1))
    slots = Slots(START, 900, 1)
    nothing = Intervals(
        (), slots, none.astype(np.int64), none.astype(np.int8), none.astype(np.int16), ("",)
    )
    store = Store.open(str(book.folder / "rules" / "readings"))
    known_s = int(datetime.fromisoformat(known).timestamp())
    store.commit(Readings("displays", f"digest {known}", nothing, displays), known_s)


def test_registers_are_read_at_the_edges_or_estimated_from_nearby_or_not_read(book):
    withdrawal, injection = Channel("school"), Channel("school", "injection")
    displayed(
        book,
        (withdrawal, START, 5_000_000, "m1"),
        (withdrawal, END, 5_041_000, "m1"),
        (injection, START + 6 * 3600, 900_000, "m1"),
        (Channel("bakery"), END - 1350, 1_000_000, "m7"),
    )
    book.settle()
    registers = {each["name"]: each for each in book.bill("school")["registers"]}
    assert registers["withdrawal"]["start"] == {
        "wh": 5_000_000, "at_s": START, "meter": "m1", "estimated": False,
    }  # fmt: skip
    assert registers["withdrawal"]["end"]["wh"] == 5_041_000
    store = Store.open(str(book.folder / "rules" / "readings"))
    slots = Slots(START, 900, 92)
    school, bakery = store.intervals((injection, Channel("bakery")), slots).wh
    moved = registers["injection"]
    assert (moved["start"]["estimated"], moved["start"]["at_s"]) == (True, START + 6 * 3600)
    assert moved["start"]["wh"] == 900_000 - school[:24].sum()
    assert moved["end"]["wh"] == 900_000 + school[24:].sum()
    assert moved["end"]["wh"] - moved["start"]["wh"] == moved["energy_wh"]
    (shown,) = book.bill("bakery")["registers"]
    part = bakery[90] - bakery[90] * 450 // 900
    assert shown["end"]["wh"] == 1_000_000 + bakery[91] + part
    assert shown["start"]["wh"] == 1_000_000 - bakery[:90].sum() - bakery[90] * 450 // 900
    out = book.run("bill", "book", *DAY, "--member", "school").out
    assert "5,000.000" in out
    assert "(estimated)" in out


def test_what_nobody_read_is_not_read(book):
    book.settle()
    assert all(
        each["start"] is None and each["end"] is None for each in book.bill("school")["registers"]
    )
    assert "not read" in book.run("bill", "book", *DAY, "--member", "school").out


def test_energy_over_time_is_what_the_registers_counted(book):
    book.settle()
    bill = book.bill("school")
    parts = bill["parts"]
    assert len(parts) == 23
    assert [each["first_s"] for each in parts] == [START + 3600 * hour for hour in range(23)]
    assert sum(each["withdrawn_wh"] for each in parts) == bill["energy"]["metered:withdrawal"]
    assert sum(each["injected_wh"] for each in parts) == bill["energy"]["metered:injection"]


def test_without_the_community_everything_comes_from_the_supplier_and_from_outside(book):
    book.settle()
    bill = book.bill("bakery")
    wh = bill["energy"]["metered:withdrawal"]

    def rounded(nano):
        return (nano + 5_000_000) // 10_000_000

    supply, network, levy = (rounded(wh * price) for price in (280_000, 80_000, 20_500))
    taxes = sum((base * 19 + 50) // 100 for base in (supply, network))
    assert bill["supplier_only_minor"] == supply + network + levy + taxes
    assert bill["supplier_only_minor"] > bill["owed_minor"]
    assert book.bill("school")["supplier_only_minor"] is not None


def test_only_what_was_really_paid_ahead_is_deducted(book):
    rules = book.folder / "book" / "rules.yaml"
    agreed = rules.read_text("utf-8").replace(
        "deposit: 50 EUR", "deposit: 50 EUR, prepayment: 40 EUR"
    )
    rules.write_text(agreed, "utf-8")
    book.settle()
    assert book.bill("bakery", "--dry-run")["prepaid_minor"] == 0
    book.pay("12.50", "prepayment:bakery")
    book.pay("50", "deposit:bakery")
    bill = book.bill("bakery")
    assert (bill["owed_minor"], bill["prepaid_minor"], bill["deposit_minor"]) == (3180, 1250, 5000)
    assert bill["due_minor"] == 3180 - 1250
    book.pay("5", "prepayment:bakery")
    assert book.bill("bakery") == bill


def test_a_draw_down_before_the_bill_is_the_same_as_after(book):
    book.settle()
    book.pay("40", "prepayment:bakery")
    before = book.bill("bakery", "--dry-run")["prepaid_minor"]
    assert book.run("books", "draw", "book").code == 0
    assert before == book.bill("bakery")["prepaid_minor"] == 3180
    accounts = json.loads(book.run("books", "accounts", "book", "--json").out)
    (left,) = (each["credit"] for each in accounts if each["account"] == "prepayment:bakery")
    assert left == 4000 - 3180


def test_the_period_before_is_compared_and_uses_prepayments_first(book):
    before = ("--period", "2026-03-28")
    channels = (Channel("bakery"), Channel("school"), Channel("school", "injection"))
    slots = Slots(START - 96 * 900, 900, 96)
    wh = np.repeat([[300], [100], [0]], 96, axis=1)
    marks = (np.ones((3, 96), np.int8), np.zeros((3, 96), np.int16), ("",))
    store = Store.open(str(book.folder / "rules" / "readings"))
    told = Readings("day", "day", Intervals(channels, slots, wh, *marks), no_displays(()))
    store.commit(told, int(datetime(2026, 4, 2, tzinfo=UTC).timestamp()))
    settled = book.run("settle", "book", *before, "--as-of", "2026-04-03T12:00", "-q")
    assert (settled.code, settled.err) == (0, "")
    book.settle()
    book.pay("40", "prepayment:bakery")
    done = book.run("bill", "book", *before, "--member", "bakery", "--json")
    first = json.loads(done.out)["bills"][0]
    assert (first["prepaid_minor"], first["due_minor"]) == (first["owed_minor"], 0)
    second = book.bill("bakery")
    assert second["prepaid_minor"] == 4000 - first["owed_minor"] < second["owed_minor"]
    assert second["last"] == {
        "name": "2026-03-28",
        "withdrawn_wh": 28_800,
        "injected_wh": 0,
        "owed_minor": first["owed_minor"],
    }
    assert first["last"] is None


def test_who_joined_since_has_no_period_before(lane):
    rules = lane.folder / "rules" / "rules.yaml"
    text = rules.read_text("utf-8")
    joined = text.replace("{id: school,", "{id: school, from: 2026-03-29,")
    assert joined != text
    rules.write_text(joined, "utf-8")
    lane.imported("march-29-corrected", "2026-04-02T09:30")
    channels = (Channel("bakery"),)
    slots = Slots(START - 96 * 900, 900, 96)
    marks = (np.ones((1, 96), np.int8), np.zeros((1, 96), np.int16), ("",))
    day = Intervals(channels, slots, np.full((1, 96), 300), *marks)
    store = Store.open(str(lane.folder / "rules" / "readings"))
    store.commit(Readings("day", "day", day, no_displays(())), START + 5 * 86_400 - 86_400)
    assert lane.run("books", "init", "book", "--rules", "rules/rules.yaml").code == 0
    found = {}
    for period in ("2026-03-28", "2026-03-29"):
        told = ("--period", period)
        assert lane.run("settle", "book", *told, "--as-of", "2026-04-03T12:00", "-q").code == 0
        done = lane.run("bill", "book", *told, "--json")
        assert (done.code, done.err) == (0, "")
        found[period] = json.loads(done.out)
    for member, before in (("bakery", 28_800), ("school", None)):
        done = lane.run("bill", "book", *DAY, "--member", member, "--json")
        (bill,) = json.loads(done.out)["bills"]
        assert (bill["last"] and bill["last"]["withdrawn_wh"]) == before


def test_what_was_issued_never_changes(book):
    displayed(book, (Channel("bakery"), START, 7_000_000, "m7"))
    book.settle()
    bill = book.bill("bakery")
    displayed(book, (Channel("bakery"), START, 9_000_000, "m7"), known="2026-04-03T11:00Z")
    book.pay("10", "prepayment:bakery")
    assert book.bill("bakery") == bill
    assert book.run("books", "verify", "book").code == 0


def test_what_is_told_after_a_run_of_before_it_is_on_no_bill_of_it(book):
    displayed(book, (Channel("bakery"), START, 7_000_000, "m7"))
    book.settle()
    before = book.bill("bakery", "--dry-run")
    displayed(book, (Channel("bakery"), START, 9_000_000, "m7"), known="2026-04-02T11:00Z")
    map_ = Path(__file__).parents[4] / "examples" / "readings" / "map.yaml"
    late = ("rules/march-29-late.csv", "--map", map_, "--into", "rules/readings")
    done = book.run("import", "readings", *late, "--known-at", "2026-04-02T12:00", "--commit", "-q")
    assert (done.code, done.err) == (0, "")
    bill = book.bill("bakery", "--dry-run")
    assert {**bill, "documents": []} == {**before, "documents": []}
    assert sum(each["withdrawn_wh"] for each in bill["parts"]) == 82_435  # as the run has it


def test_changed_figures_are_found(book):
    import polars as pl

    book.settle()
    book.bill("bakery")
    path = book.folder / "book" / "invoices" / "0001" / "members.parquet"
    pl.read_parquet(path).with_columns(pl.col("prepaid_minor") + 1).write_parquet(path)
    done = book.run("books", "verify", "book")
    assert done.code == 1
    assert "figures of bills are not as they were issued" in done.out
    path.unlink()
    done = book.run("bill", "book", *DAY)
    assert done.code == 3
    assert "figures of bills are damaged" in done.err


def test_where_figures_cannot_be_kept_nothing_is_issued(book):
    book.settle()
    place = book.folder / "book" / "invoices"
    place.write_text("in the way")
    done = book.run("bill", "book", *DAY)
    assert (done.code, "what was booked before is intact" in done.err) == (3, True)
    place.unlink()
    numbers = {
        each["number"]
        for each in json.loads(book.run("bill", "book", *DAY, "--json").out)["documents"]
    }
    assert "power-co-000001" in numbers
    assert book.run("books", "verify", "book").code == 0


def test_a_correction_is_billed_with_figures_of_its_own(book):
    book.settle()
    book.pay("12.50", "prepayment:bakery")
    first = book.bill("bakery")
    map_ = Path(__file__).parents[4] / "examples" / "readings" / "map.yaml"
    late = ("rules/march-29-late.csv", "--map", map_, "--into", "rules/readings")
    done = book.run("import", "readings", *late, "--known-at", "2026-04-20T08:00", "--commit", "-q")
    assert (done.code, done.err) == (0, "")
    assert book.run("correct", "book", *DAY, "--as-of", "2026-04-21T12:00", "-q").code == 0
    book.pay("5", "prepayment:bakery")
    second = book.bill("bakery")
    assert (first["prepaid_minor"], second["prepaid_minor"]) == (1250, 1750)
    assert second["owed_minor"] == first["owed_minor"] + 28
    assert second["billed_minor"] == first["due_minor"] == 3180 - 1250
    assert second["due_minor"] == 28 - 500
    assert "billed before" in book.run("bill", "book", *DAY, "--member", "bakery").out
    assert (
        sum(each["withdrawn_wh"] for each in second["parts"])
        == second["energy"]["metered:withdrawal"]
    )
    assert {each.name for each in (book.folder / "book" / "invoices").iterdir()} == {"0001", "0002"}
    assert book.run("books", "verify", "book").code == 0
