"""What became of every order: open, carried, expired, cut, traded in part, as the market tells."""

import pytest

SESSION = "2026-06-15.day-ahead"
NEXT = "2026-06-15.intraday-1200"
EVENING = "2026-06-15T19:00"


def statuses(at, *arguments):
    return [(each["order"]["key"], each["session"], each["status"]) for each in at.list(*arguments)]


def until(called, instant):
    assert called("run", "--resume", "run", "--until", instant, "-q").code == 0


def test_an_order_valid_beyond_its_gate_goes_on_to_the_next_session(corner, called):
    at = corner()
    valid = ("--valid-until", "2026-06-15T12:30")
    assert at.place("bakery", 2, -10, "--key", "late", *valid, slot=EVENING)[0] == 0
    assert at.place("bakery", 3, -10, "--key", "gate", slot=EVENING)[0] == 0
    until(called, "2026-06-14T13:00")
    assert statuses(at) == [
        ("late", SESSION, "not traded"),
        ("gate", SESSION, "not traded"),
        ("late", NEXT, "waits for the session to open"),
    ]
    assert [key for key, _, _ in statuses(at, "--open")] == ["late"]
    until(called, "2026-06-15T10:30")
    assert statuses(at)[2:] == [("late", NEXT, "open")]
    assert at.list("--open")[0]["left_wh"] == 2_000
    code, told = at.asked("order", "cancel", "run", "--member", "bakery", "late")
    assert (code, told["session"], told["cancelled_wh"]) == (0, NEXT, 2_000)
    assert statuses(at)[2:] == [("late", NEXT, "cancelled")]
    assert called("verify", "run", "-q").code == 0


def test_an_order_expires_before_its_gate(corner, called):
    at = corner()
    valid = ("--valid-until", "2026-06-14T12:30")
    assert at.place("bakery", 2, 399, "--key", "soon", *valid)[0] == 0
    assert statuses(at) == [("soon", SESSION, "open")]
    until(called, "2026-06-14T12:30")
    assert statuses(at) == [("soon", SESSION, "expired")]
    assert at.list("--open") == []
    done = called("order", "cancel", "run", "--member", "bakery", "soon")
    assert (done.code, "has expired" in done.out) == (1, True)
    until(called, "2026-06-14T13:00")
    (order,) = at.list()
    assert (order["status"], order["traded_wh"], order["left_wh"]) == ("not traded", 0, 0)


def test_what_traded_in_part_says_how_much(corner, called):
    at = corner()
    assert at.place("bakery", 10, 35, "--key", "much", slot="2026-06-15T02:00")[0] == 0
    assert at.place("workshop", -1.5, -49, "--key", "some", slot="2026-06-15T02:00")[0] == 0
    until(called, "2026-06-14T13:00")
    much, some = at.list()
    assert (much["status"], some["status"]) == ("traded in part", "traded")
    assert much["traded_wh"] == some["traded_wh"] == 1_500
    assert much["paid_nano"] == -some["paid_nano"]
    text = called("order", "list", "run").out
    assert "traded in part, 1.5 kWh traded, " in text
    assert " EUR paid" in text
    assert " EUR received" in text


def test_a_continuous_market_tells_at_once(corner, called):
    at = corner("mechanism: continuous")
    slot = "2026-06-15T02:00"
    assert at.place("bakery", 3, 30, "--key", "a", slot=slot)[1]["traded_wh"] == 0
    code, sold = at.place("workshop", -2, 10, "--key", "b", slot=slot)
    assert (code, sold["traded_wh"]) == (0, 2_000)
    first, second = at.list()
    assert (first["status"], first["traded_wh"], first["left_wh"]) == ("open", 2_000, 1_000)
    assert (second["status"], second["traded_wh"], second["left_wh"]) == ("traded", 2_000, 0)
    code, told = at.asked("order", "cancel", "run", "--member", "bakery", "a")
    assert (code, told["cancelled_wh"]) == (0, 1_000)
    until(called, "2026-06-14T13:00")
    first, second = at.list()
    assert (first["status"], first["paid_nano"]) == ("traded in part", 2_000 * 300_000)
    assert (second["status"], second["paid_nano"]) == ("traded", -2_000 * 300_000)


