"""A day on which agreements bind: signed as a run begins, kept by its plans, told to people."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from gridpact.agreements.messages import AgreementChanged, ChoiceExercised
from gridpact.agreements.record import State
from gridpact.app.agreements_of_run import agreement_views
from gridpact.app.bootstrap import Edges, build
from gridpact.app.cli.contracting_settle import settled_lines
from gridpact.app.cli.scheduling_tables import view_lines
from gridpact.app.diaries.pieces import pieces_of
from gridpact.app.schedules.explaining import told
from gridpact.app.schedules.posing import gathered, name_of, plans_of, posed
from gridpact.app.schedules.view import of_plan
from gridpact.ledger.kinds.terms import AgreementSigned
from gridpact.scheduling.diaries.met import named
from gridpact.scheduling.messages import ScheduleRevised, ScheduleSolved
from gridpact.scheduling.standing.places import Places

SCENARIO = """\
gridpact: 1
community: {name: Bound Lane, slot_minutes: 60}
run: {from: 2026-06-15}
zones: [{id: lane, import_limit_kw: 20}]
members:
  - {id: bakery, assets: [{kind: battery, capacity_kwh: 12, power_kw: 4}]}
  - {id: florist, assets: [{kind: tank}]}
market: {intraday_gates: ["12:00"]}
operation: {replan_minutes: 0}
agreements:
  - {id: evening, contract: evening.yaml}
  - {id: too-much, contract: too-much.yaml}
  - id: down
    contract: down.yaml
    decisions: [{choice: call, at: "2026-06-15T16:00", lasts_minutes: 60, value: 300}]
"""
SALE = """\
gridpact: contract/1
title: Forward
product: forward
with:
  seller: SELLER
  buyer: supplier
  quantity: QUANTITY
  price: 160 EUR/MWh
  window: between(2026-06-15T18:00Z, 2026-06-15T20:00Z)
  currency: EUR
