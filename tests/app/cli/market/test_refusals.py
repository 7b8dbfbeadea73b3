"""Every reason for refusing an order, as a person meets it; the book stays as it was."""

import pytest

from gridpact.market.orders import Refusal

UNIFORM, CONTINUOUS = "mechanism: uniform-price", "mechanism: continuous"
BLOCKS, PREFERENCE = "mechanism: block-orders", "mechanism: preference"
RATED = "mechanism: uniform-price, lowest_rating_percent: 100"
REFUSED = [
    # rules, member, kWh, ct/kWh, what else is said, every reason
    (UNIFORM, "bakery", 1, 20, ["--slot", "2026-06-16T13:00"], ["gate_closed"]),
    (
        UNIFORM,
        "bakery",
        1,
        20,
        ["--slot", "2026-06-16T13:00", "--session", "2026-06-15.day-ahead"],
        ["unknown_slot"],
    ),
    (UNIFORM, "bakery", 1, 20, ["--session", "2026-06-15.noon"], ["gate_closed"]),
    (UNIFORM, "bakery", 1, 20, ["--slot", "2026-06-15T13:30"], ["unknown_slot"]),
    (UNIFORM, "holiday-home", 1, 20, [], ["not_authorised"]),
    (UNIFORM, "nobody", 1, 20, [], ["not_authorised"]),
    (UNIFORM, "bakery", 0, 20, [], ["quantity"]),
    (UNIFORM, "workshop", 1_000_001, 20, [], ["quantity"]),
    (UNIFORM, "bakery", 1, 401, [], ["price_limit"]),
    (UNIFORM, "solar-park", -1, -51, [], ["price_limit"]),
    (UNIFORM, "bakery", 39.9, 10, [], ["volume_limit"]),
    (UNIFORM, "bakery", 30, 399, [], ["collateral"]),
    (UNIFORM, "bakery", 1, 20, ["--zone", "lane"], ["unknown_location"]),
    (UNIFORM, "bakery", 1, 20, ["--zone", "moon"], ["unknown_location"]),
    (UNIFORM, "bakery", 1, 20, ["--valid-until", "2026-06-14T12:00"], ["validity"]),
    (UNIFORM, "bakery", 1, 20, ["--slots", "3"], ["block"]),
    (UNIFORM, "bakery", 1, 20, ["--group", "g"], ["block"]),
    (UNIFORM, "bakery", 1, 20, ["--prefer-green", "1 ct/kWh"], ["attribute"]),
    (UNIFORM, "bakery", 1, 20, ["--partner", "moon"], ["unknown_partner", "attribute"]),
    (BLOCKS, "bakery", 1, 20, ["--parent", "none"], ["block"]),
    (BLOCKS, "bakery", 1, 20, ["--slots", "30"], ["unknown_slot"]),
    (PREFERENCE, "bakery", 1, 20, ["--partner", "bakery"], ["unknown_partner"]),
    (PREFERENCE, "bakery", 1, 20, ["--slots", "2"], ["block"]),
    (RATED, "bakery", 1, 20, [], ["rating"]),
    (
        UNIFORM,
        "nobody",
        0,
        500,
        ["--slots", "2", "--zone", "moon", "--valid-until", "2026-06-14T11:59"],
        ["not_authorised", "quantity", "price_limit", "unknown_location", "validity", "block"],
    ),
]


@pytest.mark.parametrize(("rules", "member", "kwh", "limit", "more", "reasons"), REFUSED)
def test_a_refused_order_says_why_and_leaves_the_book(
    corner, rules, member, kwh, limit, more, reasons
):
    at = corner(rules)
    before = at.book()
    slot = more[1] if more[:1] == ["--slot"] else "2026-06-15T13:00"
    rest = more[2:] if more[:1] == ["--slot"] else more
    code, answer = at.place(member, kwh, limit, *rest, slot=slot)
    assert (code, answer["accepted"], answer["sequence"]) == (1, False, -1)
    assert [each["reason"] for each in answer["refusals"]] == reasons
    assert all(len(each["text"]) > 20 for each in answer["refusals"])
    assert at.book() == before
    (kept,) = at.list()
    assert kept["status"] == "refused"
    assert [each["reason"] for each in kept["refusals"]] == reasons


