"""``gridpact delivery check``: golden folders, a store, what is missing, and bad input."""

import csv
import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

from gridpact.app.cli.commands import run_command
from gridpact.metering.formats import files
from gridpact.metering.formats.mapping import ReadingsMap
from gridpact.metering.readings import Quality
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store

CASES = Path(__file__).parents[2] / "cases" / "delivery"
NAMES = sorted(path.name for path in CASES.iterdir())


@pytest.fixture
def checked(tmp_path, monkeypatch, capsys):
    """Check a case in a folder of its own: its exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)

    def run(source="readings.csv", *words):
        code = run_command(["delivery", "check", source, "--orders", "orders.yaml", *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def copied(name, place, old="", new=""):
    shutil.copy(CASES / name / "readings.csv", place)
    text = (CASES / name / "orders.yaml").read_text(encoding="utf-8")
    assert old in text
    (place / "orders.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")


def table(path):
    return list(csv.reader(path.read_text(encoding="utf-8").splitlines()))[1:]


def rows_of(told):
    isp = ("start", "baseline_power", "ordered_flex_power", "actual_power")
    isp += ("delivered_flex_power", "power_deficiency")
    return [
        [order["order"], order["period"], *(str(row[name]) for name in isp)]
        for order in told["orders"]
        for row in order["isps"]
    ]


@pytest.mark.parametrize("name", NAMES)
def test_golden(name, checked, tmp_path):
    copied(name, tmp_path)
    code, out, err = checked("readings.csv", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert rows_of(told) == table(CASES / name / "expected.csv")
    (order,) = told["orders"]
    amounts = [order[f"{each}_nano"] / 10**9 for each in ("price", "penalty", "net_settlement")]
    assert [f"{each:.4f}" for each in amounts] == table(CASES / name / "amounts.csv")[0][1:]


def test_lines_for_people(checked, tmp_path):
    copied("ten_of_ten", tmp_path)
    code, out, _ = checked()
    assert code == 0
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[0] == "baseline 10-of-10.v1 [W]"
    assert (
        lines[3] == "  order-1  2026-06-23   19     2,940   -1,000   2,640       -300         700"
    )
    assert lines[4].endswith(" order-1: price 20.0000, penalty 14.0000, net 6.0000 EUR")
    assert "\\x1b" not in out
    assert checked("readings.csv", "--quiet") == (0, "", "")


def test_a_store_says_the_same(checked, tmp_path):
    copied("ten_of_ten", tmp_path)
    point = MeteringPoint(id="bakery", community="lane", timezone="Europe/Amsterdam", step_s=3600)
    store = Store.create("readings", [point])
    text = (tmp_path / "readings.csv").read_text(encoding="utf-8")
    (tmp_path / "wide.csv").write_text(text.replace("bakery:withdrawal [Wh]", "bakery"))
    read = files.read(Path("wide.csv"), ReadingsMap(time="slot_start", unit="Wh"))
    store.commit(read, int(datetime(2026, 6, 24, tzinfo=UTC).timestamp()))
    code, out, err = checked("readings", "--json")
    assert (code, err) == (0, "")
    assert rows_of(json.loads(out)) == table(CASES / "ten_of_ten" / "expected.csv")
    code, out, _ = checked("readings", "--as-of", "2026-06-20T00:00")
    assert code == 1
    assert "order-1: not settled: bakery: 0 eligible days, 5 are needed" in out


def test_readings_that_are_missing_settle_nothing(checked, tmp_path):
    copied("p376", tmp_path)
    path = tmp_path / "readings.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("T18:30:00+01:00,384", "T18:30:00+01:00,"), encoding="utf-8")
    code, out, _ = checked("readings.csv", "--json")
    (order,) = json.loads(out)["orders"]
    assert code == 1
    assert order["reason"] == "school: readings of the event are missing"
    assert (order["isps"], order["price_nano"], order["penalty_nano"]) == ([], 0, 0)


@pytest.fixture
def doubted(tmp_path):
    """A store of the bakery's readings, in which a slot can be told anew with another mark."""
    copied("ten_of_ten", tmp_path)
    point = MeteringPoint(id="bakery", community="lane", timezone="Europe/Amsterdam", step_s=3600)
    store = Store.create(str(tmp_path / "readings"), [point])
    text = (tmp_path / "readings.csv").read_text(encoding="utf-8")
    (tmp_path / "wide.csv").write_text(text.replace("bakery:withdrawal [Wh]", "bakery"))
    read = files.read(tmp_path / "wide.csv", ReadingsMap(time="slot_start", unit="Wh"))
    known = int(datetime(2026, 6, 24, tzinfo=UTC).timestamp())
    store.commit(read, known)

    def mark(moment, quality, wh):
        at = int(datetime.fromisoformat(moment).timestamp())
        place = (at - read.intervals.slots.start) // 3600
        marks = np.zeros_like(read.intervals.quality)
        values = np.zeros_like(read.intervals.wh)
        marks[0, place], values[0, place] = int(quality), wh
        changed = msgspec.structs.replace(read.intervals, quality=marks, wh=values)
        name = f"{moment} {quality}"
        again = msgspec.structs.replace(read, intervals=changed, source=name, digest=name)
        store.commit(again, known + 60 * store.log.last)

    return mark


