"""``gridpact delivery availability``: by hand, against a plain loop, and bad input."""

import json
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gridpact.app.cli.commands import run_command
from gridpact.base.randomness import stream

ZONE = ZoneInfo("Europe/Amsterdam")
ORDERS = """gridpact: delivery/1
timezone: Europe/Amsterdam
slot_minutes: 30
currency: EUR
points:
  - {point: bakery, role: consumer}
  - {point: school, role: prosumer}
baseline: {method: nominated.v1}
penalty: {rule: none.v1}
holidays: [2026-03-27]
orders:
  - reference: order-1
    congestion_point: ean.871234567890123456
    start: 2026-03-10T17:00
    power_w: [-800, -800]
    nominated_wh: [1000, 1000]
    price: "5.00"
reservations:
  - contract: contract-1
    congestion_point: ean.871234567890123456
    first: 2026-03-09
    last: 2026-04-03
    days: working
    hours: "17:00-19:00"
    power_w: -1000
    limit_w: 300
    fee_per_kw_hour: "0.0125"
    first_percent: 90
"""


def local(start):
    return datetime.fromtimestamp(start, ZONE)


@pytest.fixture
def place(tmp_path, monkeypatch, capsys):
    """Half-hours of March and April around a clock change, and the command run on them."""
    monkeypatch.chdir(tmp_path)
    start = int(datetime(2026, 3, 1, tzinfo=ZONE).timestamp())
    wh = stream(3, "availability").integers(0, 900, (3, 48 * 40))
    table = {start + 1800 * n: wh[:, n].tolist() for n in range(wh.shape[1])}

    def run(*words, change=("", ""), gone=()):
        names = ("bakery:withdrawal", "school:withdrawal", "school:injection")
        lines = [",".join(["slot_start", *(f"{name} [Wh]" for name in names)])]
        for at, values in table.items():
            cells = ["" if at in gone else str(value) for value in values]
            lines.append(",".join([datetime.fromtimestamp(at, ZONE).isoformat(), *cells]))
        (tmp_path / "readings.csv").write_text("\n".join(lines) + "\n")
        assert change[0] in ORDERS
        (tmp_path / "orders.yaml").write_text(ORDERS.replace(*change, 1))
        code = run_command(
            ["delivery", "availability", "readings.csv", "--orders", "orders.yaml", *words]
        )
        told = capsys.readouterr()
        return code, told.out, told.err

    return run, table


def expected(table, gone=()):
    """Watt-hours reserved and available, and slots unknown, month by month, slot by slot."""
    found = {3: [Fraction(0), Fraction(0), 0], 4: [Fraction(0), Fraction(0), 0]}
    for at, (bakery, draw, feed) in table.items():
        time = local(at)
        inside = date(2026, 3, 9) <= time.date() <= date(2026, 4, 3)
        works = time.isoweekday() <= 5 and (time.month, time.day) != (3, 27)
        if not (inside and works and 17 <= time.hour < 19):
            continue
        month = found[time.month]
        if at in gone:
            month[2] += 1
            continue
        net = 2 * (bakery + draw - feed)
        ordered = time.date() == date(2026, 3, 10) and time.hour == 17
        given = min(max(2000 - net, 0), 800) if ordered else 0
        month[0] += Fraction(1000, 2)
        month[1] += Fraction(min(max(net - 300, 0) + given, 1000), 2)
    return found


