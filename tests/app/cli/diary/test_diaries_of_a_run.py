"""Modes and answers from the command line to what devices then do: honoured, replayed, resumed."""

import shutil
from datetime import UTC, datetime

import numpy as np
import pytest

from gridpact.app import folder
from gridpact.app.diaries.looking import look_on
from gridpact.app.diaries.pieces import followed_of
from gridpact.app.diaries.writing import document
from gridpact.kernel.codec import digest, encode
from gridpact.scheduling.activation.messages import ActivationIssued
from gridpact.scheduling.diaries.following import entries_of as instructions_of
from gridpact.scheduling.diaries.following import followed
from gridpact.scheduling.diaries.messages import DiariesRevised, PowersHeld
from gridpact.scheduling.messages import (
    DispatchIssued,
    ScheduleRevised,
    ScheduleSolved,
    TelemetryReceived,
)

BATTERY = "home-07-battery"


def instant(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def row_of(record, asset):
    return record.opening().community.storage.ids.index(asset)


def moved(place, asset, kind=TelemetryReceived):
    """Energy that an asset took or gave in each slot, by its beginning."""
    record = folder.record(place)
    row = row_of(record, asset)
    return {
        each.slot: (int(each.charge_wh[row]), int(each.discharge_wh[row]))
        for each in record.all(kind)
    }


def plan_of(place, session):
    record = folder.record(place)
    found = {each.session: each for each in record.all(ScheduleSolved)}[session]
    row = row_of(record, BATTERY)
    return found.window, found.plan.charge_wh[row], found.plan.discharge_wh[row]


def test_what_is_off_has_no_power_in_the_next_plan_and_rests_until_then(street, called):
    shutil.copytree("run", "other")
    street.diary("mode", "run", BATTERY, "off", "--until", "2026-06-15T20:00", "-q")
    for run in ("run", "other"):
        street.resumed(run, until="")
    until = instant("2026-06-15T18:00")
    window, charge, discharge = plan_of(street.place / "run", "2026-06-15.intraday-0600")
    off = window.starts() < until
    assert (charge[: window.count][off] + discharge[: window.count][off]).sum() == 0
    assert (charge[: window.count][~off] + discharge[: window.count][~off]).sum() > 0
    paused = instant("2026-06-15T03:00")
    own = moved(street.place / "run", BATTERY, DispatchIssued)
    assert all(own[slot] == (0, 0) for slot in own if paused < slot < until)
    other = moved(street.place / "other", BATTERY, DispatchIssued)
    assert any(other[slot] != (0, 0) for slot in other if paused < slot < until)
    for run in ("run", "other"):
        assert called("replay", run, "-q").code == 0
        assert called("verify", run).code == 0


LATE = "2026-06-15T12:30"
"""After the second session, which makes its plan at 11:45 for what begins at 13:00."""


def states(street, run="run"):
    """State and reason of each entry of the battery, by when it is due."""
    entries = street.shown(BATTERY, run)["entries"]
    return {each["at"]: (each["state"], each["reason"]) for each in entries}


def test_to_be_asked_changes_nothing_of_what_is_past_decided_or_too_late(street):
    street.diary("accept", "run", BATTERY, "--at", "2026-06-15T20:00", "-q")
    before = states(street)
    street.diary("mode", "run", BATTERY, "ask", "--notice", "90", "--silence", "decline", "-q")
    after = states(street)
    assert [reason for _, reason in after.values()] == [reason for _, reason in before.values()]
    for at, (state, _) in after.items():
        if at == "2026-06-15T18:00:00Z":
            assert state == "accepted"
        elif instant(at[:-1]) < instant("2026-06-15T03:00") + 90 * 60:
            assert state == "automatic"
        else:
            assert state == "asked"
    assert {state for state, _ in after.values()} == {"automatic", "accepted", "asked"}
    street.diary("mode", "run", BATTERY, "automatic", "-q")
    assert {state for state, _ in states(street).values()} == {"automatic"}


@pytest.mark.parametrize("silence", ["accept", "decline"])
def test_what_is_answered_is_in_force_and_what_lapses_is_as_silence_says(street, silence, called):
    """Asked; two answers; silence to one entry; two sessions; only then the day goes on."""
    street.diary("mode", "run", BATTERY, "ask", "--notice", "90", "--silence", silence, "-q")
    told = {each["at"]: each for each in street.shown(BATTERY)["entries"]}
    evening, late = "2026-06-15T18:00:00Z", "2026-06-15T20:00:00Z"
    street.diary("accept", "run", BATTERY, "--at", "2026-06-15T20:00", "-q")
    street.diary("decline", "run", BATTERY, "--at", "2026-06-15T22:00", "-q")
    street.resumed()
    shown = {each["at"]: each for each in street.shown(BATTERY)["entries"]}
    assert shown[evening]["state"] == "accepted"
    assert shown[evening]["target_w"] == told[evening]["target_w"]
    assert not [at for at in shown if at > late]  # declined: the battery rests
    assert shown[late]["reason"]["kind"] == "intervention"
    street.resumed(until=LATE)
    shown = {each["at"]: each for each in street.shown(BATTERY)["entries"]}
    assert (shown[evening]["state"], shown[evening]["target_w"]) == (
        "accepted", told[evening]["target_w"],
    )  # fmt: skip
    window, charge, discharge = plan_of(street.place / "run", "2026-06-15.intraday-1200")
    at_eight = window.index(instant(evening[:-1]))
    assert discharge[at_eight] == told[evening]["target_w"]  # slots are hours
    assert (charge + discharge)[window.index(instant(late[:-1])) : window.count].sum() == 0
    midday = (charge + discharge)[:at_eight].sum()
    assert (midday > 0) == (silence == "accept")
    street.resumed(until="")
    own = moved(street.place / "run", BATTERY, DispatchIssued)
    assert own[instant(evening[:-1])] == (0, told[evening]["target_w"])
    for command in (("replay", "run", "-q"), ("verify", "run")):
        assert called(*command).code == 0


def test_silence_that_declines_is_as_if_declined(street):
    shutil.copytree("run", "other")
    words = ("ask", "--notice", "90", "--silence", "decline", "-q")
    street.diary("mode", "run", BATTERY, *words)
    ahead = [each["at"] for each in street.shown(BATTERY)["entries"] if each["state"] == "asked"]
    street.diary("decline", "other", BATTERY, "--at", ahead[0][:-1] + "+00:00", "-q")
    for run in ("run", "other"):
        street.resumed(run, until=LATE)
    one, other = (
        plan_of(street.place / run, "2026-06-15.intraday-1200") for run in ("run", "other")
    )
    assert np.array_equal(one[1], other[1])
    assert np.array_equal(one[2], other[2])
    assert (one[1] + one[2])[: one[0].count].sum() == 0  # a battery left to itself rests


def test_what_is_accepted_stays_although_a_need_would_move_it(street, called):
    shutil.copytree("run", "other")
    entries = [each for each in street.shown(BATTERY)["entries"] if each["verb"] == "SUPPLY"]
    last = entries[-1]["at"]
    street.diary("accept", "run", BATTERY, "--at", last, "-q")
    for run in ("run", "other"):
        need = ("need", "add", run, "battery >= 9 kWh at 23:00", "--owner", "home-07", "-q")
        assert called(*need).code == 0
        street.resumed(run)
    begin = instant(last[:-1])

    def at_begin(run):
        window, charge, discharge = plan_of(street.place / run, "2026-06-15.intraday-0600")
        place = window.index(begin)
        return int(charge[place]) - int(discharge[place])

    assert at_begin("run") == -entries[-1]["target_w"]  # slots are hours
    assert at_begin("other") != at_begin("run")


def test_an_answer_after_its_deadline_is_refused_and_the_plan_stays_free(street):
    """It is due in an hour, and an answer counted until ten hours before."""
    street.diary("mode", "run", BATTERY, "ask", "--notice", "600", "--silence", "accept", "-q")
    done = street.diary("decline", "run", BATTERY, "--at", "2026-06-15T06:00")
    assert (done.code, "an answer counted until" in done.out) == (1, True)
    street.resumed()
    _, charge, discharge = plan_of(street.place / "run", "2026-06-15.intraday-0600")
    assert (charge + discharge).sum() > 0


def test_a_run_with_decisions_is_replayed_killed_and_resumed_alike(street, called, monkeypatch):
    """Killed right after the messages were journalled, it ends as if nothing had happened."""
    shutil.copytree("run", "killed")
    words = ("home-05-car", "off", "--until", "2026-06-15T20:00", "-q")
    assert street.diary("mode", "run", *words).code == 0

    def dies(heard, message):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("gridpact.app.orders.acting._hear", dies)
        assert street.diary("mode", "killed", *words).code == 130
    assert street.diary("mode", "killed", *words).code == 0  # said again, as the answer was lost
    ends = []
    for run in ("run", "killed"):
        street.resumed(run, until="")
        assert called("replay", run, "-q").code == 0
        assert called("verify", run).code == 0
        kept = look_on(street.place / run).kept
        ends.append((kept.diaries.instructions.at_s.tolist(), kept.modes.off_until_s.tolist()))
    assert ends[0] == ends[1]


def test_the_journal_has_the_hash_of_what_anybody_derives(street):
    street.diary("mode", "run", BATTERY, "ask", "--silence", "accept", "-q")
    street.resumed(until="")
    record = folder.record(street.place / "run")
    told = record.all(DiariesRevised)
    community = record.opening().community
    made = followed_of(record)
    assert len(told) == len(made)  # the first was taken up by the decision
    alone = followed(community, made)
    assert told[-1].digest == digest(alone).hex()
    kept = look_on(street.place / "run").kept.diaries
    assert encode(alone) == encode(kept)
    assert told[-1].entries == len(alone.instructions)


def test_nothing_is_recorded_of_diaries_before_a_decision(street):
    street.resumed(until="")
    record = folder.record(street.place / "run")
    assert record.all(DiariesRevised) == record.all(PowersHeld) == []


@pytest.mark.parametrize("first", ["decline", "mode"])
def test_a_mode_set_anew_starts_afresh(street, first):
    ahead = [e["at"] for e in street.shown(BATTERY)["entries"] if e["at"] > "2026-06-15T04"]
    street.diary("decline", "run", BATTERY, "--at", ahead[0], "-q")
    if first == "mode":
        street.diary("mode", "run", BATTERY, "automatic", "-q")
    street.resumed()
    window, charge, discharge = plan_of(street.place / "run", "2026-06-15.intraday-0600")
    today = slice(window.count)  # the diary ends at midnight, and with it what was declined
    assert ((charge + discharge)[today].sum() > 0) == (first == "mode")


@pytest.fixture
def lane(waiting_lane, tmp_path, monkeypatch):
    shutil.copytree(waiting_lane, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "run"


def test_an_activation_is_told_as_the_reason_and_a_decision_calls_for_another_schedule(
    lane, called
):
    words = ("--zone", "community", "--kw", "4", "--minutes", "60", "-q")
    assert called("activate", "run", *words).code == 0
    issued = folder.record(lane).all(ActivationIssued)[-1]
    seen = look_on(lane)
    gives = np.flatnonzero(issued.given_wh).tolist()
    told = 0
    for row in gives:
        entries = instructions_of(seen.kept.diaries, row)
        for place in np.flatnonzero(entries.at_s == issued.window.start).tolist():
            net = int(issued.charge_wh[row, 0] - issued.discharge_wh[row, 0])
            assert abs(int(entries.target_w[place]) - abs(net)) <= 230  # the asset's dead-band
            shown = document(seen, row).entries[place]
            assert (shown.reason.kind, shown.reason.id) == ("activation", issued.id)
            told += 1
    assert told
    off = ("diary", "mode", "run", BATTERY, "off", "--until", "2026-06-15T22:00", "-q")
    assert called(*off).code == 0
    before = len(folder.record(lane).all(ScheduleRevised))
    assert called("run", "--resume", "run", "--until", "2026-06-15T18:10", "-q").code == 0
    record = folder.record(lane)
    revised = record.all(ScheduleRevised)[before:]
    assert revised
    row = row_of(record, BATTERY)
    today = revised[0].window.starts() < instant("2026-06-15T20:00")
    plan = revised[0].plan
    assert (plan.charge_wh[row] + plan.discharge_wh[row])[: len(today)][today].sum() == 0
    alone = followed(record.opening().community, followed_of(record))
    assert encode(alone) == encode(look_on(lane).kept.diaries)
    assert called("replay", "run", "-q").code == 0
