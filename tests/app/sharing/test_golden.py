"""Worked examples, from files to files. The case folders hold the working in words."""

import json
import shutil
from decimal import Decimal

import polars as pl
import pytest

from gridpact.settlement.sharing.files.spanish import RULES, read_year

CASES = (
    *("french_default_dynamic", "french_static", "french_simple_dynamic", "french_full_dynamic"),
    *("spanish_fixed", "spanish_hourly", "storage"),
)
DAY = "2026-06-15"
COLUMNS = ("produced_wh", "needed_wh", "received_wh", "given_wh", "surplus_wh", "supplied_wh")


@pytest.fixture
def place(cases, tmp_path):
    """A copy of a case; the year of the Spanish operation is spelt out from its pattern."""

    def copied(name):
        folder = tmp_path / name
        shutil.copytree(cases / name, folder)
        if name == "spanish_hourly":
            (folder / told(folder)).write_bytes(spelt_out(folder))
        return folder

    return copied


def told(folder):
    """Name of a Spanish operation's file."""
    rules = (folder / "rules.yaml").read_text("utf-8").splitlines()
    return next(line for line in rules if line.startswith("cau"))[5:] + "_2026.txt"


def spelt_out(folder):
    """The file by the hour that a pattern of 24 hours makes of a year."""
    rules = (folder / "rules.yaml").read_text("utf-8")
    points = [
        line.split()[2].rstrip(",") for line in rules.splitlines() if "ES" in line and "- {" in line
    ]
    rows = (folder / "pattern.csv").read_text("utf-8").splitlines()[1:]
    early, late = (row.replace(".", ",").split(",", 1)[1] for row in rows)
    lines = []
    for column, point in enumerate(points):
        for hour in range(1, 8761):
            digits = (early if (hour - 1) % 24 < 12 else late).split(",")
            lines.append(f"{point};{hour:04d};{digits[2 * column]},{digits[2 * column + 1]}\n")
    return "".join(lines).encode()


@pytest.mark.parametrize("name", CASES)
def test_allocations(place, called, table, name):
    folder = place(name)
    done = called(
        "allocate", folder / "readings.csv", "--rules", folder / "rules.yaml", "--period", DAY,
        "--out", folder / "out", "--by-producer", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    expected = table(folder / "expected.csv")
    found = table(folder / "out" / "allocation.csv")
    busy = [row for row in found if any(row[name] != "0" for name in COLUMNS)]
    assert [{**row, "estimated": "false", "suspect": "false"} for row in expected] == busy
    assert len(found) == 24 * len({row["point"] for row in found})
    if (folder / "by_producer.csv").exists():
        assert table(folder / "by_producer.csv") == table(folder / "out" / "by_producer.csv")
    summary = json.loads(done.out)["summary"]
    assert summary["balanced"] is True
    for column in ("produced_wh", "received_wh", "surplus_wh", "kept_wh"):
        assert summary["total"][column] == sum(int(row[column]) for row in expected)
    total = summary["total"]
    assert total["received_wh"] == total["produced_wh"] - total["surplus_wh"] == total["given_wh"]
    assert json.loads((folder / "out" / "summary.json").read_text()) == summary


def test_parquet_holds_what_the_text_holds(place, called):
    folder = place("french_full_dynamic")
    called("allocate", folder / "readings.csv", "--rules", folder / "rules.yaml", "--period", DAY,
           "--out", folder / "out", "--by-producer", "--quiet")  # fmt: skip
    for name in ("allocation", "by_producer"):
        text = pl.read_csv(folder / "out" / f"{name}.csv")
        binary = pl.read_parquet(folder / "out" / f"{name}.parquet")
        assert text.drop("slot_start").equals(binary.drop("slot_start"))
        assert text.columns == binary.columns
        starts = text["slot_start"].str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_zone="UTC")
        assert starts.to_list() == binary["slot_start"].to_list()


def export(called, folder, period):
    place = ("--rules", folder / "rules.yaml", "--period", period, "--out", folder / "o")
    done = called("export", "coefficients", *place)
    assert done.code == 0, done.err


def test_the_fixed_spanish_file_byte_by_byte(place, called):
    folder = place("spanish_fixed")
    export(called, folder, "2026")
    assert (folder / "o" / told(folder)).read_bytes() == (folder / "told.txt").read_bytes()


def test_the_hourly_spanish_file_byte_by_byte(place, called):
    folder = place("spanish_hourly")
    export(called, folder, "2026")
    data = (folder / "o" / told(folder)).read_bytes()
    assert data == spelt_out(folder)
    assert read_year(data, told(folder), RULES["spain-6.v1"]).ppm.shape == (3, 8760)
    hours = {}
    for line in data.decode().splitlines():
        _, hour, value = line.split(";")
        hours[hour] = hours.get(hour, 0) + Decimal(value.replace(",", "."))
    assert set(hours.values()) == {1}


def test_a_month_of_coefficients_there_and_back(place, called):
    folder = place("french_simple_dynamic")
    export(called, folder, "2026-06")
    name = "coefficients-2026-06.csv"
    assert (folder / "o" / name).read_bytes() == (folder / name).read_bytes()