def test_months_are_those_of_a_plain_loop(place):
    run, table = place
    code, out, err = run("--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert (told["rule"], told["currency"]) == ("headroom.v1", "EUR")
    due = expected(table)
    for month, number in zip(told["months"], (3, 4), strict=True):
        reserved, available, _ = due[number]
        assert (month["reserved_wh"], month["available_wh"]) == (reserved, round(available))
    march, april = told["months"]
    assert (march["first"], march["last"]) == ("2026-03-09", "2026-03-31")
    assert (april["first"], april["last"]) == ("2026-04-01", "2026-04-03")
    assert march["reserved_wh"] == 16 * 4 * 500  # of 17 working days one is a holiday
    assert march["delivery_ppm"] == 900_000  # no orders in February
    nets = [
        2 * (one + two - three)
        for at, (one, two, three) in table.items()
        if (local(at).date(), local(at).hour) == (date(2026, 3, 10), 17)
    ]
    given = sum(min(max(2000 - net, 0), 800) for net in nets)
    assert april["delivery_ppm"] == round(Fraction(given * 10**6, 1600))
    fee = expected(table)[3][1] * 12_500 * Fraction(9, 10)
    assert march["fee_nano"] == round(fee)


def test_slots_without_readings_count_neither_way(place):
    run, table = place
    first = int(datetime(2026, 3, 12, 17, tzinfo=ZONE).timestamp())
    gone = {first, first + 1800}
    code, out, _ = run("--json", gone=gone)
    assert code == 1
    march = json.loads(out)["months"][0]
    reserved, available, unknown = expected(table, gone)[3]
    assert (march["unknown_slots"], unknown) == (2, 2)
    assert (march["reserved_wh"], march["available_wh"]) == (reserved, round(available))


def test_an_order_that_cannot_be_settled_leaves_its_slots_unknown(place):
    run, _ = place
    gone = {int((datetime(2026, 3, 10, 17, tzinfo=ZONE) + timedelta(minutes=30)).timestamp())}
    code, out, _ = run("--json", gone=gone)
    assert (code, json.loads(out)["months"][0]["unknown_slots"]) == (1, 2)


def test_lines_for_people_and_without_orders(place):
    run, _ = place
    code, out, _ = run()
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "available by headroom.v1"
    assert lines[2].split()[:3] == ["contract-1", "2026-03-09", "2026-03-31"]
    start, end = ORDERS.index("orders:"), ORDERS.index("reservations:")
    code, out, err = run("--json", change=(ORDERS[start:end], ""))
    assert (code, err) == (0, "")
    assert [month["delivery_ppm"] for month in json.loads(out)["months"]] == [900_000] * 2


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("days: working", "days: weekdays", "days: is no kind of days"),
        ('"17:00-19:00"', '"19:00-17:00"', "hours: are no hours of a day"),
        ("power_w: -1000\n", "power_w: 0\n", "power_w: reserves nothing"),
        ("limit_w: 300", "limit_w: some", "limit_w: is no whole number"),
        ("last: 2026-04-03", "last: 2026-03-03", "last: is before first"),
        ('"0.0125"', '"0,0125"', "fee_per_kw_hour: '0,0125' is no amount"),
        ("first_percent: 90", "first_percent: 900", "first_percent: '900' is no amount"),
        ("contract: contract-1", "contact: contract-1", "contact: nothing is called so here"),
        ("first: 2026-03-09", "first: 2026-03-39", "first: is no day"),
        (ORDERS[ORDERS.index("reservations:") :], "", "reservations: there are none"),
    ],
)
def test_what_is_wrong_is_told(place, old, new, told):
    run, _ = place
    code, _, err = run(change=(old, new))
    assert (code, told in err) == (2, True), err


def test_more_can_be_had_up_to_a_limit_above():
    from gridpact.base.slots import Slots
    from gridpact.settlement.delivery.days import Metered
    from gridpact.settlement.delivery.headroom import Reserved, headroom

    slots = Slots(0, 900, 4)
    wh = np.array([[100, 500, 700, -50]])
    metered = Metered(slots, wh, np.array([[True, True, True, False]]))
    reserved = Reserved("c", "p", slots, np.array([500, 500, 500, 0]), 2400)
    free, known = headroom(reserved, metered, [])
    assert free.tolist() == [2000, 400, 0, 2600]
    assert known.tolist() == [True, True, True, False]