"""
BAKERY, EVENING, CALLED = 0, (20, 22), 16


def slot_at(window, hour):
    instant = datetime(2026, 6, 15, hour, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    return (int(instant) - window.start) // window.step


@pytest.fixture(scope="module")
def ran(tmp_path_factory, run_in_memory, going_down):
    folder = tmp_path_factory.mktemp("lane")
    evening = SALE.replace("SELLER", "bakery").replace("QUANTITY", "1.5 kWh")
    too_much = SALE.replace("SELLER", "florist").replace("QUANTITY", "2 kWh")
    down = going_down("bakery", "1 kWh")
    files = {"evening": evening, "too-much": too_much, "down": down, "scenario": SCENARIO}
    for name, written in files.items():
        (folder / f"{name}.yaml").write_text(written, encoding="utf-8")
    return run_in_memory(folder / "scenario.yaml")


def plans(ran):
    return {name_of(one): one for one in plans_of(ran.record)}


def test_it_is_signed_before_the_first_plan_and_on_the_ledger(ran):
    told_of = list(ran.record.all(AgreementChanged))
    for name in ("evening", "too-much", "down"):
        states = [one.after for one in told_of if one.agreement == name]
        assert states == [State.PROPOSED, State.COUNTERSIGNED, State.ACTIVE, State.EXPIRED]
    signed = [one for one in ran.ledger.entries() if isinstance(one, AgreementSigned)]
    assert {one.agreement for one in signed} == {"evening", "too-much", "down"}
    first = next(iter(ran.record.kept(ScheduleSolved)))
    bound = [one for one in ran.record.kept(AgreementChanged) if one.message.after == State.ACTIVE]
    assert first.seq < min(one.seq for one in bound)


def test_every_plan_of_the_day_keeps_the_sale(ran):
    seen = 0
    for one in plans(ran).values():
        first, end = (slot_at(one.window, hour) for hour in EVENING)
        if 0 <= first < one.window.count:
            assert (one.plan.net_wh[BAKERY, first:end] <= -1_500).all()
            seen += 1
    assert seen >= 3


def test_what_cannot_be_given_is_missed_and_the_contract_named(ran):
    """The florist has nothing to give; a limit of the lane is no reason."""
    day_ahead = plans(ran)["2026-06-15.day-ahead"].plan
    missed = [one for one in day_ahead.conflicts if "agreement/too-much" in one.needs]
    assert len(missed) == 2
    load = gathered(ran.record).whole.problem.load_wh[1]
    slots = slice(*EVENING)
    assert [one.missing_wh for one in missed] == (2_000 + load[slots]).tolist()


def test_the_conflict_is_explained_by_the_contract(ran):
    was = gathered(ran.record)
    whole = told(was, (), None)
    said = " ".join(whole.sentences)
    assert "florist gives >= 2 kW 20:00-22:00 on 15 June 2026 (contract too-much)" in said
    assert not any("bakery gives" in one for one in whole.sentences)
    assert "contract too-much" in " ".join(told(was, (), "florist").sentences)
    assert "too-much" not in " ".join(told(was, (), "bakery").sentences)


def test_a_call_is_planned_for_at_once_from_what_was_planned_before(ran):
    (exercised,) = ran.record.kept(ChoiceExercised)
    revised = [one for one in ran.record.kept(ScheduleRevised) if one.seq > exercised.seq]
    after = revised[0].message
    assert ("limit", ("agreement/down",)) in [(one.kind, one.names) for one in after.causes]
    kinds = (ScheduleSolved, ScheduleRevised)
    known = [one for kind in kinds for one in ran.record.kept(kind) if one.seq < exercised.seq]
    before = [one for one in known if 0 <= slot_at(one.message.window, CALLED) < 24]
    last = max(before, key=lambda one: one.seq).message
    base = last.plan.net_wh[BAKERY, slot_at(last.window, CALLED)]
    assert after.plan.net_wh[BAKERY, slot_at(after.window, CALLED)] <= base - 300


def test_it_is_shown_with_the_schedule(ran):
    shown = view_lines(of_plan(posed(ran.record)))
    assert "evening    bakery   2026-06-15T20:00  2026-06-15T22:00  gives at least 1.5 kW" in shown
    assert any(line.startswith("energy, power or cost  agreement/too-much") for line in shown)


def test_diaries_name_the_contract_where_it_moves_the_power(ran):
    community = ran.record.opening().community

    class Whole:
        begin_s = 0

    piece = next(iter(pieces_of(ran.record, Whole)))
    causes = {need.id: place for place, need in enumerate(piece.needs)}
    rows = list(named(Places(community), piece, causes, {BAKERY}))
    slots = {first for cause, _, first, _, _, _ in rows if cause == causes["agreement/evening"]}
    assert slots == set(range(*EVENING))
    assert {way for cause, *_, way, _ in rows if cause == causes["agreement/evening"]} == {-1}


def test_a_replay_comes_to_the_same(ran):
    again = build(ran.record.opening().community, ran.record.opening().seed, ran.journal, Edges())
    again.recover(from_snapshot=False)
    assert again.state_hash() == ran.loop.state_hash()
    resumed = build(ran.record.opening().community, ran.record.opening().seed, ran.journal, Edges())
    resumed.recover()
    assert resumed.state_hash() == ran.loop.state_hash()


def test_afterwards_nothing_of_it_is_kept(ran):
    assert ran.loop.states["scheduling"].contracts is None


def test_what_they_came_to_is_told_or_why_not(ran):
    """Two hours of 1.5 kWh at 0.16 EUR; what hangs on measured load is not worked out."""
    found = {one.id: one for one in agreement_views(ran.record)}
    (paid,) = found["evening"].paid
    assert (paid.payer, paid.payee, paid.currency) == ("supplier", "bakery", "EUR")
    assert paid.nano == 2 * 3 * 80_000_000
    assert found["down"].paid == ()
    assert "'baseline@mean.v1', which no run keeps" in found["down"].unsettled
    (called,) = found["down"].told
    assert (called.choice, called.by, called.values) == ("call", "aggregator", (300,))
    lines = (line for one in found.values() for line in settled_lines(one, "Europe/Berlin"))
    shown = [" ".join(line.split()) for line in lines]
    assert "supplier bakery 0.48 EUR forward" in shown
    assert any(line.startswith("payments cannot be worked out") for line in shown)
