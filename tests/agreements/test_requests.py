"""Requests at the edges of what is allowed, one by one."""

import msgspec
import numpy as np
import pytest

from gridpact.agreements import transitions
from gridpact.agreements.exercises import exercise
from gridpact.agreements.model import Ending
from gridpact.agreements.outcomes import Reason, Refused
from gridpact.agreements.record import Record
from gridpact.agreements.typed_data import digest
from gridpact.base.slots import Slots

HOUR = 3600
FIRST = 1_782_864_000  # 2026-07-01T00:00Z


def proposed(desk, **conditions):
    document = desk.signed(desk.draft(**conditions), ["park"])
    (own,) = document.signatures
    record = transitions.propose(None, "park", document.agreement, own.signature, FIRST - 9999)
    assert isinstance(record, Record)
    return record, document


def bound(desk, **conditions):
    record, document = proposed(desk, **conditions)
    (_, other) = desk.signed(document).signatures
    record = transitions.countersign(record, 1, "bakery", other.signature, FIRST - 9999)
    assert isinstance(record, Record)
    return record, document


def refusal(outcome):
    assert isinstance(outcome, Refused)
    return outcome.reason


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"terms": b"{}"}, "terms"),
        ({"terms_hash": bytes(32)}, "not the hash"),
        ({"version": -1}, "out of range"),
        ({"start": -HOUR}, "out of range"),
        ({"end": 2**62}, "out of range"),
        ({"previous": b"x"}, "1 bytes"),
        ({"parties": ()}, "name"),
        ({"id": "\udcff"}, "no identifier"),
    ],
)
def test_an_offer_that_is_ill_formed(desk, fields, problem):
    agreement = msgspec.structs.replace(desk.draft().agreement, **fields)
    refused = transitions.propose(None, "park", agreement, bytes(65), FIRST - 9999)
    assert refusal(refused) is Reason.ILL_FORMED
    assert problem in refused.sentence


def test_an_amendment_keeps_everybody_and_their_wallets(desk):
    record, document = bound(desk)
    before = document.agreement
    slots = Slots(FIRST + HOUR, HOUR, 5)
    key = desk.KEYS["park"]
    for parties, fine in (
        ({**desk.ADDRESSES, "mill": desk.KEYS["stranger"].address}, True),
        ({"park": key.address, "bakery": desk.KEYS["stranger"].address}, False),
    ):
        agreement = desk.draft(desk.SUPPLY, slots, parties=parties, amends=before).agreement
        outcome = transitions.propose(
            record, "park", agreement, key.sign(digest(agreement)), FIRST - 9999
        )
        assert isinstance(outcome, Record) is fine
        if not fine:
            assert refusal(outcome) is Reason.NOT_A_PARTY
            assert "bakery" in outcome.sentence


def test_an_ending_signed_for_another_agreement_ends_nothing(desk):
    record, document = bound(desk)
    ending = Ending(id="other", version=1, agreement=digest(document.agreement), at=FIRST + HOUR)
    signature = desk.KEYS["park"].sign(digest(ending))
    outcome = transitions.agree_to_end(record, "park", ending, signature, FIRST)
    assert refusal(outcome) is Reason.WRONG_VERSION


def test_a_notice_that_no_time_is_left_for(desk):
    record, _ = bound(desk, termination_notice_s=2**63 - 1)
    assert refusal(transitions.give_notice(record, "park", FIRST)) is Reason.ENDED


@pytest.mark.parametrize(
    "values",
    [
        np.array([1.0]),
        np.array([[1]]),
        np.array([1, 2]),
        np.array([-(2**63)]),
        np.zeros(0, np.int64),
    ],
)
def test_values_that_are_no_decision(desk, values):
    record, _ = bound(desk)
    decided = ("nomination", Slots(FIRST + 9 * HOUR, HOUR, 1), values)
    assert refusal(exercise(record, 1, "bakery", decided, FIRST)) is Reason.ILL_FORMED


