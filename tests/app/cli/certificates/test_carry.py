"""A register carried onto a ledger: two folds of the same story come to the same holdings."""

import json
from collections import Counter
from pathlib import Path

import pytest

from gridpact.app.certificates.folder import RegisterFolder
from gridpact.app.cli.commands import run_command
from gridpact.app.ledgers import home

ACT = ("--as", "lane=op.key", "--seal", "a.key", "--why", "monthly")
DAY = ("--period", "2026-03-29", "--readings", "store")
CARRY = ("ledger", "certificate", "carry", "l", "-r", "lane", *ACT)


@pytest.fixture
def shell(lane, capsys):
    def run(*words):
        code = run_command([*map(str, words)])
        told = capsys.readouterr()
        return code, told.out, told.err

    join = ("--as", "auth=a.key", "--why", "joins", "--role")
    for line in (
        ("authority", "key", "a.key"),
        ("authority", "key", "op.key"),
        ("ledger", "init", "l", "--name", "lane", "--as", "auth=a.key"),
        (
            "member",
            "authorise",
            "l",
            "lane",
            "--key",
            "op.pub",
            *join,
            "operator",
            "--role",
            "issuer",
        ),
        *(("member", "authorise", "l", name, *join, "member") for name in ("school", "bakery")),
    ):
        assert run(*line)[0] == 0
    return run


def told_by_register():
    found = Counter()
    for each in RegisterFolder.open(Path("lane")).register().holdings(0):
        if not each.piece.fate:
            found[each.lot.serials.first, each.piece.owner] += each.energy_wh
    return dict(found)


def told_by_ledger(name="bakery-lane"):
    with home.opened(Path("l")) as ledger:
        assert ledger.verify() == ledger.head()
        rows = ledger.state().holdings.rows
    return {(int(c.removeprefix(f"{name}/")), holder): wh for (c, holder), wh in rows.items()}


def test_after_every_operation_both_tell_the_same(lane, shell):
    move = ("--from", "school", "--to", "bakery")
    steps = (
        ("issue", *DAY, "--at", "2026-04-03T12:00"),
        ("transfer", *move, "--energy", "10kWh", "--at", "2026-04-03T13:00"),
        ("cancel", "--from", "bakery", "--energy", "8kWh", "--for", "bakery", "--purpose", "supply",
         "--period", "2026-03-29", "--at", "2026-04-04T09:00"),
    )  # fmt: skip
    for step in steps:
        assert lane.run(*step).code == 0
        assert shell(*CARRY)[0] == 0
        assert told_by_ledger() == told_by_register()
    lane.corrected("2026-05-01T00:00", "0,161;0,000", "0,161;4,000")
    assert lane.run("issue", *DAY, "--at", "2026-05-02T12:00").code == 0
    code, out, _ = shell(*CARRY)
    assert (code, "1 operation of " in out) == (0, True)
    assert told_by_ledger() == told_by_register()
    code, out, _ = shell(*CARRY)
    assert (code, out) == (0, "all of bakery-lane is on the ledger\n")
    found = json.loads(shell("ledger", "certificate", "list", "l", "--json")[1])
    periods = [each["period"] for each in found]
    assert periods[1] == f"{periods[0]}/2", "what a correction adds has a period of its own"
