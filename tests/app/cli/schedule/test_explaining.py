"""``gridpact schedule explain`` on a street too weak for its vans, and on one that is not."""

import json
import re
import shutil
from types import SimpleNamespace

import msgspec
import pytest
from msgspec.structs import replace

from gridpact.app import folder
from gridpact.app.cli.commands import run_command
from gridpact.app.missed_needs import missed_needs
from gridpact.app.schedules.explaining import session_site
from gridpact.app.schedules.posing import gathered
from gridpact.app.schedules.unexplained import unexplained
from gridpact.app.summary import summarise
from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.explanation.model import Explanation
from gridpact.scheduling.explanation.trial import Trial
from gridpact.scheduling.messages import ScheduleRevised, ScheduleSolved
from gridpact.scheduling.needs.wire import from_json
from gridpact.scheduling.standing.places import Places

VAN = "{{kind: car, id: {name}, capacity_kwh: 60, by: '03:00', back: '18:00', trip_kwh: 34}}"
WEAK = f"""\
gridpact: 1
community: {{name: Weak Street, slot_minutes: 60}}
zones: [{{id: street, import_limit_kw: 7.5}}]
market: {{intraday_gates: ["12:00"]}}
members:
  - {{id: bakery, load: none, assets: [{VAN.format(name="van-1")}, {VAN.format(name="van-2")}]}}
  - {{id: florist, load: none, assets: [{VAN.format(name="van-3")}]}}
  - {{id: home, assets: [{{kind: battery}}]}}
"""
FIRST = ("--session", "2026-06-15.day-ahead")
CLASHING = {"limit/street", "owner/van-1/2", "owner/van-2/2", "owner/van-3/2"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of the weak street for a day."""
    place = tmp_path_factory.mktemp("weak")
    (place / "weak.yaml").write_text(WEAK, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert run_command(["run", "weak.yaml", "--out", "run", "-q"]) == 0
    return place / "run"


@pytest.fixture
def weak(run, monkeypatch, capsys):
    """Ask things of the weak street: ``ask`` gives exit code, output and errors."""
    monkeypatch.chdir(run.parent)

    def ask(*words):
        code = run_command(["schedule", "explain", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    def asked(*words, code=0):
        ended, out, err = ask(*words, "--json")
        assert ended == code, err
        return json.loads(out)

    return SimpleNamespace(ask=ask, asked=asked)


def ids_of(found):
    return {need["id"] for one in found["conflicts"] for some in one["members"] for need in some}


def above_limits(problem):
    """What limits on import miss if all needs are kept [Wh]."""
    plan = solve(msgspec.structs.replace(problem, firm=None))
    return sum(one.missing_wh for one in plan.conflicts if one.kind == "zone-import")


def test_the_operator_is_told_what_clashes_and_what_fits(weak, run):
    found = weak.asked("run", *FIRST)
    assert (found["holds"], found["for"], found["session"]) == (
        False,
        "operator",
        "2026-06-15.day-ahead",
    )
    assert ids_of(found) == CLASHING
    (conflict,) = found["conflicts"]
    assert conflict["zones"] == ["street"]
    was = gathered(folder.record(run))
    assert {one.kind for one in was.solved.plan.conflicts} == {"need"}
    assert above_limits(was.whole.problem) == pytest.approx(conflict["missing_wh"], abs=30)
    assert found["joint"]["fits"]


def test_needs_give_before_the_limit_of_the_street_as_in_the_plan(weak, run):
    """What the plan misses is what is said of it: three vans alike, and nothing of the limit."""
    plan = gathered(folder.record(run)).solved.plan
    vans = {one.missing_wh for one in plan.conflicts}
    assert {one.kind for one in plan.conflicts} == {"need"}
    joint = weak.asked("run", *FIRST)["joint"]
    assert {part["need"] for part in joint["parts"]} == CLASHING - {"limit/street"}
    assert {part["missing_wh"] for part in joint["parts"]} == vans
    assert [need["id"] for need in joint["kept"]] == ["limit/street"]
    (wh,) = vans
    said = weak.asked("run", *FIRST)["sentences"][-1]
    each = f"{wh / 1000:.2f} kWh of owner/van"
    assert said == (
        f"The plan keeps limit/street, and misses {each}-1/2, {each}-2/2 and {each}-3/2."
    )
    own = weak.asked("run", *FIRST, "--for", "florist")["sentences"][-1]
    assert own == f"The plan keeps limit/street, and misses {each}-3/2."


def test_what_others_ask_is_not_said_to_be_there_whatever_is_done(run):
    """Each van alone could be held to what it needs; only the street is too weak for all."""
    was = gathered(folder.record(run))
    places = Places(was.community)
    nothing = Explanation(conflicts=(), joint=None, unbound=(), checks=0)
    asked = session_site(places, was)
    said = list(unexplained(was, places, asked, nothing, "operator"))
    assert len(said) == 3
    assert all(one.endswith(" on, as not all that is asked can be had.") for one in said)
    empty = asked.site.fleet.storage
    stuck = replace(empty, charge_w=empty.charge_w * 0, draw_wh=empty.draw_wh + 20_000.0)
    fleet = replace(asked.site.fleet, storage=stuck)
    asked = asked._replace(site=replace(asked.site, fleet=fleet))
    said = list(unexplained(was, places, asked, nothing, "operator"))
    assert all(one.endswith(" on, whatever is done.") for one in said)


def test_the_summary_says_what_plans_miss_of_owners_needs(run):
    """Of the plan in force when it is missed, in the night after the day that is settled."""
    record = folder.record(run)
    community, last = gathered(record).community, record.all(ScheduleSolved)[-1]
    assert summarise(run).missed_wh == {}  # vans leave at 03:00 of the day after
    missed = missed_needs(record, community, last.horizon.end)
    own = {
        community.storage.ids[one.row]: one.missing_wh
        for one in last.plan.conflicts
        if one.kind == "need" and one.first_slot < last.window.count
    }
    assert missed == own
    assert set(own) == {"van-1", "van-2", "van-3"}


def test_every_proposal_is_enough_and_no_more_than_needed(weak, run):
    """Solved again with nothing but the proposal; a percent or a step less does not do."""
    was = gathered(folder.record(run))
    site, needs = session_site(Places(was.community), was)
    trial, found = Trial(site), weak.asked("run", *FIRST)
    (conflict,) = found["conflicts"]
    assert len(conflict["proposals"]) == 4
    for proposal in conflict["proposals"]:
        member = conflict["members"][proposal["member"]]
        gone = {need["id"] for need in member}
        rest = [one for one in needs if one.id not in gone]
        changed = [from_json(json.dumps(each["need"]).encode()) for each in proposal["needs"]]
        assert trial.fits([*rest, *changed])
        assert not trial.fits([*rest, *(one for one in needs if one.id in gone)])


def test_an_owner_is_told_of_others_by_number(weak):
    found = weak.asked("run", *FIRST, "--for", "florist")
    assert ids_of(found) == {"limit/street", "owner/van-3/2"}
    (conflict,) = found["conflicts"]
    assert (conflict["missing_wh"], conflict["burdens"]) == (None, [])  # it is not told
    said = " ".join(found["sentences"])
    assert "2 state-of-charge needs of others" in said
    whole = json.dumps(found)
    for private in ("van-1", "van-2", "bakery"):
        assert private not in whole
    assert found["joint"]["cost_nano"] is None


def test_an_owner_whose_needs_clash_with_nothing_is_told_so(weak):
    found = weak.asked("run", "--for", "home")
    assert (found["holds"], found["conflicts"]) == (True, [])
    code, out, _ = weak.ask("run", "--for", "home")
    assert code == 0
    assert out.splitlines()[1] == "✓ None of your needs is in a conflict."


def test_lines_are_sentences_that_fit_a_terminal(weak):
    code, out, err = weak.ask("run", *FIRST)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "2026-06-15.day-ahead, made 2026-06-14T12:45, of Weak Street, for operator"
    assert max(map(len, lines)) <= 92
    joined = re.sub(r"\n  ", " ", out)
    for sentence in weak.asked("run", *FIRST)["sentences"]:
        assert f"- {sentence}" in joined
    assert "explaining" in err
    assert weak.ask("run", *FIRST, "-q") == (0, out.split("\n", 1)[1], "")


def test_a_street_without_a_conflict_keeps_everything(street):
    found = street.asked("explain", "run")
    assert found["holds"]
    code, out, _ = street.ask("explain", "street.yaml")
    assert code == 0
    assert out.splitlines()[1] == "✓ All that is asked can be kept."


def test_a_need_that_fits_and_one_that_does_not(weak):
    code, out, _ = weak.ask("run", "--need", "battery >= 50% by 12:00", "--owner", "home")
    assert code == 0
    first, second, third = out.splitlines()
    assert first == "✓ home-battery >= 50% at 12:00: fits"
    assert second == "    in 2026-06-16.day-ahead, made 2026-06-15T12:45"
    assert third == "    beside all but 1 need, as not all can be kept"
    assert weak.asked("run", "--need", "battery >= 50% by 12:00", "--owner", "home")["fits"]
    words = ("--need", "zone street <= 1 kW 18:00-03:00, grid", "--owner", "dso")
    found = weak.asked("run", *words, code=1)
    assert not found["fits"]
    assert found["aside"] == 1
    assert any("need-1" in sentence for sentence in found["sentences"])
    own = weak.asked("run", "--need", "van-3 >= 100% by 19:00", "--owner", "florist", code=1)
    assert "bakery" not in json.dumps(own)


def test_a_need_that_a_run_would_refuse_is_refused_here(weak):
    words = ("--need", "battery starts <= 2 18:00-08:00", "--owner", "home")
    code, out, _ = weak.ask("run", *words)
    assert code == 1
    assert out.startswith("✗ home-battery starts <= 2 18:00-08:00: refused\n")
    assert "name an appliance" in out
    assert weak.asked("run", *words, code=1)["refused"]


def test_asking_states_nothing(weak, run):
    before = (run / "journal.db").read_bytes()
    weak.asked("run", "--need", "battery >= 50% by 12:00", "--owner", "home")
    assert (run / "journal.db").read_bytes() == before


def test_a_need_that_stands_is_explained_by_its_name(weak, run, tmp_path, monkeypatch):
    """It is in no conflict of the session that was planned before it was stated."""
    shutil.copy(run.parent / "weak.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    words = ["run", "weak.yaml", "--until", "2026-06-15T05:00", "--out", "paused", "-q"]
    assert run_command(words) == 0
    cap = "zone street <= 1 kW 18:00-03:00, grid"
    assert run_command(["need", "add", "paused", cap, "--owner", "dso", "-q"]) == 0
    assert run_command(["run", "--resume", "paused", "--until", "2026-06-15T13:00", "-q"]) == 0
    assert ids_of(weak.asked("paused", *FIRST)) == CLASHING
    later = weak.asked("paused")  # the latest, which knows of it
    assert "need-1" in ids_of(later)
    assert (later["session"], later["made"]) == ("2026-06-16.day-ahead", 1_781_520_300)
    by_name = weak.asked("paused", "--session", "2026-06-15.intraday-1200")
    assert "need-1" in ids_of(by_name)
    # the instant that the history shows names the plan that was made last of those that begin then
    by_instant = weak.asked("paused", "--session", "2026-06-15T13:00")
    assert by_instant["session"] == "2026-06-15.intraday-1200"


def test_dates_are_read_when_the_run_has_come_to(weak):
    words = ("--need", "battery >= 50% by 12:00", "--owner", "home")
    told = [weak.asked("run", *words, *more) for more in ((), FIRST)]
    needs = [{**one["need"], "id": ""} for one in told]
    assert needs[0] == needs[1]
    assert [one["session"] for one in told] == ["2026-06-16.day-ahead", FIRST[1]]


def test_a_schedule_made_between_sessions_is_explained_and_compared(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rolling = WEAK.replace("members:", "operation: {replan_minutes: 720}\nmembers:")
    (tmp_path / "rolling.yaml").write_text(rolling, encoding="utf-8")
    assert run_command(["run", "rolling.yaml", "--out", "run", "-q"]) == 0
    (first, *_) = folder.record(tmp_path / "run").all(ScheduleRevised)
    words = ["run", "--session", first.name, "--json"]
    assert run_command(["schedule", "explain", *words]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["session"] == first.name
    planned = above_limits(gathered(folder.record(tmp_path / "run"), first.name).whole.problem)
    told = sum(one["missing_wh"] for one in found["conflicts"])
    assert told == pytest.approx(planned, rel=0.02, abs=30)
    assert planned > 0
    both = ["--session", "2026-06-15.day-ahead", "--session", first.name]
    assert run_command(["schedule", "diff", "run", *both, "--json"]) == 0
    compared = json.loads(capsys.readouterr().out)
    assert (compared["after"], compared["start"]) == (first.name, first.window.start)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "there is no such file or folder"),
        (["run", "--session", "noon"], "no schedule was made for 'noon'"),
        (["run", "--for", "bakry"], "write bakery"),
        (["run", "--need", "battery >= 50% by 12:00"], "go together"),
        (["run", "--owner", "home"], "go together"),
        (["run", "--need", "battery >= 5", "--owner", "home", "--for", "home"], "does not go with"),
        (["run", "--need", "battery >= 5 kwh by 12:00", "--owner", "home"], "kWh"),
        (["run", "--need", "battery >= 50% by 12:00", "--owner", "nobody"], "no party 'nobody'"),
        (["run", "--need", "van-1 >= 50% by 12:00", "--owner", "home"], "no asset 'van-1'"),
        (["run", "--need", "{", "--owner", "home"], "error: "),
    ],
)
def test_bad_input_is_named(weak, words, said):
    code, out, err = weak.ask(*words)
    assert (code, out) == (2, "")
    assert said in err