def test_sentences_say_what_would_be_right(desk):
    record, _ = bound(desk)
    decided = ("nomination", Slots(FIRST + 9 * HOUR, HOUR, 2), np.array([5, 1001]))
    outcome = exercise(record, 1, "bakery", decided, FIRST)
    assert outcome == Refused(
        Reason.OUT_OF_BOUNDS, "'nomination' is outside its bounds at 2026-07-01T10:00:00Z"
    )
    assert exercise(record, 1, "park", decided, FIRST).sentence == (
        "bakery decides 'nomination', not park"
    )


def amended(desk, record, start, before, now=FIRST - 9999):
    """Let both sign another version that begins at an instant."""
    slots = Slots(start, HOUR, 9)
    document = desk.signed(desk.draft(slots=slots, amends=before, authority="authority"))
    park, bakery = document.signatures
    record = transitions.propose(record, "park", document.agreement, park.signature, now)
    if isinstance(record, Refused):
        return record
    return transitions.countersign(
        record, document.agreement.version, "bakery", bakery.signature, now
    )


def states(record, now):
    return [each.state.value for each in transitions.advanced(record, now).versions]


def test_the_last_second_of_an_offer(desk):
    document = desk.signed(desk.draft(offer_until=FIRST - 60))
    park, bakery = document.signatures

    def ask(first, second):
        record = transitions.propose(None, "park", document.agreement, park.signature, first)
        if isinstance(record, Refused):
            return record
        return transitions.countersign(record, 1, "bakery", bakery.signature, second)

    assert states(ask(FIRST - 61, FIRST - 61), FIRST - 60) == ["countersigned"]
    assert refusal(ask(FIRST - 61, FIRST - 60)) is Reason.WRONG_STATE
    assert refusal(ask(FIRST - 60, FIRST - 60)) is Reason.TOO_LATE


def test_an_amendment_begins_between_the_start_and_the_end_both_included(desk):
    record, document = bound(desk, authority="authority")
    before = document.agreement
    for start, fine in (
        (before.start - HOUR, False),
        (before.start, True),
        (before.end, True),
        (before.end + HOUR, False),
    ):
        outcome = amended(desk, record, start, before)
        assert isinstance(outcome, Record) is fine
        if not fine:
            assert refusal(outcome) is Reason.OUTSIDE_TERM
    whole = amended(desk, record, before.start, before)
    assert states(whole, before.start - 1) == ["countersigned", "countersigned"]
    assert states(whole, before.start) == ["superseded", "active"]
    renewed = amended(desk, record, before.end, before)
    assert states(renewed, before.end - 1) == ["active", "countersigned"]
    assert states(renewed, before.end) == ["superseded", "active"]


def test_versions_are_counted(desk):
    record, document = bound(desk, authority="authority")
    slots = Slots(FIRST + HOUR, HOUR, 9)
    for version in (1, 3):
        skipped = desk.draft(slots=slots, amends=document.agreement, version=2).agreement
        skipped = msgspec.structs.replace(skipped, version=version)
        if version == 1:
            skipped = msgspec.structs.replace(skipped, previous=bytes(32))
        signature = desk.KEYS["park"].sign(digest(skipped))
        outcome = transitions.propose(record, "park", skipped, signature, FIRST - 9999)
        assert refusal(outcome) is Reason.WRONG_VERSION


def test_what_takes_over_while_suspended_is_suspended(desk):
    record, document = bound(desk, authority="authority")
    record = amended(desk, record, FIRST + 5 * HOUR, document.agreement)
    record = transitions.suspend(record, "authority", FIRST + 1)
    assert states(record, FIRST + 5 * HOUR) == ["superseded", "suspended"]
    record = transitions.resume(record, "authority", FIRST + 6 * HOUR)
    assert states(record, FIRST + 6 * HOUR) == ["superseded", "active"]
    assert record.active(Slots(FIRST, HOUR, 8)).nonzero()[0].tolist() == [0, 6, 7]