def test_a_suspended_member_is_out_until_it_is_reinstated(corner, called):
    at = corner()
    assert at.place("workshop", 1, 20, "--key", "a")[0] == 0
    words = ("--member", "workshop", "--reason", "meter not sealed")
    assert called("market", "suspend", "run", *words).out.startswith("✓ workshop is suspended; ")
    code, answer = at.place("workshop", 1, 20, "--key", "b")
    assert (code, [each["reason"] for each in answer["refusals"]]) == (1, ["suspended"])
    assert [each["status"] for each in at.list()] == ["withdrawn", "refused"]
    assert "withdrawn: suspended" in called("order", "list", "run").out
    assert "suspended: workshop (meter not sealed)" in called("market", "show", "run").out
    _, shown = at.asked("market", "show", "run")
    assert shown["suspended"] == [{"member": "workshop", "reason": "meter not sealed"}]
    assert [each["session"] for each in shown["sessions"]] == ["2026-06-15.day-ahead"]
    assert called("market", "suspend", "run", *words).out.endswith("; 0 open orders withdrawn\n")
    assert called("market", "reinstate", "run", *words).code == 0
    assert "suspended" not in called("market", "show", "run").out
    assert at.asked("market", "show", "run")[1]["suspended"] == []
    code, answer = at.place("workshop", 1, 20, "--key", "a")
    (text,) = [each["text"] for each in answer["refusals"]]
    assert code == 1
    assert text.startswith("the order under this key was withdrawn when workshop was suspended")
    done = called("market", "reinstate", "run", *words)
    assert (done.code, "workshop is not suspended" in done.out) == (1, True)
    done = called("market", "suspend", "run", "--member", "workshop", "--reason", " ")
    assert (done.code, "--reason: is empty" in done.err) == (2, True)
    assert at.place("workshop", 1, 20, "--key", "c")[0] == 0
    assert called("verify", "run", "-q").code == 0
    assert called("run", "--resume", "run", "-q").code == 0
    assert called("verify", "run", "-q").code == 0
    done = called("market", "suspend", "run", "--member", "moon", "--reason", "x")
    assert done.code == 2


def test_what_cannot_be_taken_back_says_why(corner, called):
    at = corner(CONTINUOUS)
    assert at.place("solar-park", -1, -49, "--key", "noon")[0] == 0
    code, answer = at.place("workshop", 1, 399, "--key", "bread")
    assert (code, answer["traded_wh"]) == (0, 1_000)
    done = called("order", "cancel", "run", "--member", "workshop", "bread")
    assert (done.code, "all of the order 'bread' has traded" in done.out) == (1, True)
    done = called("order", "cancel", "run", "--member", "workshop", "cake")
    assert (done.code, "no order under the key 'cake'" in done.out) == (1, True)
    words = ("--session", "2026-06-15.intraday-1200", "--json")
    code, told = at.asked("order", "cancel", "run", "--member", "workshop", "bread", *words[:2])
    assert (code, [each["reason"] for each in told["refusals"]]) == (1, ["gate_closed"])
    assert [each["status"] for each in at.list("--member", "workshop")] == ["traded"]


def test_a_duplicate_is_refused_while_the_first_stands(corner):
    at = corner()
    at.place("workshop", 1, 20, "--key", "a")
    before = at.book()
    code, answer = at.place("workshop", 2, 20, "--key", "a")
    assert (code, [each["reason"] for each in answer["refusals"]]) == (1, ["duplicate"])
    assert at.book() == before
    assert [each["status"] for each in at.list()] == ["open", "refused"]


def test_an_order_refused_twice_for_the_same_is_listed_once(corner):
    at = corner()
    for _ in range(2):
        assert at.place("bakery", 0, 20, "--key", "a")[0] == 1
    assert at.place("bakery", 0, 21, "--key", "a")[0] == 1
    assert [each["order"]["limit_micro_per_kwh"] for each in at.list()] == [200_000, 210_000]


def test_no_reason_is_left_untested():
    """All but a book that is full, which takes a thousand orders in one slot."""
    met = {reason for *_, reasons in REFUSED for reason in reasons}
    elsewhere = {"duplicate", "suspended", "unknown_order", "already_traded", "book_full", "none"}
    assert met | elsewhere == {refusal.name.lower() for refusal in Refusal}
