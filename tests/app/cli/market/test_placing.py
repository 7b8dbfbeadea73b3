"""Orders come into a waiting run once each, go on with it, and are paid for at its prices."""

import json

import pytest

SESSION = "2026-06-15.day-ahead"
SLOT = "2026-06-15T13:00"
HEAD = "member,side,slot,quantity [kWh],limit [ct/kWh],key"


def test_an_order_given_twice_is_one(corner, called, cli):
    at = corner()
    before = at.book()
    code, first = at.place("bakery", 2.5, 25)
    again, second = at.place("bakery", 2.5, 25)
    assert (code, again) == (0, 0)
    assert first == second
    assert first["accepted"]
    assert first["key"].startswith("auto-")
    assert first["sequence"] == before["orders"]
    assert [each["status"] for each in at.list()] == ["open"]
    assert at.book()["orders"] == before["orders"] + 1
    other, third = at.place("bakery", 3, 25, "--key", first["key"])
    assert (other, [each["reason"] for each in third["refusals"]]) == (1, ["duplicate"])
    assert at.book()["orders"] == before["orders"] + 1


def test_the_book_has_what_was_ordered(corner):
    at = corner()
    before = {each["slot_start"]: each for each in at.book()["depth"]}
    at.place("bakery", 2.5, 399)
    at.place("solar-park", -0.75, -49)
    after = {each["slot_start"]: each for each in at.book()["depth"]}
    slot = 1_781_521_200
    assert {start for start in after if after[start] != before.get(start)} == {slot}
    assert after[slot]["bid_wh"] == before[slot]["bid_wh"] + 2_500
    assert after[slot]["offered_wh"] == before[slot]["offered_wh"] + 750
    assert after[slot]["best_bid_micro_per_kwh"] == 3_990_000
    assert after[slot]["best_offer_micro_per_kwh"] == -490_000


def test_what_was_placed_trades_is_paid_and_replays(corner, called):
    at = corner()
    at.place("bakery", 2.5, 399, "--key", "bread")
    at.place("solar-park", -1.2, -49, "--key", "noon")
    at.place("workshop", 9, -49, "--key", "cheap")
    for command in (("verify", "run"), ("replay", "run"), ("run", "--resume", "run")):
        assert called(*command, "-q").code == 0, command
    for command in (("verify", "run"), ("replay", "run")):
        assert called(*command, "-q").code == 0
    found = {each["order"]["key"]: each for each in at.list()}
    assert {key: each["status"] for key, each in found.items()} == {
        "bread": "traded",
        "noon": "traded",
        "cheap": "not traded",
    }
    (slot,) = [each for each in at.book()["traded"] if each["slot_start"] == 1_781_521_200]
    price = slot["price_micro_per_kwh"]
    assert found["bread"]["paid_nano"] == 2_500 * price
    assert found["noon"]["paid_nano"] == -1_200 * price
    assert "traded, " in called("order", "list", "run").out
    report = (at.path / "run" / "report.html").read_text(encoding="utf-8")
    assert "People placed or cancelled orders 3 times" in report


def test_an_order_taken_back_does_not_trade(corner, called):
    at = corner()
    at.place("bakery", 2.5, 399, "--key", "bread")
    words = ("order", "cancel", "run", "--member", "bakery", "bread")
    code, told = at.asked(*words)
    assert (code, told["cancelled_wh"]) == (0, 2_500)
    assert at.asked(*words) == (code, told)
    assert at.list("--open") == []
    code, answer = at.place("bakery", 2.5, 399, "--key", "bread")
    assert (code, [each["reason"] for each in answer["refusals"]]) == (1, ["duplicate"])
    assert at.list("--open") == []
    bread = ("--member", "bakery", "--key", "bread", "--buy", "2.5 kWh", "--slot", SLOT)
    done = called("order", "place", "run", *bread, "--limit", "399 ct/kWh")
    assert (done.code, done.out.count("\n"), "to order again name a --key" in done.out) == (
        1,
        2,
        True,
    )
    assert called("run", "--resume", "run", "-q").code == 0
    assert {each["traded_wh"] for each in at.list()} == {0}


