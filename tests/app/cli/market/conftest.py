"""A small market that waits for people, under any mechanism, and what its members ask of it."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import pytest

from gridpact.app.cli.commands import run_command

SCENARIO = """\
gridpact: 1
community: {name: Corner Market, slot_minutes: 60}
run: {from: 2026-06-15, days: 1, seed: 1}
zones: [{id: street}, {id: lane}]
market: {intraday_gates: ["12:00"], opens_minutes: 120, day_ahead: {DAY_AHEAD}}
members:
  - {id: solar-park, role: producer, zone: street, assets: [{kind: pv, kw_peak: 10}]}
  - id: bakery
    role: consumer
    zone: street
    load: {household_kwh_per_year: 9000}
    market: {buy_limit_kwh: 40, collateral: 20}
  - {id: workshop, role: consumer, zone: lane, load: {household_kwh_per_year: 6000}}
  - id: holiday-home
    role: consumer
    zone: lane
    load: {household_kwh_per_year: 1500}
    market: {authorised: false}
"""
UNTIL = "2026-06-14T12:00"
SESSION = "2026-06-15.day-ahead"
SLOT = "2026-06-15T13:00"


@pytest.fixture(scope="session")
def waiting_under(tmp_path_factory):
    """Return the place of a run that waits, by what its day-ahead market says; made once each."""
    made = {}

    def place(rules="mechanism: uniform-price"):
        if rules not in made:
            folder = tmp_path_factory.mktemp("waiting")
            text = SCENARIO.replace("DAY_AHEAD", rules)
            (folder / "corner.yaml").write_text(text, encoding="utf-8")
            words = ["run", "corner.yaml", "--out", "run", "--until", UNTIL, "-q"]
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(folder)
                assert run_command(words) == 0
            made[rules] = folder
        return made[rules]

    return place


@pytest.fixture
def corner(waiting_under, called, tmp_path, monkeypatch):
    """An own copy of a run that waits, in the current folder, and ways to ask things of it."""

    def copy(rules="mechanism: uniform-price"):
        shutil.copytree(waiting_under(rules), tmp_path, dirs_exist_ok=True)
        monkeypatch.chdir(tmp_path)
        return SimpleNamespace(path=tmp_path, place=place, list=listed, book=book, asked=asked)

    def asked(*arguments):
        """Run a command with --json; return its exit code and what it tells."""
        done = called(*arguments, "--json")
        assert done.err == "", done.err
        return done.code, json.loads(done.out)

    def place(member, amount, limit, *more, slot=SLOT):
        """Buy (a positive amount of kWh) or sell; return the exit code and the order's answer."""
        side = f"--buy={amount}kWh" if amount >= 0 else f"--sell={-amount}kWh"
        words = ("--member", member, side, f"--limit={limit} ct/kWh", "--slot", slot)
        code, told = asked("order", "place", "run", *words, *more)
        (answer,) = told["orders"]
        return code, answer

    def listed(*arguments):
        return asked("order", "list", "run", *arguments)[1]

    def book():
        return asked("market", "show", "run", "--session", SESSION)[1]

    return copy
