"""Clearing files of orders by any mechanism, and books of runs again, from the command line."""

import csv
import json

import pytest

from gridpact.market.clearing.mechanisms import MECHANISMS

SESSION = "2026-06-15.day-ahead"
GATE = "2026-06-14T13:00"
HEAD = "member,side,slot,quantity [kWh],limit [ct/kWh]"
GREEDY = [  # a prosumers' and consumers' market: offers 20/5 30/20 45/5 55/10, bids 50/10 60/10
    "p1,sell,2026-06-15T13:00,20,5",
    "p2,sell,2026-06-15T13:00,30,20",
    "p3,sell,2026-06-15T13:00,45,5",
    "p4,sell,2026-06-15T13:00,55,10",
    "c1,buy,2026-06-15T13:00,50,10",
    "c2,buy,2026-06-15T13:00,60,10",
]


@pytest.fixture
def cleared(called, tmp_path, monkeypatch):
    """Clear lines of orders; return what --json tells."""
    monkeypatch.chdir(tmp_path)

    def clear(lines, *options, head=HEAD, code=0):
        (tmp_path / "o.csv").write_text("\n".join([head, *lines, ""]), encoding="utf-8")
        done = called("market", "clear", "o.csv", *options, "--json")
        assert done.code == code, done.err
        return json.loads(done.out) if code == 0 else " ".join(done.err.split())

    return clear


@pytest.mark.parametrize(
    ("mechanism", "paid"),
    [
        ("uniform-price", 11),
        ("pay-as-offer", 7.75),
        ("pay-as-bid", 11),
        ("k-pricing", 9.375),
        ("k-uniform", 11),
        ("merit-order", 11),
        ("preference", 9.375),
        ("block-orders", 11),
        ("continuous", 7.75),
    ],
)
def test_a_file_is_cleared_by_every_mechanism(cleared, mechanism, paid):
    """Worked by hand: 110 kWh change hands, of which 65 were offered at 5 ct and 45 at 10."""
    told = cleared(GREEDY, "--mechanism", mechanism)
    total = told["total"]
    assert total["volume_wh"] == 110_000
    assert total["paid_nano"] == total["received_nano"] == round(paid * 10**9)
    assert total["welfare_nano"] == 65 * 5 * 10**7
    accepted = {each["member"]: each["accepted_wh"] for each in told["orders"]}
    assert accepted == {
        "p1": 20_000,
        "p2": 0,
        "p3": 45_000,
        "p4": 45_000,
        "c1": 50_000,
        "c2": 60_000,
    }
    trades = told["trades"]
    assert sum(each["quantity_wh"] for each in trades) == 110_000
    assert sum(e["quantity_wh"] * e["buyer_micro_per_kwh"] for e in trades) == paid * 10**9


def test_every_mechanism_is_tested_here():
    (mark,) = test_a_file_is_cleared_by_every_mechanism.pytestmark
    assert {name for name, _ in mark.args[1]} == set(MECHANISMS)


def test_k_moves_the_price_of_each_pair(cleared):
    told = cleared(GREEDY, "--mechanism", "k-pricing", "--k", "40 %")
    assert {each["buyer_micro_per_kwh"] for each in told["trades"]} == {70_000, 100_000}
    assert told["rules"]["k_ppm"] == 400_000


def test_time_decides_a_tie(cleared):
    lines = [*(f"p{n},sell,2026-06-15T13:00,10,5" for n in range(3)), GREEDY[4].replace("50", "12")]
    shares = {
        ties: [each["accepted_wh"] for each in cleared(lines, *how)["orders"]]
        for ties, how in {
            "pro-rata": ("--mechanism", "uniform-price"),
            "time": ("--mechanism", "uniform-price", "--ties", "time"),
        }.items()
    }
    assert shares == {
        "pro-rata": [4_000, 4_000, 4_000, 12_000],
        "time": [10_000, 2_000, 0, 12_000],
    }


def test_blocks_are_taken_whole_or_not(cleared):
    """The block asks 8 ct over two hours; the second hour alone would not pay for it."""
    lines = [
        "plant,sell,2026-06-15T13:00,10,8,4,night,",
        "c1,buy,2026-06-15T13:00,10,12,1,,",
        "c2,buy,2026-06-15T13:15,10,9,1,,",
        "c3,buy,2026-06-15T13:30,10,9,1,,",
        "c4,buy,2026-06-15T13:45,10,5,1,,",
        "c5,buy,2026-06-15T13:45,10,1,1,,",
        "plant,sell,2026-06-15T13:00,10,9,2,child,night",
    ]
    head = f"{HEAD},slots,key,parent"
    told = cleared(lines, "--mechanism", "block-orders", head=head)
    accepted = {(each["member"], each["key"]): each["accepted_wh"] for each in told["orders"]}
    assert accepted["plant", "night"] == 40_000
    assert accepted["plant", "child"] == 0
    assert told["total"]["volume_wh"] == 40_000
    assert "clear by block-orders" in cleared(
        lines, "--mechanism", "uniform-price", head=head, code=2
    )