def test_suspect_readings_of_an_event_settle_nothing_unless_the_file_takes_them(
    checked, doubted, tmp_path
):
    doubted("2026-06-23T17:00+02:00", Quality.SUSPECT, 500_000)
    code, out, _ = checked("readings", "--json")
    (order,) = json.loads(out)["orders"]
    assert code == 1
    assert order["reason"] == "bakery: readings of the event are suspect"
    assert (order["price_nano"], order["penalty_nano"]) == (0, 0)
    assert (order["suspect_readings"], order["estimated_readings"]) == (1, 0)
    assert "suspect: 1 reading of the event" in checked("readings")[1]
    path = tmp_path / "orders.yaml"
    path.write_text(path.read_text("utf-8") + "suspect: take\n", "utf-8")
    code, out, _ = checked("readings", "--json")
    (order,) = json.loads(out)["orders"]
    assert (code, order["reason"], order["suspect_readings"]) == (0, "", 1)
    assert order["isps"][0]["actual_power"] == 500_000
    assert "suspect, taken as the file says: 1 reading of the event" in checked("readings")[1]
    path.write_text(path.read_text("utf-8").replace("suspect: take", "suspect: perhaps"), "utf-8")
    code, _, err = checked("readings")
    assert (code, "write one of refuse, take" in err) == (2, True)


def test_estimated_readings_settle_and_are_told(checked, doubted):
    doubted("2026-06-23T17:00+02:00", Quality.SUSPECT, 500_000)
    doubted("2026-06-23T17:00+02:00", Quality.ESTIMATED, 2_000)
    code, out, _ = checked("readings", "--json")
    (order,) = json.loads(out)["orders"]
    assert (code, order["suspect_readings"], order["estimated_readings"]) == (0, 0, 1)
    assert order["isps"][0]["actual_power"] == 2_000
    assert "estimated or edited: 1 reading of the event" in checked("readings")[1]


@pytest.mark.parametrize("rule", ["refuse", "take"])
def test_a_baseline_skips_a_day_with_a_suspect_reading(checked, doubted, tmp_path, rule):
    """As it skips one with a missing reading, whatever becomes of suspect ones of the event."""
    doubted("2026-06-22T18:00+02:00", Quality.SUSPECT, 500_000)
    path = tmp_path / "orders.yaml"
    path.write_text(path.read_text("utf-8") + f"suspect: {rule}\n", "utf-8")
    told = json.loads(checked("readings", "--json")[1])
    table = tmp_path / "readings.csv"
    lines = [
        re.sub(r"^(2026-06-22T18:00[^,]*),\d+", r"\1,", line)
        for line in table.read_text().splitlines()
    ]
    assert "2026-06-22T18:00:00+02:00," in lines
    table.write_text("\n".join([*lines, ""]))
    absent = json.loads(checked("readings.csv", "--json")[1])
    assert rows_of(told) == rows_of(absent)


def test_nominated_and_a_second_order_in_turn(checked, tmp_path):
    copied("p376", tmp_path, "{method: p376.v1}", "{method: nominated.v1}")
    path = tmp_path / "orders.yaml"
    more = """\
    nominated_wh: [500, 500]
  - reference: order-2
    congestion_point: ea1.2026-01.org.example:feeder-7
    start: 2026-06-20T18:00
    power_w: [-400, 0]
    price: 1
    nominated_wh: [500, 500]
"""
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    code, out, _ = checked("readings.csv", "--json")
    assert code == 0
    delivered = [
        [row["delivered_flex_power"] for row in order["isps"]]
        for order in json.loads(out)["orders"]
    ]
    assert delivered == [[-400, -232], [-132, 0]]  # 1,000 W less 468 and 768


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("delivery/1", "delivery/9", "this is not delivery/1"),
        ("Europe/Amsterdam", "Europe/Atlantis", "no time zone"),
        ("slot_minutes: 60", "slot_minutes: 7", "do not divide an hour"),
        ("slot_minutes: 60", "slot_minutes: 30", "the table has slots of 3600 s"),
        ("currency: EUR", "currency: euro", "no code of ISO 4217"),
        ("role: consumer", "role: baker", "is no role"),
        ("- {point: bakery, role: consumer}", "- bakery", "names no point"),
        ("10-of-10.v1", "best.v1", "names no method"),
        ("{method: 10-of-10.v1}", "{method: 10-of-10.v1, days: 0}", "0 is out of range"),
        ("{method: 10-of-10.v1}", "{method: 10-of-10.v1, weeks: 2}", "nothing is called so"),
        ("{method: 10-of-10.v1}", "{method: mbma.v1}", "baseline.minutes: 15 minutes are no whole"),
        (
            "{method: 10-of-10.v1}",
            "{method: p376.v1}",
            "baseline.window_minutes: 90 minutes are no whole slots of 60 minutes. Fix: write",
        ),
        (
            "{method: 10-of-10.v1}",
            "{method: p376.v1, window_minutes: 120, lead_minutes: 30}",
            "baseline.lead_minutes: 30",
        ),
        (
            "{method: 10-of-10.v1}",
            "{method: 10-of-10.v1, adjustment: {from_hours: 2, to_hours: 2}}",
            "baseline.adjustment.from_hours: no hours",
        ),
        ("{method: 10-of-10.v1}", "{method: mbma.v1, minutes: soon}", "Expected `int`"),
        ("{method: 10-of-10.v1}", "{method: control-group.v1}", "needs the readings of a group"),
        ("{method: 10-of-10.v1}", "{method: nominated.v1}", "has other slots"),
        ("rule: sliding-scale.v1", "rule: angry.v1", "names no rule"),
        ("[2026-06-16]", "[2026-06-31]", "is no day"),
        ("T17:00", "T17:10", "within a slot"),
        ("T17:00", "T23:00", "goes beyond midnight"),
        ("2026-06-23T17:00", "soon", "start"),
        ("[-1000, -1000]", "[-1000, -0.5]", "no whole number"),
        ("[-1000, -1000]", "[]", "no list of whole numbers"),
        ('"20.00"', "-20", "is no price"),
        ("reference: order-1", "reference: 7", "is no name"),
    ],
)
def test_bad_input(old, new, problem, checked, tmp_path):
    copied("ten_of_ten", tmp_path, old, new)
    code, out, err = checked()
    assert (code, out) == (2, "")
    assert problem in err
    assert "Fix: " in err


