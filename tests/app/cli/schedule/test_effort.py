"""How long ``gridpact schedule solve`` works, over how many processes, and how it is stopped."""

import json
import re
import signal

import pytest

from gridpact.app.schedules import keeping
from gridpact.app.schedules.effort import Stop, working
from gridpact.scheduling.fleet.machine_code import Kernel
from gridpact.scheduling.fleet.options import Options

FINE = ("--method", "engine", "--gap", "0.0001 %")
ROUND = re.compile(r"round (\d+): at least (\S+) EUR, found (\S+) EUR, gap (\S+)%")


def rounds_told(text):
    """Number, bounds and gap of every round told."""
    return [ROUND.fullmatch(line).groups() for line in text.splitlines() if "round" in line]


def test_processes_give_the_same_answer(street):
    alone = street.asked("solve", "run", *FINE, "--out", "alone")
    spread = street.asked("solve", "run", *FINE, "--out", "spread", "--jobs", "2")
    assert spread == alone
    for name in (keeping.FLEET, keeping.SCHEDULES):
        one, other = (street.place / place / name for place in ("alone", "spread"))
        assert one.read_bytes() == other.read_bytes()


def test_progress_tells_every_round_and_leaves_the_answer_alone(street):
    code, out, err = street.ask("solve", "run", *FINE, "--progress", "--json")
    assert code == 0
    found, told = json.loads(out), rounds_told(err)
    assert [int(number) for number, *_ in told] == list(range(1, found["rounds"] + 1))
    _, lower, upper, gap = told[-1]
    assert float(lower) <= float(upper)
    assert float(lower) == pytest.approx(found["lower_nano"] / 1e9, abs=1e-3)
    assert float(gap) == pytest.approx(found["gap"] * 100, abs=0.02)


def test_a_time_that_is_over_leaves_the_answer_of_the_last_round(street):
    code, out, err = street.ask("solve", "run", *FINE, "--limit-seconds", "1e-9", "--out", "new")
    assert code == 1, err
    found = json.loads((street.place / "new" / keeping.OUTCOME).read_text("utf-8"))
    whole = json.loads((street.place / "out" / keeping.OUTCOME).read_text("utf-8"))
    assert found["status"] == ("limits-missed" if found["missed"] else "stopped")
    assert f"status    {found['status']}" in out
    assert found["lower_nano"] - 1e5 <= whole["cost_nano"]
    assert whole["lower_nano"] - 1e5 <= found["cost_nano"]
    audited = street.asked("audit", "new")
    assert audited["breaches"] == []


def test_a_time_that_suffices_changes_nothing(street):
    found = street.asked("solve", "run", "--limit-seconds", "600")
    assert found == street.asked("solve", "run")


def test_ctrl_c_ends_the_solve_after_its_round_and_writes_what_was_found(street, cli):
    process = cli.begin(
        "schedule", "solve", "run", *FINE, "--out", "new", "--jobs", "2", cwd=street.place
    )
    for line in process.stderr:
        if line.startswith("solving"):
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "status    stopped" in out or "status    limits-missed" in out
    assert out.splitlines()[-1] == "written   new"
    found = street.asked("audit", "new")
    assert found["breaches"] == []
    shown = street.asked("show", "new")
    assert len(shown["assets"]) > 0


def pressed_twice(stop):
    """Press ctrl-C twice in a solve that does not look; returns only if the second did nothing."""
    with working(Options(), 1, stop) as options:
        assert not options.cancelled()
        signal.raise_signal(signal.SIGINT)
        assert options.cancelled()
        signal.raise_signal(signal.SIGINT)


def test_a_second_ctrl_c_ends_it_at_once():
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        pressed_twice(Stop())
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--jobs", "0"], "--jobs"),
        (["--limit-seconds", "0"], "--limit-seconds"),
        (["--limit-seconds", "5", "--method", "reference"], "no rounds to stop after"),
    ],
)
def test_effort_that_makes_no_sense_is_refused(street, words, said):
    code, out, err = street.ask("solve", "run", *words, "--out", "new")
    assert (code, out) == (2, "")
    assert said in err
    assert not (street.place / "new").exists()


@pytest.mark.parametrize(
    ("kept", "words", "told"),
    [
        (False, [], 1),
        (True, [], 0),
        (False, ["--quiet"], 0),
        (False, ["--json"], 0),
        (False, ["--method", "reference"], 0),
    ],
)
def test_the_first_solve_on_a_machine_says_that_it_compiles(street, monkeypatch, kept, words, told):
    monkeypatch.setattr(Kernel, "kept", lambda self: kept)
    code, _, err = street.ask("solve", "run", *words)
    assert code == 0
    assert err.count("compiling for this machine, once") == told