def test_preferences_and_distance_decide_who_meets_whom(cleared):
    lines = [
        "park,sell,2026-06-15T13:00,1,5,hill,yes,,,",
        "mill,sell,2026-06-15T13:00,1,5,dale,,,,",
        "c1,buy,2026-06-15T13:00,1,10,dale,,2,,",
        "c2,buy,2026-06-15T13:00,1,10,dale,,,mill,3",
    ]
    head = f"{HEAD},zone,green,prefer_green [ct/kWh],partner,prefer_partner [ct/kWh]"
    told = cleared(lines, "--mechanism", "preference", "--distance-fee", "1 ct/kWh", head=head)
    met = {(each["seller"], each["buyer"]) for each in told["trades"]}
    assert met == {("park", "c1"), ("mill", "c2")}
    assert told["total"]["charges_nano"] == 10**7  # a step from hill to dale
    text = cleared(lines, "--mechanism", "pay-as-bid", head=head, code=2)
    assert text.count("pay-as-bid looks at nothing but price") == 2


@pytest.mark.parametrize(
    ("lines", "options", "told"),
    [
        (GREEDY, (), "say how to clear the file: --mechanism uniform-price"),
        (GREEDY, ("--mechanism", "greedy"), "'greedy' is not one of"),
        (GREEDY, ("--mechanism", "uniform-price", "--k", "40 %"), "--k: uniform-price does not"),
        (GREEDY, ("--mechanism", "k-pricing", "--k", "140 %"), "--k: is outside 0 to 100 %"),
        (GREEDY, ("--mechanism", "k-pricing", "--k", "x"), "--k: 'x' is not a number with a unit"),
        (GREEDY, ("--mechanism", "continuous", "--ties", "time"), "continuous does not read it"),
        (GREEDY, ("--mechanism", "uniform-price", "--ties", "luck"), "--ties: 'luck' is no rule"),
        (GREEDY, ("--mechanism", "pay-as-bid", "--distance-fee", "1 ct/kWh"), "charges none"),
        (
            GREEDY,
            ("--mechanism", "pay-as-bid", "--highest", "9 ct/kWh"),
            "o.csv:3: limit: 20 ct/kWh",
        ),
        (GREEDY, ("--mechanism", "pay-as-bid", "--lowest", "500 ct/kWh"), "above the highest"),
        (GREEDY, ("--mechanism", "pay-as-bid", "--session", "s"), "has no sessions"),
        (GREEDY, ("--mechanism", "pay-as-bid", "--slot-minutes", "7"), "slots have 7 min"),
        ([*GREEDY, "c3,buy,2046-06-15T13:00,1,1"], ("--mechanism", "pay-as-bid"), "701,281 slots"),
        (["c3,buy,2026-06-15T13:00,0,1"], ("--mechanism", "pay-as-bid"), "0 Wh in a slot"),
    ],
)
def test_what_cannot_be_cleared_is_refused(cleared, lines, options, told):
    assert told in cleared(lines, *options, code=2)


def test_members_stand_in_one_zone_and_links_lead_up(cleared):
    head = f"{HEAD},zone,parent,slots"
    lines = [
        "a,buy,2026-06-15T13:00,1,1,hill,,1",
        "a,buy,2026-06-15T13:15,1,1,dale,,1",
        "a,buy,2026-06-15T13:15,1,1,,gone,2",
    ]
    told = cleared(lines, "--mechanism", "block-orders", head=head, code=2)
    assert "o.csv:3: zone: a stands in hill above" in told
    assert "o.csv:4: parent: a has no block 'gone' above" in told


