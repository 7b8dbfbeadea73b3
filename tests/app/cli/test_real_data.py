"""Every example runs for a day, verifies and replays; its figures are those of the data files.

What the files say is read here with Polars alone, by other code than gridpact's importers.
"""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
import yaml

from gridpact.app import folder
from gridpact.market.messages import PricesPublished
from gridpact.metering.messages import DayMetered
from gridpact.settlement.messages import DaySettled

EXAMPLES = Path(__file__).parents[3] / "examples"
PLAIN = {
    "activations": "2026-06-15",
    "agreements": "2026-06-15",
    "conflict": "2026-06-15",
    "default": "2026-06-15",
    "small": "2026-06-15",
    "markets": "2026-06-15",
    "rights": "2026-06-15",
    "rolling": "2026-06-15",
}
REAL = {
    "australian_homes": "2013-01-14",
    "californian_solar": "2017-04-10",
    "ev_garage": "2019-03-04",
    "german_prices": "2017-10-29",  # the day of 25 hours
    "solar_plant": "2012-06-11",
}


def test_every_example_is_run_here():
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == {*PLAIN, *REAL}


def day_of(cli, cwd, name, day, data=()):
    """Run an example for one day through the command line, verify and replay it."""
    shutil.copy(EXAMPLES / f"{name}.yaml", cwd)
    if (EXAMPLES / name).is_dir():  # files that the scenario names
        shutil.copytree(EXAMPLES / name, cwd / name)
    command = ("run", f"{name}.yaml", "--days", "1", "--from", day, *data)
    done = cli.run(*command, "--out", "run", "--json", cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")
    for look in ("verify", "replay"):
        looked = cli.run(look, "run", "-q", cwd=cwd)
        assert (looked.returncode, looked.stdout, looked.stderr) == (0, "", "")
    return json.loads(done.stdout)


def balanced(cwd, summary):
    """Headline figures are those of the tables, worked out by Polars."""
    table = pl.read_parquet(cwd / "run" / "readings.parquet")
    assert summary["withdrawn_wh"] == table["withdrawal_wh"].sum()
    assert summary["injected_wh"] == table["injection_wh"].sum()
    assert summary["readings"] == table.height == summary["members"] * summary["slots"]
    assert summary["estimated"] == table["estimated"].sum()
    assert 0 <= summary["local_wh"] <= summary["withdrawn_wh"]
    lines = pl.read_csv(cwd / "run" / "statements.csv")
    assert summary["paid_minor"] == lines["amount_minor"].abs().sum()


@pytest.mark.parametrize("name", PLAIN)
def test_examples_without_data(cli, tmp_path, name):
    """A home uses 3 to 60 kWh a day, cars and heat pumps included."""
    summary = day_of(cli, tmp_path, name, PLAIN[name])
    balanced(tmp_path, summary)
    assert 3_000 < summary["withdrawn_wh"] / summary["members"] < 60_000
    document = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8"))
    minutes = document.get("community", {}).get("slot_minutes", 15)
    assert summary["slots"] == 24 * 60 // minutes
    assert summary["members_pay_minor"] < summary["supplier_only_minor"]


@pytest.fixture(scope="module")
def example(cli, data_root, tmp_path_factory):
    """Run an example that reads data, once; returns its folder, its YAML and its summary."""
    done = {}

    def get(name):
        if name not in done:
            cwd = tmp_path_factory.mktemp(name)
            summary = day_of(cli, cwd, name, REAL[name], ("--data", data_root))
            balanced(cwd, summary)
            text = (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
            done[name] = cwd / "run", yaml.safe_load(text), summary
        return done[name]

    return get


def net_of_files(table, member):
    """Load less solar output [Wh] of a member, null where a file lacks it."""
    net = table[member["load"]["column"]].cast(pl.Float64) * 1000
    for asset in member.get("assets", ()):
        net = net - table[asset["column"]].cast(pl.Float64) * 1000
    return net.to_numpy()


def from_files(member):
    """Whether a member is nothing but columns of files."""
    plants = member.get("assets", ())
    return "column" in member.get("load", {}) and all(
        asset["kind"] == "pv" and "column" in asset for asset in plants
    )


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "file", "clock", "offset", "count"),
    [
        ("australian_homes", "homes_sgsc_30min", "timestamp_aest", 10, 10),
        ("californian_solar", "homes_pv_fontana_1h", "timestamp_local_std", -8, 5),
    ],
)
def test_meters_show_the_files(example, data_root, name, file, clock, offset, count):
    """Withdrawal less injection is load less solar output, slot by slot, to 1 Wh of rounding each.

    Of members that own no storage and no made-up plant; the day's sum to the same per slot.
    """
    run, document, _ = example(name)
    start = datetime.fromisoformat(REAL[name])
    table = pl.read_parquet(data_root / f"{file}.parquet").with_columns(
        pl.col(clock).dt.replace_time_zone(None)
    )
    table = table.filter(pl.col(clock).is_between(start, start + timedelta(days=1), closed="left"))
    readings = pl.read_parquet(run / "readings.parquet").sort("slot_start")
    first = readings["slot_start"][0].astimezone(UTC).replace(tzinfo=None)
    assert first == start - timedelta(hours=offset)
    compared = 0
    for member in filter(from_files, document["members"]):
        own = readings.filter(pl.col("metering_point").str.ends_with(member["id"]))
        assert own.height == table.height
        met = (own["withdrawal_wh"] - own["injection_wh"]).to_numpy()
        known = ~own["estimated"].to_numpy()
        off = np.abs(met - net_of_files(table, member))[known]
        assert off.max() <= 2, member["id"]
        assert known.mean() > 0.8
        compared += 1
    assert compared >= count