def test_an_order_as_its_message_is_the_same_order(corner, called):
    at = corner()
    words = ("--member", "bakery", "--buy", "2500 Wh", "--limit", "0.25 EUR/kWh", "--slot", SLOT)
    printed = called("order", "place", "run", *words, "--print-message")
    message = json.loads(printed.out)
    assert (message["type"], message["session"]) == ("place-order", SESSION)
    assert at.list() == []
    (at.path / "orders.jsonl").write_text(printed.out, encoding="utf-8")
    code, told = at.asked("order", "place", "run", "--file", "orders.jsonl")
    assert (code, told["placed"]) == (0, True)
    assert at.place("bakery", 2.5, 25) == (0, {**told["orders"][0], "line": 0})


def test_a_file_is_placed_whole(corner, called):
    at = corner()
    lines = [HEAD, f"bakery,buy,{SLOT},2.5,25,a", f"workshop,buy,{SLOT},1,30,a"]
    (at.path / "o.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    done = called("order", "place", "run", "--file", "o.csv")
    assert (done.code, done.out.count("✓ line")) == (0, 2)
    assert called("order", "place", "run", "--file", "o.csv", "-q").out == ""
    (at.path / "p.csv").write_text("\n".join([*lines[:2], f"bakery,buy,{SLOT},39,30,b", ""]))
    code, told = at.asked("order", "place", "run", "--file", "p.csv")
    assert (code, told["placed"]) == (1, False)
    assert [(each["accepted"], each["sequence"]) for each in told["orders"]] == [(False, -1)] * 2
    code, told = at.asked("order", "place", "run", "--file", "o.csv")
    assert (code, told["placed"], told["orders"][0]["accepted"]) == (0, True, True)
    words = ("--member", "bakery", "--buy=39kWh", "--limit=30 ct/kWh", "--slot", SLOT)
    code, told = at.asked("order", "place", "run", *words)
    assert (code, told["placed"], told["orders"][0]["accepted"]) == (1, False, False)
    kept = [each["order"]["participant"] for each in at.list() if each["status"] == "open"]
    assert kept == ["bakery", "workshop"]


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        (f"holiday-home,buy,{SLOT},2.5,25,b", 1, "holiday-home is not admitted to the market"),
        (f"bakery,buy,{SLOT},39,30,b", 1, "may have 40,000 Wh per slot on order"),
        (f"nobody,buy,{SLOT},2.5,25,b", 2, "o.csv:3: member: 'nobody' is not known"),
        (f"bakery,buy,{SLOT},2.5 Wh,25,b", 2, "o.csv:3: quantity [kWh]: the column mixes units"),
        (f"bakery,buy,{SLOT},2,500,b", 2, "o.csv:3: limit: 5 EUR/kWh is outside the market"),
        ("bakery,buy,2026-06-15T13:30,2,25,b", 2, "no slot begins then"),
        (f'bakery,buy,{SLOT},"1,5",25,b', 2, "o.csv:3: a number has a comma. Fix: write decimals"),
        (f"bakery,buy,{SLOT},2,25,a", 2, "'a' of bakery is another order in line 2"),
    ],
)
def test_a_file_with_a_fault_leaves_the_book_as_it_was(corner, called, cli, line, code, told):
    at = corner()
    before = cli.content(at.path / "run" / "journal.db")
    lines = [HEAD, f"bakery,buy,{SLOT},2.5,25,a", line]
    (at.path / "o.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    done = called("order", "place", "run", "--file", "o.csv")
    assert done.code == code
    assert told in done.out + done.err
    assert ("nothing was placed" in done.out) == (code == 1)
    assert cli.content(at.path / "run" / "journal.db") == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--buy, --sell: one of them is missing"),
        (("--buy", "1 kWh", "--sell", "1 kWh"), "--buy, --sell: both are given"),
        (("--buy", "1"), "--buy: '1' has no unit. Fix: add one: 1 kWh"),
        (("--buy", "1 kW"), "--buy: 'kW' does not measure an energy"),
        (("--sell", "1,5 kWh"), "--sell: '1,5 kWh' has a comma"),
        (("--buy", "1 kWh", "--limit", "2 USD/kWh"), "--limit: the market trades in EUR"),
        (("--buy", "1 kWh"), "--limit: is missing"),
        (("--buy", "1 kWh", "--slot", "noon"), "--slot: 'noon' is no instant"),
        (("--buy", "1 kWh", "--minimum", "50 %"), "--minimum: an order for one slot has no"),
        (("--buy", "1 kWh", "--slots", "2", "--minimum", "101 %"), "--minimum: is outside 0 to"),
        (("--buy", "1 kWh", "--prefer-partner", "1 ct/kWh"), "no partner is named"),
        (("--buy", "1 kWh", "--prefer-near", "-1 ct/kWh"), "--prefer-near: is negative"),
        (("--buy", "1 kWh", "--slots", "0"), "--slots: '0' is not a number of slots"),
    ],
)
def test_what_cannot_be_read_is_not_placed(corner, called, cli, arguments, told):
    at = corner()
    before = cli.content(at.path / "run" / "journal.db")
    done = called("order", "place", "run", "--member", "bakery", *arguments)
    assert done.code == 2
    assert told in " ".join(done.err.split())
    assert cli.content(at.path / "run" / "journal.db") == before