def test_a_misspelt_method_asks_for_no_nominations(checked, tmp_path):
    copied("ten_of_ten", tmp_path, "10-of-10.v1", "10-of-ten.v1")
    code, _, err = checked()
    assert code == 2
    assert "names no method" in err
    assert "nominated_wh" not in err


def test_all_faults_at_once_with_their_lines(checked, tmp_path):
    copied("ten_of_ten", tmp_path, "currency: EUR", "currency: euro\ncolour: red")
    path = tmp_path / "orders.yaml"
    again = path.read_text(encoding="utf-8").split("orders:\n")[1]
    half = again.replace("order-1", "order-2").replace("T17:00", "T18:00")
    against = again.replace("order-1", "order-3").replace("[-1000, -1000]", "[1, 0]")
    path.write_text(path.read_text(encoding="utf-8") + again + half + against, encoding="utf-8")
    code, _, err = checked()
    assert code == 2
    for words in (
        "orders.yaml:4: currency:",
        "orders.yaml:5: colour:",
        "there is such an order already",
        "overlaps order order-1 in part",
        "asks for more where order order-1 asks for less",
    ):
        assert words in err


@pytest.mark.parametrize("text", ["", "- 1\n", "gridpact: delivery/1\n", "{", "\x00"])
def test_files_that_are_no_orders(text, checked, tmp_path):
    copied("ten_of_ten", tmp_path)
    (tmp_path / "orders.yaml").write_text(text, encoding="utf-8")
    code, out, err = checked()
    assert (code, out) == (2, "")
    assert "Fix: " in err


def test_a_register_below_zero_is_refused(checked, tmp_path):
    copied("ten_of_ten", tmp_path)
    path = tmp_path / "readings.csv"
    head, first, *rest = path.read_text(encoding="utf-8").splitlines()
    stamp, value, *others = first.split(",")
    lines = [head, ",".join([stamp, f"-{value}1", *others]), *rest, ""]
    path.write_text("\n".join(lines), "utf-8")
    code, out, err = checked("readings.csv")
    assert (code, out) == (2, "")
    assert f"{head.split(',')[1].split(' ')[0]}: energy must not be negative" in err


def test_places_that_are_not_there(checked, tmp_path):
    copied("ten_of_ten", tmp_path)
    assert checked("nothing-here")[0] == 2
    assert checked("readings.csv", "--as-of", "2026-06-20T00:00")[0] == 2
    (tmp_path / "orders.yaml").unlink()
    assert "cannot be read" in checked()[2]


def test_points_that_a_store_lacks_are_told_all_with_their_lines(checked, tmp_path):
    copied("ten_of_ten", tmp_path)
    text = (tmp_path / "orders.yaml").read_text("utf-8")
    head, _, rest = text.partition("points:")
    more = "\n  - {point: mill, role: consumer}\ncontrol:\n  - {point: forge, role: prosumer}"
    first, _, rest = rest.lstrip("\n").partition("\n")
    (tmp_path / "orders.yaml").write_text(f"{head}points:\n{first}{more}\n{rest}", "utf-8")
    line = head.count("\n") + 3
    Store.create("readings", [MeteringPoint(id="bakery", step_s=3600)])
    code, out, err = checked("readings")
    assert (code, out) == (2, "")
    fix = "the store has no such metering point. Fix: name one of its points: bakery.\n"
    assert err == (
        "error: 2 faults; nothing was changed\n"
        f"  orders.yaml:{line}: points[1].point: mill: {fix}"
        f"  orders.yaml:{line + 2}: control[0].point: forge: {fix}"
    )