@pytest.mark.data
def test_homes_pay_the_german_day_ahead_price(example, data_root):
    """25 local hours: the file has 24, and the hour that occurs twice has its price twice."""
    run, _, summary = example("german_prices")
    assert summary["slots"] == 100
    clock = "timestamp_local_23_25h_filled"
    table = pl.read_parquet(data_root / "price_dayahead_DE_1h.parquet")
    table = table.with_columns(pl.col(clock).dt.replace_time_zone(None))
    hours = dict(table.select(clock, "price").iter_rows())
    record, zone = folder.record(run), ZoneInfo("Europe/Berlin")
    (published,) = [m for m in record.all(PricesPublished) if m.day == REAL["german_prices"]]
    wanted = []
    for start in published.slots.starts().tolist():
        local = datetime.fromtimestamp(start, zone).replace(tzinfo=None, minute=0, fold=0)
        wanted.append(round(hours[local] * 1000))
    assert np.abs(published.spot_micro_per_kwh - np.array(wanted)).max() <= 1
    assert min(wanted) < 0  # the storm of that weekend
    assert (
        record.all(DaySettled)[0].import_price_micro_per_kwh >= published.spot_micro_per_kwh
    ).all()


@pytest.mark.data
def test_australian_prices_are_means_of_five_minutes(example, data_root):
    run, _, _ = example("australian_homes")
    clock = "interval_end_nem_time_utc+10"
    table = pl.read_parquet(data_root / "price_realtime_aemo_5min.parquet")
    stamp = pl.col(clock).dt.replace_time_zone(None) - timedelta(days=4382, minutes=5)
    table = table.with_columns(stamp.alias("start"))
    half = table.group_by_dynamic("start", every="30m").agg(pl.mean("nsw1_rrp_aud_per_mwh"))
    means = dict(half.iter_rows())
    (published,) = [
        m for m in folder.record(run).all(PricesPublished) if m.day == REAL["australian_homes"]
    ]
    starts = published.slots.starts().tolist()
    local = [
        datetime.fromtimestamp(s, UTC).replace(tzinfo=None) + timedelta(hours=10) for s in starts
    ]
    wanted = np.array([means[each] * 1000 for each in local])
    assert np.abs(published.spot_micro_per_kwh - wanted).max() <= 1


@pytest.mark.data
def test_the_plant_injects_what_it_made(example, data_root):
    """Mean power of a quarter-hour [W] is a quarter of that in Wh; less where it was curtailed."""
    run, _, _ = example("solar_plant")
    start = datetime.fromisoformat(REAL["solar_plant"])
    clock = pl.col("timestamp_mst").dt.replace_time_zone(None)
    table = pl.read_parquet(data_root / "pv_pvdaq_system50_15min.parquet")
    table = table.filter(clock.is_between(start, start + timedelta(days=1), closed="left"))
    readings = pl.read_parquet(run / "readings.parquet").sort("slot_start")
    own = readings.filter(pl.col("metering_point").str.ends_with("community-plant"))
    assert own.height == table.height == 96
    made = (table["ac_power_2"].fill_null(np.nan).cast(pl.Float64) / 4).to_numpy()
    known = ~np.isnan(made) & ~own["estimated"].to_numpy()
    assert known.sum() > 80
    off = own["injection_wh"].to_numpy()[known] - np.maximum(made[known], 0)
    assert np.abs(off).max() <= 1
    assert own["injection_wh"].sum() > 10_000
    assert own["withdrawal_wh"].sum() == 0


@pytest.mark.data
def test_cars_charge_only_while_they_were_plugged_in(example, data_root):
    run, document, _ = example("ev_garage")
    table = pl.read_parquet(data_root / "ev_sessions_trondheim_residential.parquet")
    cars = pl.read_parquet(run / "schedules.parquet").filter(pl.col("actual_charge_wh") > 0)
    users = {
        member["id"]: asset["sessions"]["user"]
        for member in document["members"]
        for asset in member["assets"]
        if asset["kind"] == "car"
    }
    zone, charged = ZoneInfo("Europe/Oslo"), 0
    stays = {
        user: [
            tuple(each.replace(tzinfo=None) for each in stay)
            for stay in table.filter(pl.col("User_ID") == user)
            .select("plugin_local", "plugout_local")
            .drop_nulls()
            .iter_rows()
        ]
        for user in users.values()
    }
    for asset, start, energy in cars.select("asset", "slot_start", "actual_charge_wh").iter_rows():
        local = start.astimezone(zone).replace(tzinfo=None)
        end = local + timedelta(minutes=15)
        assert any(
            there < end and local < gone for there, gone in stays[users[asset.removesuffix("-car")]]
        )
        assert energy <= 7400 / 4
        charged += energy
    assert charged > 5_000


@pytest.mark.data
def test_a_metered_day_is_whole(example):
    """Per example: as many slots as its day has, and no reading invented without saying so."""
    for name, day in REAL.items():
        run, _, summary = example(name)
        (metered, *_) = folder.record(run).all(DayMetered)
        assert (metered.day, metered.slots.count) == (day, summary["slots"])
        assert metered.estimated.mean() < 0.2
