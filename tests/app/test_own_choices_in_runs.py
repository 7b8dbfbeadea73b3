"""A run in which a member leaves its right to sell to plans: chosen, told, settled, replayed."""

import json
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from gridpact.agreements.messages import (
    AgreementRefused,
    ChoiceExercised,
    ChoicesDelegated,
    ExerciseChoice,
)
from gridpact.agreements.settle import settle
from gridpact.app.agreements_of_run import agreement_views
from gridpact.app.bootstrap import Edges, build
from gridpact.app.cli.commands import run_command
from gridpact.app.cli.scheduling_tables import view_lines
from gridpact.app.record import Record
from gridpact.app.schedules.agreed import agreed_views
from gridpact.app.schedules.posing import gathered, name_of, plans_of, posed
from gridpact.app.schedules.view import of_plan
from gridpact.base.errors import BadInput
from gridpact.base.slots import Slots
from gridpact.kernel.journal import Journal
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.local import LocalLedger
from gridpact.metering.messages import DayMetered
from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.contracted.deciding import planned
from gridpact.scheduling.handlers import Scheduling
from gridpact.scheduling.messages import (
    PlanDue,
    PlannedChoice,
    ScheduleRevised,
    ScheduleSolved,
)
from gridpact.simulation.scenarios.loading import load
from gridpact.simulation.staging import world

SCENARIO = """\
gridpact: 1
community: {name: Right Lane, slot_minutes: 60}
run: {from: 2026-06-15}
zones: [{id: lane, import_limit_kw: 20}]
members:
  - {id: bakery, assets: [{kind: battery, capacity_kwh: 12, power_kw: 4}]}
  - {id: florist, assets: [{kind: tank}]}
market: {intraday_gates: ["12:00"]}
agreements:
  - id: right
    contract: right.yaml
    from: "2026-06-15T16:00"
    until: "2026-06-15T22:00"
"""
DELEGATED = SCENARIO + "    plans_choose_for: [bakery]\n"
RIGHT = """\
gridpact: contract/1
title: Right to sell
product: swing-put
with:
  holder: bakery
  writer: supplier
  quantity: 1.5 kWh
  strike: 250 EUR/MWh
  premium: 0.001 EUR
  limit: 2
  period: day@Europe/Berlin
  notice: 2 h
  currency: EUR
"""
HOURS, RIGHTS, WH, HOUR = 6, 2, 1_500, 3_600
EARNED, PREMIUM = Fraction(3, 2) * Fraction(1, 4) * 10**9, 10**6
BAKERY = 0


def written(folder, scenario):
    (folder / "right.yaml").write_text(RIGHT, encoding="utf-8")
    (folder / "scenario.yaml").write_text(scenario, encoding="utf-8")
    return folder / "scenario.yaml"


@pytest.fixture(scope="module")
def ran(tmp_path_factory, run_in_memory):
    return run_in_memory(written(tmp_path_factory.mktemp("lane"), DELEGATED))


def exercised(record):
    return [int(one.slots.start) for one in record.all(ExerciseChoice)]


def test_the_plan_costs_what_the_best_of_all_exercises_costs(ran):
    """Every way to use up to two of six slots, each planned as it stands."""
    kept = sorted(
        (
            one
            for kind in Scheduling(ran.record.opening().community).room().handlers
            for one in ran.record.kept(kind)
        ),
        key=lambda one: one.seq,
    )
    community = ran.record.opening().community
    scheduling = Scheduling(community)
    room = scheduling.room()
    state, first = room.state, ran.record.kept(ScheduleSolved)[0]
    for one in kept:
        if one.seq == first.seq:
            break
        state, _ = room.handlers[type(one.message)](state, one.message, one.time)
    plan = first.message
    due = PlanDue(session=plan.session, window=plan.window, horizon=plan.horizon)
    (choice,) = plan.choices
    assert len(choice.starts) == HOURS

    def cost(taken):
        values = np.isin(np.arange(HOURS), taken).astype(np.int64)
        made = PlannedChoice("right", 1, "exercise", choice.starts, values)
        with_it = planned(state, [made], {"bakery": 0, "florist": 1}, first.time)
        found = solve(scheduling.posed(with_it, due).problem)
        assert found.conflicts == ()
        return int(found.cost_nano.sum()) - len(taken) * int(EARNED)

    ways = [way for count in range(RIGHTS + 1) for way in combinations(range(HOURS), count)]
    costs = {way: cost(way) for way in ways}
    mine = tuple(np.flatnonzero(choice.values).tolist())
    assert costs[mine] == int(plan.plan.cost_nano.sum()) - len(mine) * int(EARNED)
    assert costs[mine] <= min(costs.values()) + 10_000
    assert costs[mine] < costs[()]