def test_a_file_says_it_all(corner, called):
    corner()
    done = called("order", "place", "run", "--file", "o.csv", "--member", "bakery")
    assert (done.code, "--file says it all: leave out --member" in done.err) == (2, True)


def test_only_a_run_that_waits_takes_orders(corner, called):
    corner()
    assert called("order", "list", "run").out == "no such orders\n"
    assert called("run", "--resume", "run", "-q").code == 0
    words = ("--member", "bakery", "--buy", "1 kWh", "--limit", "1 ct/kWh", "--slot", SLOT)
    done = called("order", "place", "run", *words)
    assert done.code == 2
    assert "the run has finished: its gates are closed" in done.err
    assert called("order", "place", "nowhere", *words).code == 2
    assert called("order", "list", "run").out == "no such orders\n"


def test_all_that_can_be_told_of_a_file_is_told_at_once(corner, called):
    at = corner()
    lines = [HEAD, f"bakery,buy,{SLOT},2,500,a", f"nobody,buy,{SLOT},2,25,b"]
    (at.path / "o.csv").write_text("\n".join([*lines, "bakery,buy,2026-06-15T13:10,1,-60,c", ""]))
    done = called("order", "place", "run", "--file", "o.csv")
    assert done.code == 2
    for told in ("o.csv:2: limit", "o.csv:3: member", "o.csv:4: slot", "o.csv:4: limit"):
        assert told in done.err, done.err


def test_an_empty_file_and_a_price_of_nothing_are_told_as_what_they_are(corner, called):
    at = corner()
    (at.path / "o.csv").write_text("")
    done = called("order", "place", "run", "--file", "o.csv")
    assert (done.code, "o.csv: the file is empty. Fix: begin with" in done.err) == (2, True)
    words = ("--member", "bakery", "--buy", "1 kWh", "--limit", "nan ct/kWh", "--slot", SLOT)
    done = called("order", "place", "run", *words)
    assert (done.code, "write it as in 25 ct/kWh" in done.err) == (2, True)
    done = called("order", "list", "run", "--member", "nobody")
    assert (done.code, "'nobody' is no member of this run" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("now", "slot", "session", "told"),
    [
        ("", "2026-06-15T19:00", "2026-06-15.intraday-1200", "opens at 2026-06-15T10:00 and"),
        ("", "2026-06-16T13:00", "", "never opens: the last day of this run is 2026-06-15"),
        ("2026-06-14T13:10", "2026-06-15T19:00", SESSION, "intraday-1200, which opens at 2026"),
        ("2026-06-14T13:10", "2026-06-15T02:00", SESSION, "; no later session trades this slot"),
        ("2026-06-15T11:00", "2026-06-15T19:00", SESSION, "-1200, until 2026-06-15T12:00"),
    ],
)
def test_a_session_that_takes_no_orders_says_what_is_possible(
    corner, called, now, slot, session, told
):
    at = corner()
    if now:
        assert called("run", "--resume", "run", "--until", now, "-q").code == 0
    named = ("--session", session) if session else ()
    code, answer = at.place("bakery", 1, 20, *named, slot=slot)
    (text,) = [each["text"] for each in answer["refusals"]]
    assert (code, told in text) == (1, True), text
    assert ("place the order then" in text) == ("opens at 2026-06-15T10:00 and" in told)


def test_what_traded_in_full_cannot_be_taken_back_and_nobody_is_told_to(corner, called):
    corner("mechanism: continuous")
    night = ("--limit", "20 ct/kWh", "--slot", "2026-06-15T02:00")
    done = called("order", "place", "run", "--member", "bakery", "--buy", "1 kWh", *night)
    assert "to take it back: " in done.out
    done = called(
        "order",
        "place",
        "run",
        "--member",
        "solar-park",
        "--sell=1kWh",
        "--limit=-49ct/kWh",
        *night[2:],
    )
    assert "1 kWh of it traded at once" in done.out
    assert "take it back" not in done.out
