"""Files of orders: what is written is read, in every form, and every fault is told by its place."""

import hashlib
import json
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.app.orders import message_form
from gridpact.app.orders.cells import Terms
from gridpact.app.orders.reading import Known, read_orders
from gridpact.base.errors import BadInput
from gridpact.base.slots import iso
from gridpact.market.messages import PlaceOrder
from gridpact.market.orders import PlacedOrder, Side

HEAD = "member,side,slot,quantity [kWh],limit [ct/kWh]"
GOOD = "home-01,buy,2026-06-15T13:00,2.5,25"
BERLIN = Terms("Europe/Berlin", "EUR")
KNOWN = Known(frozenset({"home-01", "home-02"}), frozenset({"street"}), 900)

names = st.sampled_from(["home-01", "home-02", "bakery"])
premiums = st.integers(0, 10**6)


@st.composite
def orders(draw):
    """A list of sound orders of any kind, each with a key of its own."""
    found = []
    for number in range(draw(st.integers(1, 6))):
        partner = draw(st.sampled_from(["", "home-02"]))
        slots = draw(st.integers(1, 5))
        found.append(
            PlacedOrder(
                key=f"k{number}",
                participant=draw(names),
                side=draw(st.sampled_from(Side)),
                slot_start=draw(st.integers(0, 10**6)) * 900,
                quantity_wh=draw(st.integers(1, 10**9)),
                limit_micro_per_kwh=draw(st.integers(-(10**7), 10**7)),
                slots=slots,
                minimum_ppm=draw(st.integers(0, 10**6)) if slots > 1 else 1_000_000,
                parent=draw(st.sampled_from(["", "k0"])),
                group=draw(st.sampled_from(["", "g"])),
                location=draw(st.sampled_from(["", "street"])),
                valid_until=draw(st.integers(1, 10**9)),
                green=draw(st.booleans()),
                green_micro_per_kwh=draw(premiums),
                partner=partner,
                partner_micro_per_kwh=draw(premiums) if partner else -1,
                near_micro_per_kwh=draw(premiums),
            )
        )
    return found


def cells(order):
    """What a person would write of an order, in kWh, ct/kWh and percent."""

    def premium(micro):
        return f"{Decimal(micro) / 10_000:f}" if micro >= 0 else ""

    return {
        "member": order.participant,
        "side": order.side.name.lower(),
        "slot": iso(order.slot_start),
        "quantity [kWh]": f"{Decimal(order.quantity_wh) / 1000:f}",
        "limit [ct/kWh]": f"{Decimal(order.limit_micro_per_kwh) / 10_000:f}",
        "key": order.key,
        "slots": str(order.slots),
        "minimum [%]": f"{Decimal(order.minimum_ppm) / 10_000:f}" if order.slots > 1 else "",
        "parent": order.parent,
        "group": order.group,
        "zone": order.location,
        "valid_until": iso(order.valid_until),
        "green": "yes" if order.green else "",
        "prefer_green [ct/kWh]": premium(order.green_micro_per_kwh),
        "partner": order.partner,
        "prefer_partner [ct/kWh]": premium(order.partner_micro_per_kwh),
        "prefer_near [ct/kWh]": premium(order.near_micro_per_kwh),
    }


def written(folder, kind, found):
    """Write orders as a file of a kind."""
    path, rows = folder / f"orders.{kind}", [cells(order) for order in found]
    if kind == "csv":
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    elif kind == "parquet":
        pl.DataFrame(rows).write_parquet(path)
    elif kind == "messages.jsonl":
        messages = [PlaceOrder(session="s", order=order) for order in found]
        path.write_text("\n".join(map(message_form.write, messages)) + "\n", encoding="utf-8")
    else:
        path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return path


@settings(deadline=None, max_examples=40)
@given(orders(), st.sampled_from(["csv", "jsonl", "parquet", "messages.jsonl"]))
def test_orders_written_are_the_orders_read(tmp_path_factory, found, kind):
    path = written(tmp_path_factory.mktemp("orders"), kind, found)
    read = read_orders(path)
    assert [wanted.order for wanted in read] == found
    begins = 2 if kind == "csv" else 1
    assert [wanted.line for wanted in read] == list(range(begins, begins + len(found)))
    assert {wanted.session for wanted in read} == {"s" if kind.startswith("messages") else ""}


