"""Exports: rows equal the messages they come from, whole files, the same bytes."""

from __future__ import annotations

import csv
import json
import os
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.app import exports
from gridpact.base.errors import StoreError
from gridpact.metering.messages import DayMetered
from gridpact.scheduling.messages import ScheduleSolved, TelemetryReceived
from gridpact.settlement.messages import DaySettled, LineKind

NAME = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,12}", fullmatch=True)
KIND = st.from_regex(r"[a-z][a-z-]{0,10}", fullmatch=True)


@pytest.fixture(scope="module")
def written(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    exports.write(folder, run.record())
    return folder


def rows(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@given(day=st.dates(), member=NAME, contract=NAME, kind=KIND)
@settings(deadline=None)
def test_line_names_read_back(day, member, contract, kind):
    name = exports.line_id(str(day), member, LineKind(contract, kind, "member", "x"))
    assert exports.parse_line_id(name) == (str(day), member, contract, kind)


@pytest.mark.parametrize("text", ["", "a/b", "2026-06-15/home-07/supplier", "a/b/c.d/e", "/b/c.d"])
def test_other_names_are_refused(text):
    with pytest.raises(ValueError, match=r"DAY/MEMBER/CONTRACT\.KIND"):
        exports.parse_line_id(text)


def test_statements_hold_every_line_of_every_day(run, written):
    found = {row["line_id"]: row for row in rows(written / "statements.csv")}
    expected = 0
    for day in run.all(DaySettled):
        for at, kind in enumerate(day.kinds):
            for row, member in enumerate(run.community.members.ids):
                line = found[f"{day.day}/{member}/{kind.contract}.{kind.kind}"]
                assert line["payer"] == (member if kind.payer == "member" else kind.payer)
                assert line["payee"] == (member if kind.payee == "member" else kind.payee)
                assert int(line["amount_nano"]) == day.nano[at, row]
                assert int(line["amount_minor"]) == day.minor[at, row]
                assert int(line["energy_wh"]) == day.energy_wh[at, row]
                expected += 1
        for at, kind in enumerate(day.operator_kinds):
            line = found[f"{day.day}/coop/{kind.contract}.{kind.kind}"]
            assert int(line["amount_nano"]) == day.operator_nano[at]
            assert (line["payer"], line["payee"]) == ("powerco", "coop")
            assert line["energy_wh"] == ""
            expected += 1
    assert len(found) == expected


def test_decimal_amounts_are_the_minor_units_exactly(written):
    lines = rows(written / "statements.csv")
    assert any(line["amount"].startswith("-") for line in lines)
    for line in lines:
        assert Decimal(line["amount"]) * 100 == int(line["amount_minor"])
        assert len(line["amount"].partition(".")[2]) == 2


def test_bills_add_up_the_statements(run, written):
    bills = {row["member"]: row for row in rows(written / "bills.csv")}
    paid = dict.fromkeys(run.community.members.ids, 0)
    for line in rows(written / "statements.csv"):
        amount = int(line["amount_minor"])
        if line["payer"] in paid:
            paid[line["payer"]] += amount
        if line["payee"] in paid:
            paid[line["payee"]] -= amount
    alone = sum(
        np.rint(day.supplier_only_nano / 10_000_000).astype(int) for day in run.all(DaySettled)
    )
    for row, (member, total) in enumerate(paid.items()):
        bill = bills[member]
        assert int(bill["total_minor"]) == total
        assert int(bill["supplier_only_minor"]) == alone[row]
        assert int(bill["saving_minor"]) == alone[row] - total
        assert Decimal(bill["saving"]) * 100 == int(alone[row]) - total


def test_bills_as_json_say_the_same_and_name_the_days(written):
    whole = json.loads((written / "bills.json").read_text())
    assert whole["days"] == ["2026-03-28", "2026-03-29"]
    for bill, row in zip(whole["members"], rows(written / "bills.csv"), strict=True):
        assert bill["total_minor"] == sum(bill["lines_minor"].values()) == int(row["total_minor"])
        assert bill["saving"] == row["saving"]


def test_readings_are_those_settled_on(run, written):
    table = pl.read_parquet(written / "readings.parquet")
    days = run.all(DayMetered)
    assert table.height == sum(day.estimated.size for day in days)
    point = table.filter(pl.col("metering_point") == "mp-home-02")
    starts = np.concatenate([day.slots.starts() for day in days])
    assert (point["slot_start"].dt.epoch("s").to_numpy() == starts).all()
    for name in ("withdrawal_wh", "injection_wh", "estimated"):
        expected = np.concatenate([getattr(day, name)[1] for day in days])
        assert (point[name].to_numpy() == expected).all()


def test_schedules_show_plan_and_report_and_null_where_there_is_none(run, written):
    table = pl.read_parquet(written / "schedules.parquet")
    battery = table.filter(pl.col("asset") == "battery-03")
    told = {message.slot: message for message in run.all(TelemetryReceived)}
    starts = battery["slot_start"].dt.epoch("s").to_list()
    expected = [int(told[slot].state_wh[2]) if slot in told else None for slot in starts]
    assert expected.count(None) == 2
    assert battery["actual_state_wh"].to_list() == expected
    plans = [m.plan.charge_wh[2, : m.window.count] for m in run.all(ScheduleSolved)]
    assert battery["planned_charge_wh"].to_list() == np.concatenate(plans).tolist()


def test_a_slot_without_schedule_is_null(make_run):
    table = exports.schedules(make_run(days=1, unplanned=3).record())
    assert table["planned_state_wh"].null_count() == 3 * 3


def test_same_record_same_bytes(run, written, tmp_path):
    for path in exports.write(tmp_path, run.record()):
        assert path.read_bytes() == (written / path.name).read_bytes()


def test_a_run_without_settled_days_leaves_headers_only(make_run, tmp_path):
    exports.write(tmp_path, make_run(days=1, settle=False).record())
    assert (tmp_path / "statements.csv").read_text().count("\n") == 1
    assert rows(tmp_path / "bills.csv") == []
    assert json.loads((tmp_path / "bills.json").read_text())["members"] == []


def test_a_folder_that_cannot_be_written_is_one_line(run, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(StoreError) as caught:
        exports.write(blocked, run.record())
    assert "\n" not in str(caught.value)
    assert "statements.csv" in str(caught.value)


@pytest.mark.parametrize("step", ["fsync", "write"])
def test_a_full_disk_leaves_the_earlier_file_whole(run, tmp_path, monkeypatch, step):
    (tmp_path / "statements.csv").write_text("earlier")

    def full(*_):
        raise OSError(28, "No space left on device")

    if step == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        (tmp_path / ".statements.csv.partial").mkdir()
    with pytest.raises(StoreError, match=r"cannot write .*statements\.csv"):
        exports.write(tmp_path, run.record())
    assert (tmp_path / "statements.csv").read_text() == "earlier"
    assert not (tmp_path / ".statements.csv.partial").is_file()