def test_an_order_is_cut_where_it_would_meet_its_own_member(corner, called):
    at = corner("mechanism: continuous")
    slot = "2026-06-15T02:00"
    at.place("workshop", 2, 35, "--key", "buy", slot=slot)
    words = ("--member", "workshop", "--sell", "3 kWh", "--limit", "1 ct/kWh", "--slot", slot)
    done = called("order", "place", "run", *words)
    assert (done.code, "cut as it would have met workshop itself" in done.out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        ((), ["a", "b", "c"]),
        (("--member", "bakery"), ["a", "c"]),
        (("--session", SESSION), ["a", "b"]),
        (("--open",), ["a", "b"]),
        (("--open", "--member", "workshop"), ["b"]),
    ],
)
def test_the_list_can_be_narrowed(corner, arguments, keys):
    at = corner()
    at.place("bakery", 1, 20, "--key", "a")
    at.place("workshop", 1, 20, "--key", "b")
    at.place("bakery", 1, 20, "--key", "c", slot="2026-06-16T13:00")
    assert [key for key, _, _ in statuses(at, *arguments)] == keys


def test_blocks_are_listed_over_all_their_slots(corner, called):
    at = corner("mechanism: block-orders")
    night = "2026-06-15T01:00"
    code, answer = at.place("workshop", -1, 5, "--slots", "3", "--key", "block", slot=night)
    assert (code, answer["accepted"]) == (0, True)
    linked = ("--slots", "2", "--parent", "block", "--minimum", "50 %", "--key", "child")
    assert at.place("workshop", -1, 5, *linked, slot=night)[0] == 0
    assert at.place("bakery", 9, 35, "--key", "a", slot=night)[0] == 0
    assert [each["left_wh"] for each in at.list()] == [3_000, 2_000, 9_000]
    until(called, "2026-06-14T13:00")
    found = {each["order"]["key"]: each for each in at.list()}
    assert all(found[key]["traded_wh"] in (0, 2_000, 3_000) for key in ("block", "child"))
    assert called("market", "clear", "run", "--session", SESSION).code == 0
    assert called("verify", "run", "-q").code == 0


def test_a_block_cannot_trade_once_its_parent_was_taken_back(corner, called):
    at = corner("mechanism: block-orders")
    night = "2026-06-15T01:00"
    at.place("workshop", -1, 5, "--slots", "3", "--key", "block", slot=night)
    for key, parent in (("child", "block"), ("grandchild", "child"), ("late", "block")):
        linked = ("--slots", "2", "--parent", parent, "--key", key)
        assert at.place("workshop", -1, 5, *linked, slot=night)[0] == 0
    before = at.book()["orders"]
    cancel = ("order", "cancel", "run", "--member", "workshop")
    assert at.asked(*cancel, "block")[0] == 0
    barred = "its parent was cancelled", "its parent cannot trade"
    told = [(each["status"], each["because"], each["left_wh"]) for each in at.list()]
    assert told[1:3] == [("cannot trade", why, 0) for why in barred]
    assert at.list("--open") == []
    book = at.book()
    assert (book["orders"], book["withdrawn"]) == (before - 4, 4)
    done = called(*cancel, "late")
    assert (done.code, "it could not trade, as its parent cannot" in done.out) == (0, True)
    until(called, "2026-06-14T13:00")
    told = {each["order"]["key"]: each for each in at.list()}
    assert [each["status"] for each in told.values()] == [
        "cancelled", "not traded", "not traded", "cancelled",
    ]  # fmt: skip
    assert [told[key]["because"] for key in ("child", "grandchild")] == list(barred)
    assert {each["traded_wh"] for each in told.values()} == {0}
    text = called("order", "list", "run").out
    assert "not traded: its parent was cancelled" in text
    done = called(*cancel, "child")
    assert (done.code, "place the order" in done.out) == (1, False)
    shown = at.asked("market", "show", "run")[1]
    (line,) = [each for each in shown["sessions"] if each["session"] == SESSION]
    assert line["orders"] == at.book()["orders"]
    again = called("market", "clear", "run", "--session", SESSION).out
    assert f"{SESSION}: {line['orders']:,} orders by" in again


def test_amounts_say_that_fees_are_apart_where_there_are_any(corner, called):
    at = corner("mechanism: uniform-price, buyer_fee_ct_per_kwh: 0.5")
    slot = "2026-06-15T02:00"
    at.place("bakery", 1, 35, "--key", "much", slot=slot)
    at.place("workshop", -1, -49, "--key", "some", slot=slot)
    until(called, "2026-06-14T13:00")
    text = called("order", "list", "run").out
    assert text.count(" EUR paid without fees") == 1
    assert " EUR received without fees" not in text
