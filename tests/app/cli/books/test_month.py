"""A whole month of hourly slots by the command line: what differs from the ledger is named."""

import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from gridpact.app.cli.commands import run_command

RULES = """\
gridpact: books/1
name: lane
currency: EUR
timezone: Europe/Berlin
slot_minutes: 60
readings: readings.csv
parties: {lane: operator, power: supplier}
members:
  - {id: bakery, role: consumer, supplier: power}
  - {id: mill, role: prosumer, supplier: power}
contracts:
  - name: power
    supplier: power
    product: supplier-tariff
    with: {member: member, supplier: power, import_price: spot, export_price: 0.08 EUR/kWh}
series: {spot: prices.csv}
"""
BEGIN = datetime(2026, 4, 30, 22, tzinfo=UTC)
HOURS = 31 * 24
VERIFY = "books verify book --ledger l --custody c --period 2026-05"
RUN = "2026-05-run-1"


def columns(names, values):
    lines = [",".join(["slot_start", *names])]
    for hour in range(HOURS):
        at = (BEGIN + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines.append(",".join([at, *map(str, values(hour))]))
    return "\n".join(lines) + "\n"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def command(line):
        code = run_command(shlex.split(line))
        return code, "".join(capsys.readouterr())

    Path("rules.yaml").write_text(RULES)
    names = ["bakery:withdrawal", "mill:withdrawal", "mill:injection"]
    Path("readings.csv").write_text(columns(names, lambda h: (500 + h, 200 + h % 7, h % 24 * 40)))
    Path("prices.csv").write_text(columns(["spot"], lambda h: (80_000 + h,)))
    join = "--as auth=a.key --why joins --role"
    for line in (
        "books init book --rules rules.yaml",
        "settle book --period 2026-05 --as-of 2026-06-02T00:00",
        "authority key a.key",
        "authority key op.key",
        "ledger init l --name lane --as auth=a.key",
        f"member authorise l lane --key op.pub {join} operator",
        *(f"member authorise l {name} {join} member" for name in ("bakery", "mill", "power")),
        "books anchor book --ledger l --custody c --draw --as lane=op.key --seal a.key --why month",
    ):
        code, told = command(line)
        assert code == 0, (line, told)
    return command


def reading(path):
    lines = path.read_text().splitlines(keepends=True)
    place = next(n for n, line in enumerate(lines) if line.startswith("2026-05-17T11:00:00Z"))
    at, bakery, mill, solar = lines[place].split(",")
    lines[place] = ",".join([at, bakery, str(int(mill) + 250), solar])
    path.write_text("".join(lines))
    was = f"withdrawal at {at} was {mill} Wh and is {int(mill) + 250} Wh"
    return f"readings of mill in {RUN}-2026-05-17: {was}"


def rule(path):
    text = path.read_text()
    assert text.count('"due_days": 14') == 1
    path.write_text(text.replace('"due_days": 14', '"due_days": 15'))
    return f"the rules of {RUN}"


def price(path):
    frame = pl.read_parquet(path)
    row = pl.int_range(pl.len()) == 400
    frame.with_columns(pl.col("spot") + row.cast(pl.Int64)).write_parquet(path)
    return f"the series spot of {RUN}"


def test_one_reading_rule_or_price_of_a_month_is_named(run):
    code, told = run(VERIFY)
    assert (code, "gives what is on the ledger" in told) == (0, True)
    for name, tamper in (
        ("readings.csv", reading),
        ("book/runs/0001/rules.json", rule),
        ("book/runs/0001/series.parquet", price),
    ):
        path = Path(name)
        before = path.read_bytes()
        named = tamper(path)
        code, told = run(VERIFY)
        assert (code, named in told) == (1, True), told
        path.write_bytes(before)
    assert run(VERIFY)[0] == 0
