"""Every number and word of a solved fleet's files that was altered is found, with its place."""

import json

import polars as pl
import pytest

from gridpact.app.schedules import keeping
from gridpact.app.schedules.differences import differences
from gridpact.scheduling.audit.audit import audit


@pytest.fixture
def place(solved, tmp_path):
    keeping.write(tmp_path, solved)
    return tmp_path


def found_in(place):
    """Differences and breaches of what a folder now holds."""
    back = keeping.read(place)
    return differences(place, back), audit(back.fleet, back.solution, back.prices).breaches


def altered(path, column, row, change):
    """Write a table anew with one value changed."""
    table = pl.read_parquet(path)
    values = table[column].to_list()
    values[row] = change(values[row])
    column_of = pl.Series(column, values, table.schema[column])
    table.with_columns(column_of).write_parquet(path)


def test_files_as_written_differ_in_nothing(place):
    assert found_in(place) == ((), ())


@pytest.mark.parametrize(
    "column",
    [
        "buy_micro_per_kwh",
        "sell_micro_per_kwh",
        "net_wh",
        "import_limit_w",
        "import_price_micro_per_kwh",
        "export_price_micro_per_kwh",
    ],
)
def test_a_changed_number_of_prices_is_named(place, column):
    altered(place / keeping.PRICES, column, 8, lambda value: value + 200)
    ((one,), breaches) = found_in(place)
    assert breaches == ()
    assert (one.file, one.more) == (keeping.PRICES, 0)
    assert one.where == f"{column} of north, 2026-06-15T00:00:00+00:00"
    assert float(one.says) == float(one.comes_to) + 200


def test_a_limit_where_there_is_none_and_none_where_there_is_one_are_named(place):
    altered(place / keeping.PRICES, "export_limit_w", 3, lambda _: 5_000.0)
    altered(place / keeping.PRICES, "import_limit_w", 2, lambda _: None)
    first, second = found_in(place)[0]
    assert (first.says, first.comes_to) == ("nothing", "3500.0")
    assert (second.says, second.comes_to) == ("5000.0", "nothing")


@pytest.mark.parametrize("column", ["net_wh", "charge_wh", "discharge_wh", "state_wh"])
@pytest.mark.parametrize("asset", ["car", "battery", "plant", "washer", "engine"])
def test_a_changed_number_of_any_asset_is_found(place, column, asset):
    table = pl.read_parquet(place / keeping.SCHEDULES)
    row = table["asset"].to_list().index(asset) + 3
    altered(place / keeping.SCHEDULES, column, row, lambda value: (value or 0.0) + 200)
    differ, breaches = found_in(place)
    assert differ or breaches
    if asset == "battery" and column == "net_wh":
        assert differ[0].where.startswith("net_wh of battery, south")


@pytest.mark.parametrize("column", ["asset", "zone"])
def test_a_changed_name_is_found(place, column):
    altered(place / keeping.SCHEDULES, column, 7, lambda _: "elsewhere")
    ((one,), _) = found_in(place)
    assert one.says == "elsewhere"


def test_rows_in_another_order_are_found(place):
    for name in (keeping.SCHEDULES, keeping.PRICES):
        path = place / name
        pl.read_parquet(path).reverse().write_parquet(path)
    assert {one.file for one in found_in(place)[0]} == {keeping.SCHEDULES, keeping.PRICES}


def leaves(value, path=()):
    """Every number and word in JSON, by the way to it."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, within in items:
            yield from leaves(within, (*path, key))
    else:
        yield path, value


def test_every_changed_field_of_the_outcome_is_named(place):
    path = place / keeping.OUTCOME
    written = path.read_text(encoding="utf-8")
    ways = list(leaves(json.loads(written)))
    assert {"cost_nano", "lower_nano", "status", "tight"} <= {way[0] for way, _ in ways}
    for way, value in ways:
        told = json.loads(written)
        *above, last = way
        within = told
        for key in above:
            within = within[key]
        within[last] = value + "x" if isinstance(value, str) else value + 1
        path.write_text(json.dumps(told), encoding="utf-8")
        (one,) = differences(place, keeping.read(place))
        assert one.file == keeping.OUTCOME
        assert one.where.endswith(str(last))
        assert one.says == json.dumps(within[last])
        assert one.comes_to == json.dumps(value)


def test_limits_said_to_be_missed_and_fields_left_out_are_named(place):
    path = place / keeping.OUTCOME
    told = json.loads(path.read_text(encoding="utf-8"))
    told["missed"] = [{"name": "north", "kind": "import", "slot": 1, "missing_wh": 5.0}]
    del told["gap"]
    path.write_text(json.dumps(told), encoding="utf-8")
    gap, missed = differences(place, keeping.read(place))
    assert (gap.where, gap.says) == ("gap", "nothing")
    assert (missed.where, missed.comes_to) == ("missed", "[]")


def test_unreadable_and_missing_files_are_named(place):
    (place / keeping.OUTCOME).write_text("{", encoding="utf-8")
    (place / keeping.PRICES).unlink()
    differ = differences(place, keeping.read(place))
    assert [(one.file, one.where) for one in differ] == [
        (keeping.PRICES, "the file"),
        (keeping.OUTCOME, "the file"),
    ]


def test_missing_and_further_columns_and_rows_are_named(place):
    path = place / keeping.PRICES
    table = pl.read_parquet(path)
    table.rename({"net_wh": "net_kwh"}).write_parquet(path)
    assert {one.where for one in differences(place, keeping.read(place))} == {"net_wh", "net_kwh"}
    table.head(17).write_parquet(path)
    (one,) = differences(place, keeping.read(place))
    assert (one.where, one.says, one.comes_to) == ("rows", "17", "18")