def test_an_offer_whose_ground_has_gone(desk):
    """Between offer and last signature the version before was ended, or has ended."""
    record, document = bound(desk, authority="authority")
    slots = Slots(FIRST + 9 * HOUR, HOUR, 9)
    draft = desk.signed(desk.draft(slots=slots, amends=document.agreement))
    park, bakery = draft.signatures
    record = transitions.propose(record, "park", draft.agreement, park.signature, FIRST)
    ended = transitions.end(record, "authority", FIRST + 8 * HOUR, FIRST)

    def sign(record, now):
        return transitions.countersign(record, 2, "bakery", bakery.signature, now)

    assert isinstance(sign(record, FIRST + 1), Record)
    assert refusal(sign(ended, FIRST + 1)) is Reason.OUTSIDE_TERM
    assert refusal(sign(ended, FIRST + 8 * HOUR)) is Reason.ENDED


def test_one_ending_for_all_that_binds(desk):
    record, document = bound(desk, authority="authority")
    record = amended(desk, record, FIRST + 5 * HOUR, document.agreement)
    early = transitions.end(record, "authority", FIRST + 3 * HOUR, FIRST)
    assert [each.ends for each in early.versions] == [FIRST + 3 * HOUR] * 2
    assert states(early, FIRST + 3 * HOUR) == ["terminated", "terminated"]
    late = transitions.end(record, "authority", FIRST + 7 * HOUR, FIRST)
    assert [each.ends for each in late.versions] == [FIRST + 5 * HOUR, FIRST + 7 * HOUR]
    assert states(late, FIRST + 7 * HOUR) == ["superseded", "terminated"]
    at_once = transitions.end(record, "authority", FIRST, FIRST)
    assert states(at_once, FIRST) == ["terminated", "terminated"]
    for at, reason in ((FIRST - HOUR, Reason.TOO_LATE), (FIRST + 14 * HOUR, Reason.ENDED)):
        assert refusal(transitions.end(record, "authority", at, FIRST)) is reason
    done = transitions.advanced(late, FIRST + 7 * HOUR)
    assert refusal(transitions.end(done, "authority", FIRST + 8 * HOUR, FIRST + 8 * HOUR)) is (
        Reason.WRONG_STATE
    )


def test_consents_to_different_instants_end_nothing(desk):
    record, document = bound(desk)

    def consent(record, name, hour):
        ending = Ending(
            id="supply", version=1, agreement=digest(document.agreement), at=FIRST + hour * HOUR
        )
        signature = desk.KEYS[name].sign(digest(ending))
        return transitions.agree_to_end(record, name, ending, signature, FIRST)

    record = consent(consent(record, "park", 3), "bakery", 4)
    assert record.versions[0].ends == document.agreement.end
    assert consent(record, "park", 4).versions[0].ends == FIRST + 4 * HOUR
    assert consent(record, "bakery", 3).versions[0].ends == FIRST + 3 * HOUR


def test_nobody_is_the_authority_of_an_agreement_without_one(desk):
    record, _ = bound(desk, authority="")
    for party in ("", "park", "authority"):
        outcome = transitions.suspend(record, party, FIRST)
        assert refusal(outcome) is Reason.NOT_THE_AUTHORITY


def test_a_suspension_within_one_slot_leaves_no_trace(desk):
    record, _ = bound(desk, authority="authority")
    for switch, now in ((transitions.suspend, 1), (transitions.resume, 2)):
        record = switch(record, "authority", FIRST + now)
    assert record.suspended == ()
    record = transitions.suspend(record, "authority", FIRST + HOUR)
    assert record.suspended == ((FIRST + HOUR, -1),)


def test_notice_ends_with_the_first_slot_after_it(desk):
    record, _ = bound(desk, termination_notice_s=HOUR)
    for now, hour in ((0, 1), (1, 2), (HOUR, 2)):
        outcome = transitions.give_notice(record, "bakery", FIRST + now)
        assert outcome.versions[0].ends == FIRST + hour * HOUR