def test_numbers_and_times_of_parquet_are_taken_as_they_are(tmp_path):
    frame = pl.DataFrame(
        {
            "member": ["home-01"],
            "side": ["sell"],
            "slot": pl.Series(["2026-06-15T13:00"]).str.to_datetime().dt.replace_time_zone("UTC"),
            "quantity [kWh]": [2.5],
            "limit [ct/kWh]": [-3],
            "green": [True],
        }
    )
    frame.write_parquet(tmp_path / "o.parquet")
    (wanted,) = read_orders(tmp_path / "o.parquet", BERLIN)
    order = wanted.order
    assert (order.slot_start, order.quantity_wh) == (1_781_528_400, 2_500)
    assert (order.limit_micro_per_kwh, order.green) == (-30_000, True)


def faults(path, terms=BERLIN, known=KNOWN):
    with pytest.raises(BadInput) as caught:
        read_orders(path, terms, known)
    return [(fault.line, fault.where, fault.problem) for fault in caught.value.faults]


def told(tmp_path, *lines, head=HEAD):
    path = tmp_path / "orders.csv"
    path.write_text("\n".join([head, *lines, ""]), encoding="utf-8")
    return faults(path)


@pytest.mark.parametrize(
    ("line", "where", "problem"),
    [
        ("nobody,buy,2026-06-15T13:00,2.5,25", "member", "'nobody' is not known"),
        ("home-01,hold,2026-06-15T13:00,2.5,25", "side", "'hold' is neither buy nor sell"),
        ("home-01,buy,2026-06-15T13:05,2.5,25", "slot", "no slot begins then: slots have 15 min"),
        ("home-01,buy,soon,2.5,25", "slot", "'soon' is no instant such as 2026-06-15T13:00"),
        ("home-01,buy,2026-06-15T13:00,0,25", "quantity", "0 Wh in a slot is no quantity"),
        ("home-01,buy,2026-06-15T13:00,-1,25", "quantity", "-1,000 Wh in a slot is no quantity"),
        ("home-01,buy,2026-06-15T13:00,9999999,25", "quantity", "9,999,999,000 Wh in a slot"),
        ("home-01,buy,2026-06-15T13:00,nan,25", "quantity", "'nan' is not a number with a unit"),
        ("home-01,buy,2026-06-15T13:00,1e3,25", "quantity", "'1e3' has an exponent"),
        ("home-01,buy,2026-06-15T13:00,0.0001,25", "quantity", "is not a whole number of Wh"),
        ("home-01,buy,2026-06-15T13:00,,25", "quantity", "is missing"),
        ("home-01,buy,2026-06-15T13:00,2.5,25 kWh", "limit", "'kWh' does not measure a price"),
        ("home-01,buy,2026-06-15T13:00,2.5,0.25 USD/kWh", "limit", "trades in EUR, not in USD"),
        ("Home 1,buy,2026-06-15T13:00,2.5,25", "member", "'Home 1' is not a name"),
        (f"{GOOD},extra", "", "6 cells where the header has 5"),
    ],
)
def test_a_faulty_line_is_told_of(tmp_path, line, where, problem):
    found = told(tmp_path, GOOD, line)
    assert any((number, at) == (3, where) and problem in text for number, at, text in found), found