def test_it_is_told_by_its_author_an_hour_before_its_notice_ends(ran):
    told = ran.record.kept(ExerciseChoice)
    assert len(told) == RIGHTS
    for one in told:
        assert (one.message.party, one.message.label) == ("bakery", "exercise")
        assert one.time == one.message.slots.start - 2 * HOUR - HOUR
    assert len(ran.record.all(ChoiceExercised)) == RIGHTS
    assert ran.record.all(AgreementRefused) == []
    assert [one.party for one in ran.record.all(ChoicesDelegated)] == ["bakery"]


def test_what_is_exercised_is_delivered_and_its_cash_flows_are_those_of_the_terms(ran):
    (day,) = ran.record.all(DayMetered)
    injected = day.injection_wh - day.withdrawal_wh
    slots = [(at - day.slots.start) // HOUR for at in exercised(ran.record)]
    assert (injected[BAKERY, slots] >= WH - 1).all()
    record = ran.loop.states["agreements"].records["right"]
    life = record.versions[0].agreement.slots
    flows = settle(record, {}, life)
    got = {key: int(values.sum()) for key, values in flows.items()}
    assert got == {
        ("supplier", "bakery", "EUR", "exercise"): RIGHTS * EARNED,
        ("bakery", "supplier", "EUR", "premium"): HOURS * PREMIUM,
    }
    sold = flows["supplier", "bakery", "EUR", "exercise"]
    assert life.starts()[sold > 0].tolist() == exercised(ran.record)


def test_a_plan_is_posed_again_as_it_was(ran):
    """Also the first one, before anything was told; and it is shown what it was bound by."""
    for one in plans_of(ran.record)[:2]:
        was = gathered(ran.record, name_of(one))
        assert solve(was.whole.problem).cost_nano.tolist() == one.plan.cost_nano.tolist()
    shown = "\n".join(view_lines(of_plan(posed(ran.record))))
    assert shown.count("gives at least 1.5 kW") == RIGHTS


def test_a_replay_comes_to_the_same(ran):
    opening = ran.record.opening()
    for from_snapshot in (False, True):
        again = build(opening.community, opening.seed, ran.journal, Edges())
        again.recover(from_snapshot=from_snapshot)
        assert again.state_hash() == ran.loop.state_hash()


def test_a_run_that_stops_between_choice_and_exercise_goes_on_alike(ran, tmp_path):
    """What was chosen and not told when it stopped is told all the same, and once."""
    scenario = load(written(tmp_path, DELEGATED))
    opening, told = ran.record.opening(), ran.record.kept(ExerciseChoice)
    community, seed = opening.community, opening.seed
    journal, ledger = Journal(":memory:"), LocalLedger(":memory:", demonstration_key(seed))
    edges = Edges(world(scenario, community, seed), ledger)
    stopped = build(community, seed, journal, edges)
    stopped.submit(opening, ran.record.kept(type(opening))[0].time)
    stopped.run(lambda _: False, until=told[0].time - 1)
    assert stopped.states["scheduling"].contracts.due_at == told[0].time
    going_on = build(community, seed, journal, edges)
    going_on.recover()
    going_on.run(lambda message: isinstance(message, DayMetered))
    again = Record(journal).kept(ExerciseChoice)
    shown = [(one.time, one.message.slots) for one in again]
    assert shown == [(one.time, one.message.slots) for one in told]
    for store in (journal, ledger):
        store.close()


def test_schedules_made_between_sessions_choose_and_tell_alike(tmp_path, run_in_memory):
    """Plans every six hours may choose otherwise until it is told; none is late or refused."""
    rolling = DELEGATED.replace("agreements:", "operation: {replan_minutes: 360}\nagreements:")
    rolled = run_in_memory(written(tmp_path, rolling))
    revised = rolled.record.all(ScheduleRevised)
    assert any(one.choices for one in revised)
    assert rolled.record.all(AgreementRefused) == []
    told = exercised(rolled.record)
    assert len(told) == len(set(told)) == RIGHTS
    (day,) = rolled.record.all(DayMetered)
    slots = [(at - day.slots.start) // HOUR for at in told]
    injected = day.injection_wh - day.withdrawal_wh
    assert (injected[BAKERY, slots] >= WH - 1).all()
    last = next(one for one in reversed(revised) if one.choices)
    assert {one.agreement for one in agreed_views(posed(rolled.record, last.name))} == {"right"}


def test_without_the_key_nobody_chooses_and_messages_are_as_they_were(tmp_path, run_in_memory):
    bare = run_in_memory(written(tmp_path, SCENARIO))
    assert exercised(bare.record) == []
    kinds = {row.kind for row in bare.journal.rows()}
    assert not kinds & {"delegate-choices", "choices-delegated", "choices-due"}
    assert not any(b"choices" in row.body for row in bare.journal.rows())


def test_what_plans_cannot_choose_is_refused_with_every_reason(tmp_path):
    other = DELEGATED.replace("[bakery]", "[bakery, florist, supplier]")
    with pytest.raises(BadInput) as refused:
        load(written(tmp_path, other))
    assert [(one.where, one.problem) for one in refused.value.faults] == [
        (
            "agreements[0].plans_choose_for[1]",
            "plans cannot choose for florist: the terms leave florist no choice",
        ),
        (
            "agreements[0].plans_choose_for[2]",
            "'supplier' is no member, whom plans could choose for",
        ),
    ]


def test_slots_are_those_of_the_agreement(ran):
    (choice,) = next(iter(ran.record.all(ScheduleSolved))).choices
    begin = choice.starts[0]
    assert choice.starts.tolist() == Slots(int(begin), HOUR, HOURS).starts().tolist()


def test_what_came_of_it_is_shown(ran):
    """The same figures as worked out above, and the same slots as told."""
    (view,) = agreement_views(ran.record)
    assert (view.id, view.state, view.plans_choose_for) == ("right", "expired", ("bakery",))
    assert [(one.payer, one.kind, one.nano) for one in view.paid] == [
        ("supplier", "exercise", RIGHTS * EARNED),
        ("bakery", "premium", HOURS * PREMIUM),
    ]
    assert [one.start for one in view.told] == exercised(ran.record)
    assert all((one.by, one.values) == ("bakery", (1,)) for one in view.told)
    with pytest.raises(BadInput, match="there is no 'left'"):
        agreement_views(ran.record, "left")


def test_the_command_tells_of_a_run_that_waits_and_of_its_end(tmp_path, capsys):
    """At 17:30 both are told, and one premium is due; then the run goes on from its folder."""
    path, run = written(tmp_path, DELEGATED), str(tmp_path / "run")

    def said(*arguments):
        capsys.readouterr()
        code = run_command([str(one) for one in arguments])
        return code, capsys.readouterr()

    assert said("run", path, "--until", "2026-06-15T17:30", "--out", run, "-q")[0] == 0
    code, shown = said("contract", "settle", run, "--json")
    (view,) = json.loads(shown.out)["agreements"]
    assert (code, view["state"], len(view["told"])) == (0, "active", RIGHTS)
    assert [(one["kind"], one["nano"]) for one in view["paid"]] == [("premium", PREMIUM)]
    code, shown = said("contract", "settle", run, "--agreement", "left")
    assert code == 2
    assert "there is no 'left'" in shown.err
    assert said("run", "--resume", run, "-q")[0] == 0
    code, shown = said("contract", "settle", run)
    assert "supplier  bakery     0.750  EUR       exercise" in shown.out.splitlines()
    assert "plans choose for bakery" in shown.out.splitlines()