def test_the_last_second_of_a_choice(desk):
    record, _ = bound(desk)

    def choose(first, count, now, record=record):
        decided = ("nomination", Slots(FIRST + first * HOUR, HOUR, count), np.full(count, 1000))
        return exercise(record, 1, "bakery", decided, now)

    assert isinstance(choose(2, 1, FIRST), Record)
    assert refusal(choose(2, 1, FIRST + 1)) is Reason.TOO_LATE
    assert isinstance(choose(20, 4, FIRST), Record)
    assert refusal(choose(20, 5, FIRST)) is Reason.OUTSIDE_TERM
    assert refusal(choose(-1, 2, FIRST - 9000)) is Reason.OUTSIDE_TERM
    shorter = transitions.end(
        bound(desk, authority="authority")[0], "authority", FIRST + 5 * HOUR, FIRST
    )
    assert refusal(choose(5, 1, FIRST, shorter)) is Reason.OUTSIDE_TERM
    stopped = transitions.suspend(bound(desk, authority="authority")[0], "authority", FIRST)
    assert refusal(choose(9, 1, FIRST, stopped)) is Reason.WRONG_STATE


def test_an_ending_where_the_next_version_would_begin(desk):
    record, document = bound(desk, authority="authority")
    record = amended(desk, record, FIRST + 5 * HOUR, document.agreement)
    ended = transitions.end(record, "authority", FIRST + 5 * HOUR, FIRST)
    assert states(ended, FIRST + 5 * HOUR) == ["terminated", "terminated"]


def test_an_ending_leaves_what_never_bound_alone(desk):
    record, document = bound(desk, authority="authority")
    slots = Slots(FIRST + 9 * HOUR, HOUR, 9)
    draft = desk.signed(desk.draft(slots=slots, amends=document.agreement), ["park"])
    (park,) = draft.signatures
    record = transitions.propose(record, "park", draft.agreement, park.signature, FIRST)
    record = transitions.reject(record, 2, "bakery", FIRST)
    ended = transitions.end(record, "authority", FIRST + 2 * HOUR, FIRST)
    assert [each.ends for each in ended.versions] == [FIRST + 2 * HOUR, draft.agreement.end]
    assert states(ended, FIRST + 2 * HOUR) == ["terminated", "rejected"]


def test_who_may_close_an_offer(desk):
    record, _ = proposed(desk)
    refused = transitions.withdraw(record, 1, "bakery", FIRST - 9999)
    assert refusal(refused) is Reason.NOT_THE_PROPOSER
    assert refusal(transitions.reject(record, 1, "stranger", FIRST - 9999)) is Reason.NOT_A_PARTY
    assert states(transitions.withdraw(record, 1, "park", FIRST - 9999), FIRST) == ["withdrawn"]
    assert states(transitions.reject(record, 1, "park", FIRST - 9999), FIRST) == ["rejected"]


def test_revisions_that_overlap_and_touch(desk):
    record, _ = bound(desk)
    for first, values in ((8, [1, 2, 3]), (4, [4, 5]), (11, [6]), (5, [7, 8]), (9, [9]), (8, [0])):
        decided = ("nomination", Slots(FIRST + first * HOUR, HOUR, len(values)), np.array(values))
        record = exercise(record, 1, "bakery", decided, FIRST)
        assert isinstance(record, Record)
    chosen = record.versions[0].chosen["nomination"]
    assert ((chosen.starts - FIRST) // HOUR).tolist() == [4, 5, 6, 8, 9, 10, 11]
    assert chosen.values.tolist() == [4, 7, 8, 0, 9, 3, 6]
    below = ("nomination", Slots(FIRST + 9 * HOUR, HOUR, 1), np.array([-1]))
    assert refusal(exercise(record, 1, "bakery", below, FIRST)) is Reason.OUT_OF_BOUNDS