def test_trades_are_written_once(cleared, called, tmp_path):
    cleared(GREEDY, "--mechanism", "pay-as-offer", "--out", "trades.csv")
    with (tmp_path / "trades.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert sum(int(row["quantity [Wh]"]) for row in rows) == 110_000
    assert {row["seller"] for row in rows} == {"p1", "p3", "p4"}
    again = ("market", "clear", "o.csv", "--mechanism", "pay-as-bid", "--out", "trades.csv")
    assert "the file exists already" in called(*again).err
    done = called(*again, "--force")
    assert (done.code, done.out.splitlines()[-1]) == (0, "trades: trades.csv")


@pytest.mark.parametrize(
    "rules", [f"mechanism: {name}" for name in sorted(MECHANISMS)] + ["grid_limits: true"]
)
def test_a_recorded_book_clears_to_what_was_recorded(corner, called, cli, rules):
    at = corner(rules)
    at.place("bakery", 2.5, 399, "--key", "bread")
    at.place("solar-park", -1.2, -49, "--key", "noon")
    again = ("market", "clear", "run", "--session", SESSION)
    assert "the session is open" in called(*again).out
    assert called("run", "--resume", "run", "--until", GATE, "-q").code == 0
    before = cli.content(at.path / "run" / "journal.db")
    done = called(*again)
    assert (done.code, done.out.splitlines()[-1]) == (0, "the same as recorded")
    assert cli.content(at.path / "run" / "journal.db") == before
    assert called("verify", "run", "-q").code == 0
    shown = at.book()
    assert shown["state"] == "cleared"
    line = at.asked("market", "show", "run")[1]["sessions"][0]
    for name in ("volume_wh", "price_micro_per_kwh", "lowest_micro_per_kwh"):
        assert shown["total"][name] == line[name], name
    paid = {each["order"]["key"]: each["paid_nano"] for each in at.list()}
    trades = at.asked(*again)[1]["trades"]
    for key, side, price, sign in (
        ("bread", "buy_order", "buyer_micro_per_kwh", 1),
        ("noon", "sell_order", "seller_micro_per_kwh", -1),
    ):
        own = [each for each in trades if each[side] == key]
        assert (paid[key] or 0) == sum(sign * each["quantity_wh"] * each[price] for each in own)


def test_another_mechanism_says_what_it_changes(corner, called):
    at = corner()
    at.place("bakery", 2.5, 399)
    assert called("run", "--resume", "run", "--until", GATE, "-q").code == 0
    again = ("market", "clear", "run", "--session", SESSION, "--mechanism")
    done = called(*again, "pay-as-bid")
    assert (done.code, "other than recorded: prices, trades" in done.out) == (0, True)
    assert called(*again, "uniform-price").out.endswith("the same as recorded\n")


def test_a_book_that_does_not_clear_to_what_was_recorded_is_found(corner, called, monkeypatch):
    at = corner()
    at.place("bakery", 2.5, 399)
    assert called("run", "--resume", "run", "--until", GATE, "-q").code == 0
    found = "gridpact.app.cli.market_clear.differences"
    monkeypatch.setattr(found, lambda outcome, cleared: ["prices"])
    done = called("market", "clear", "run", "--session", SESSION)
    assert (done.code, done.out.splitlines()[-1]) == (1, "other than recorded: prices")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("clear", "run"), "name the session: gridpact market show run lists them"),
        (("clear", "run", "--session", "x"), "'x' is no session of this run. Fix: name one"),
        (("show", "run", "--session", "2026-06-16.day-ahead"), "has not opened yet"),
        (("show", "nowhere"), "there is no such folder"),
        (("clear", "nowhere", "--mechanism", "continuous"), "the file cannot be read"),
        (("clear", "run", "--session", SESSION, "--lowest", "1 USD/kWh"), "trades in EUR"),
    ],
)
def test_a_session_that_is_not_there_is_told_of(corner, called, arguments, told):
    corner()
    done = called("market", *arguments)
    assert done.code == 2
    assert told in " ".join(done.err.split())


def test_an_open_book_is_shown_for_people(corner, called):
    at = corner("mechanism: k-pricing, k_percent: 40, ties: time, buyer_fee_ct_per_kwh: 0.2")
    at.place("bakery", 2.5, 399)
    lines = called("market", "show", "run", "--session", SESSION).out.splitlines()
    for text in (
        "session    2026-06-15.day-ahead, open until 2026-06-14T13:00",
        "mechanism  k-pricing: each pair divides its surplus, a share k to the seller",
        "limits     -0.5 EUR/kWh to 4 EUR/kWh",
        "fees       buyer 0.002 EUR/kWh, seller 0 EUR/kWh",
        "k          40 % of a gain to the seller",
        "ties       time",
    ):
        assert text in lines
    (row,) = [line for line in lines if line.startswith("2026-06-15T13:00")]
    assert "3.99 EUR/kWh" in row
    table = called("market", "show", "run").out.splitlines()
    assert table[1].split()[:4] == [SESSION, "k-pricing", "2026-06-14T13:00", "open"]


def test_a_slot_too_crowded_for_preference_is_named(cleared, monkeypatch):
    monkeypatch.setattr("gridpact.app.compare.clearing.LARGEST_SLOT", 5)
    said = cleared(GREEDY, "--mechanism", "preference", code=2)
    assert "the slot 2026-06-15T13:00:00Z has 6 orders, more than the 5 that preference" in said
    assert cleared(GREEDY, "--mechanism", "k-pricing")["trades"]
