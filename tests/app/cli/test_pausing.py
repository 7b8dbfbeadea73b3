"""A run that waits for people: where it stands, that it can be checked, and that it goes on."""

import json
import shutil

import pytest

UNTIL = "2026-06-14T12:50"


@pytest.fixture(scope="module")
def waiting(cli, tmp_path_factory):
    """A place with the small scenario and a run of it that waits before its first gate."""
    place = tmp_path_factory.mktemp("waiting")
    cli.scenario(place)
    done = cli.run("run", "tiny.yaml", "--out", "run", "--until", UNTIL, cwd=place)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()[:2]
    assert first == "Tiny Lane waits at 2026-06-14T12:50 (Europe/Berlin); 0 of 1 days settled"
    assert "2026-06-15.day-ahead, uniform-price, gate 2026-06-14T13:00, slots 2026-06-15" in second
    return place


@pytest.fixture
def paused(waiting, tmp_path, monkeypatch):
    """An own copy of the place."""
    shutil.copytree(waiting, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_paused_run_ends_as_one_that_never_waited(called, cli, whole, paused):
    stops = ("2026-06-14T13:00", "2026-06-15T10:30Z", "2026-06-15T18:07:33")
    for stop in stops:
        done = called("run", "--resume", "run", "--until", stop, "--json")
        assert done.code == 0, done.err
        assert called("verify", "run").code == 0
    told = json.loads(done.out)
    assert (told["at"], told["days_settled"], told["sessions"]) == (stops[-1], 0, [])
    assert called("run", "--resume", "run", "-q").code == 0
    assert not (paused / "run" / "paused.json").exists()
    cli.same(paused / "run", whole / "run")


def test_a_paused_run_is_verified_and_replayed(called, paused):
    done = called("verify", "run")
    assert (done.code, "✗" in done.out) == (0, False)
    assert "seed 1, 0 days from 2026-06-15" in done.out
    assert called("replay", "run", "-q").code == 0
    stands = (paused / "run" / "paused.json").read_text()
    state = json.loads(stands)["result"]["state_hash"]
    (paused / "run" / "paused.json").write_text(stands.replace(state, "0" * 64))
    assert called("replay", "run", "-q").code == 1
    assert "✗ replay gives the same state" in called("verify", "run").out


def test_an_instant_after_the_end_finishes_the_run(called, cli, whole, paused):
    assert called("run", "--resume", "run", "--until", "2030-01-01T00:00", "-q").code == 0
    cli.same(paused / "run", whole / "run")
    more = called("run", "--resume", "run", "--until", "2030-01-01T00:00", "-q")
    assert (more.code, more.err) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("tiny.yaml", "--out", "new"), "the run begins at 2026-06-14T12:45, and 2026-06-14T12:00"),
        (("--resume", "run"), "the run is at 2026-06-14T12:50, and 2026-06-14T12:00 is before"),
    ],
)
def test_there_is_no_way_back(called, cli, paused, arguments, told):
    before = cli.content(paused / "run" / "journal.db")
    done = called("run", *arguments, "--until", "2026-06-14T12:00")
    assert done.code == 2
    assert told in done.err
    assert not (paused / "new").exists()
    assert (paused / "run" / "paused.json").exists()
    assert cli.content(paused / "run" / "journal.db") == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("noon", "'noon' is no instant such as 2026-06-15T13:00"),
        ("2026-06-15", "has no time of day"),
        ("2026-06-14T12:50:00.5", "is not a whole second"),
        ("2026-03-29T02:30", "does not exist in Europe/Berlin: clocks skip it"),
        ("2026-10-25T02:30", "comes twice in Europe/Berlin: add +02:00 or +01:00 to it"),
    ],
)
def test_what_is_no_instant_is_refused(called, paused, text, told):
    done = called("run", "--resume", "run", "--until", text)
    assert done.code == 2
    assert told in " ".join(done.err.split())
    assert (paused / "run" / "paused.json").exists()


def test_what_was_stopped_on_its_way_says_how_to_get_there(cli, paused):
    process = cli.begin("run", "--resume", "run", "--until", "2026-06-15T23:30", cwd=paused)
    for line in process.stderr:
        if "dispatching" in line:
            break
    process.send_signal(2)
    told = process.communicate()[1]
    assert process.returncode == 130
    assert "gridpact run --resume run --until 2026-06-15T23:30" in told
    again = cli.run("verify", "run", cwd=paused)
    assert (again.returncode, "the run has not finished" in again.stderr) == (2, True)