@pytest.mark.parametrize(
    ("head", "lines", "problem"),
    [
        (
            "member,side,slot,quantity,limit",
            ["home-01,buy,2026-06-15T13:00,2.5 kWh,25 ct/kWh"] * 2
            + ["home-01,buy,2026-06-15T13:15,2500 Wh,250 EUR/MWh"],
            ("quantity", "the column mixes units: kWh (line 2), Wh (line 4)"),
        ),
        (
            "member,side,slot,quantity,limit",
            [
                "home-01,buy,2026-06-15T13:00,2.5 kWh,25 ct/kWh",
                "home-01,buy,2026-06-15T13:15,2 kWh,250 EUR/MWh",
            ],
            ("limit", "the column mixes units: ct/kWh (line 2), EUR/MWh (line 3)"),
        ),
        (
            HEAD,
            [GOOD, "home-01,buy,2026-06-15T13:15,2500 Wh,25"],
            ("quantity [kWh]", "mixes units"),
        ),
        ("member,side,slot,quantity,limit", [GOOD], ("quantity", "'2.5' has no unit")),
        (
            "member,side,slot,quantity,limit",
            ["home-01,buy,2026-06-15T13:00,2.5 kWh,25 ct/kWh", "home-01,buy,2026-06-15T14:00,2,3"],
            ("quantity", "the column mixes units: kWh (line 2), no unit (line 3)"),
        ),
        (f"{HEAD},volume", [f"{GOOD},2"], ("volume", "'volume' is said of no order")),
        (f"{HEAD},quantity [Wh]", [f"{GOOD},2"], ("quantity [Wh]", "two columns say quantity")),
        ("member,side,slot,limit [ct/kWh]", ["home-01,buy,2026-06-15T13:00,2"], ("quantity", "no")),
        (
            "member,side,slot,quantity [kWh],limit [EUR/MWh],prefer_green [USD/MWh]",
            [f"{GOOD},1"],
            ("", "prices are in EUR and in USD"),
        ),
        ("member [kWh],side", ["home-01,buy"], ("member [kWh]", "member has no unit")),
    ],
)
def test_a_faulty_column_is_told_of(tmp_path, head, lines, problem):
    found = told(tmp_path, *lines, head=head)
    where, text = problem
    assert any(at == where and text in said for _, at, said in found), found


def test_all_faults_are_told_at_once(tmp_path):
    found = told(
        tmp_path,
        "nobody,hold,soon,0,25 kWh",
        "home-01,buy,2026-06-15T13:05,2,3",
        head=HEAD,
    )
    assert {(line, at) for line, at, _ in found} >= {
        (2, "member"),
        (2, "side"),
        (2, "slot"),
        (2, "quantity"),
        (2, "limit"),
        (3, "slot"),
    }


def test_keys_name_one_order_each(tmp_path):
    head = f"{HEAD},key"
    found = told(
        tmp_path, f"{GOOD},a", f"{GOOD}.5,a", f"{GOOD},a", f"{GOOD},", f"{GOOD},", head=head
    )
    assert [(line, text) for line, at, text in found if at == "key"] == [
        (3, "'a' of home-01 is another order in line 2"),
        (4, "'a' of home-01 is the same order in line 2"),
        (6, "says the same as line 5, and neither has a key"),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("not json", "the line is not JSON"),
        ("[1, 2]", "is not one object"),
        ('{"member": {"id": 1}}', "is not one object"),
        ('{"member": "a", "member": "b"}', "is said twice"),
        ('{"type": "place-order", "order": {}}', "the line is no place-order message"),
        ('{"type": "cancel-order", "order": 1}', "the line is no place-order message"),
    ],
)
def test_json_that_is_no_order_is_told_of(tmp_path, text, problem):
    (tmp_path / "o.jsonl").write_text(text + "\n", encoding="utf-8")
    found = faults(tmp_path / "o.jsonl")
    assert any(line == 1 and problem in said for line, _, said in found), found


@pytest.mark.parametrize("name", ["none.csv", "o.jsonl", "o.csv", "o.parquet", "folder.csv"])
def test_a_file_without_orders_is_refused(tmp_path, name):
    (tmp_path / "folder.csv").mkdir()
    for path in ("o.jsonl", "o.csv", "o.parquet"):
        (tmp_path / path).write_text("", encoding="utf-8")
    assert faults(tmp_path / name)


def test_the_key_of_an_order_without_one_follows_from_its_content(tmp_path):
    lines = [GOOD, "home-01,buy,2026-06-15T13:00,2.5,26", "home-02,buy,2026-06-15T13:00,2.5,25"]
    path = tmp_path / "o.csv"
    path.write_text("\n".join([HEAD, *lines, ""]), encoding="utf-8")
    keys = [wanted.order.key for wanted in read_orders(path, BERLIN)]
    assert len(set(keys)) == 3
    path.write_text("\n".join([HEAD, *reversed(lines), ""]), encoding="utf-8")
    assert [wanted.order.key for wanted in read_orders(path, BERLIN)] == keys[::-1]
    content = {
        "limit_micro_per_kwh": 250_000,
        "participant": "home-01",
        "quantity_wh": 2_500,
        "side": 1,
        "slot_start": 1_781_521_200,
    }
    text = json.dumps(content, separators=(",", ":"), sort_keys=True)
    assert keys[0] == f"auto-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
