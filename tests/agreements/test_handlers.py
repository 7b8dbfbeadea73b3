"""Agreements in the loop: what is told, which timers fall due, and the same again on replay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.agreements import messages
from gridpact.agreements.handlers import room
from gridpact.agreements.messages import (
    AgreementChanged,
    AgreementDue,
    AgreementRefused,
    AgreeToEnd,
    ChoiceExercised,
    CountersignAgreement,
    EndAgreement,
    EndingSet,
    ExerciseChoice,
    GiveNotice,
    ProposeAgreement,
    RejectAgreement,
    ResumeAgreement,
    SuspendAgreement,
    TermsSigned,
    WithdrawAgreement,
)
from gridpact.agreements.model import Ending
from gridpact.agreements.outcomes import Reason
from gridpact.agreements.settle import settle
from gridpact.agreements.typed_data import digest
from gridpact.base.slots import Slots
from gridpact.kernel.journal import Journal, Origin
from gridpact.kernel.loop import Loop
from gridpact.kernel.messages import Message

HOUR = 3600
VOCABULARY = tuple(
    kind
    for kind in vars(messages).values()
    if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message
)


class Killed(BaseException):
    """Stands for the end of the process."""


class Mortal(Journal):
    """A journal whose process ends before a given write."""

    def __init__(self, path, writes):
        super().__init__(path)
        self._left = writes

    def _write(self, statement, values):
        if self._left == 0:
            raise Killed
        self._left -= 1
        super()._write(statement, values)


def run(inputs, journal=None):
    """Run requests at their instants; return the loop and everything that was journalled."""
    own = journal or Journal(":memory:")
    loop = Loop([room()], VOCABULARY, own)
    feed(loop, own, inputs)
    told = []
    loop.run(lambda message: told.append((loop.now, message)) or False)
    if journal is None:
        own.close()
    return loop, told


def feed(loop, journal, inputs):
    """Submit what the journal does not have yet; inputs are at different instants."""
    known = {row.time for row in journal.rows() if row.origin is Origin.INPUT}
    for at, message in inputs:
        if at not in known:
            loop.submit(message, at)


def offer(desk, **conditions):
    document = desk.signed(desk.draft(authority="authority", **conditions))
    park, bakery = document.signatures
    agreement = document.agreement
    return (
        agreement,
        ProposeAgreement(party="park", agreement=agreement, signature=park.signature),
        CountersignAgreement(
            party="bakery",
            agreement=agreement.id,
            version=agreement.version,
            signature=bakery.signature,
        ),
    )


def states(told):
    return [
        (at - START, message.version, str(message.before), message.after.value)
        for at, message in told
        if isinstance(message, AgreementChanged)
    ]


START = 1_782_864_000


def test_from_offer_to_expiry_by_timers(desk):
    _, propose, countersign = offer(desk)
    loop, told = run([(START - 9000, propose), (START - 8000, countersign)])
    assert states(told) == [
        (-9000, 1, "None", "proposed"),
        (-8000, 1, "proposed", "countersigned"),
        (0, 1, "countersigned", "active"),
        (24 * HOUR, 1, "active", "expired"),
    ]
    (signed,) = [message for _, message in told if isinstance(message, TermsSigned)]
    agreement = propose.agreement
    assert (signed.terms_hash, signed.digest) == (agreement.terms_hash, digest(agreement))
    assert loop.states["agreements"].records["supply"].versions[0].state.value == "expired"


def test_it_begins_by_itself_though_the_offer_ended_before(desk):
    _, propose, countersign = offer(desk, offer_until=START - 5000)
    _, told = run([(START - 9000, propose), (START - 8000, countersign)])
    assert states(told)[2] == (0, 1, "countersigned", "active")


def test_an_offer_lapses_by_itself(desk):
    _, propose, countersign = offer(desk, offer_until=START - 5000)
    _, told = run([(START - 9000, propose), (START - 5000, countersign)])
    assert states(told) == [(-9000, 1, "None", "proposed"), (-5000, 1, "proposed", "lapsed")]
    (refused,) = [message for _, message in told if isinstance(message, AgreementRefused)]
    assert (refused.party, refused.request) == ("bakery", "countersign-agreement")
    assert refused.refused.reason is Reason.WRONG_STATE


def test_a_day_with_everything(desk):
    agreement, propose, countersign = offer(desk, termination_notice_s=HOUR)
    amended, second, other = offer(desk, slots=Slots(START + 10 * HOUR, HOUR, 20), amends=agreement)
    choice = ExerciseChoice(
        party="bakery",
        agreement="supply",
        version=1,
        label="nomination",
        slots=Slots(START + 4 * HOUR, HOUR, 3),
        values=np.array([100, 200, 300]),
    )
    ending = Ending(id="supply", version=2, agreement=digest(amended), at=START + 15 * HOUR)
    requests = [
        (START - 9000, propose),
        (START - 8000, countersign),
        (START + HOUR, choice),
        (START + HOUR + 1, SuspendAgreement(party="authority", agreement="supply", reason="x")),
        (START + 5 * HOUR, ResumeAgreement(party="authority", agreement="supply", reason="x")),
        (START + 5 * HOUR + 1, second),
        (START + 5 * HOUR + 2, other),
        *(
            (
                START + 11 * HOUR + place,
                AgreeToEnd(
                    party=name, ending=ending, signature=desk.KEYS[name].sign(digest(ending))
                ),
            )
            for place, name in enumerate(desk.NAMES)
        ),
    ]
    loop, told = run(requests)
    assert states(told) == [
        (-9000, 1, "None", "proposed"),
        (-8000, 1, "proposed", "countersigned"),
        (0, 1, "countersigned", "active"),
        (HOUR + 1, 1, "active", "suspended"),
        (5 * HOUR, 1, "suspended", "active"),
        (5 * HOUR + 1, 2, "None", "proposed"),
        (5 * HOUR + 2, 2, "proposed", "countersigned"),
        (10 * HOUR, 1, "active", "superseded"),
        (10 * HOUR, 2, "countersigned", "active"),
        (15 * HOUR, 2, "active", "terminated"),
    ]
    assert [
        (at - START, message.version, message.at - START, message.ending.value)
        for at, message in told
        if isinstance(message, EndingSet)
    ] == [
        (5 * HOUR + 2, 1, 10 * HOUR, "superseded"),
        (11 * HOUR + 1, 2, 15 * HOUR, "terminated"),
    ]
    assert [message.values.tolist() for _, message in told if isinstance(message, ChoiceExercised)]
    assert not [message for _, message in told if isinstance(message, AgreementRefused)]
    # decided for 4, 5 and 6 o'clock, but suspended from 2 to 5: 0.2 and 0.3 kWh at 0.08 EUR/kWh
    flows = settle(loop.states["agreements"].records["supply"], {}, Slots(START, HOUR, 24))
    (paid,) = flows.values()
    assert paid.nonzero()[0].tolist() == [5, 6]
    assert paid[5:7].tolist() == [16_000_000, 24_000_000]


def test_requests_for_nothing_are_refused_and_leave_no_trace(desk):
    _, propose, countersign = offer(desk)
    requests = [
        countersign,
        RejectAgreement(party="park", agreement="x", version=1),
        WithdrawAgreement(party="park", agreement="x", version=1),
        ExerciseChoice(
            party="bakery",
            agreement="x",
            version=1,
            label="nomination",
            slots=Slots(START, HOUR, 1),
            values=np.array([1]),
        ),
        SuspendAgreement(party="authority", agreement="x", reason=""),
        ResumeAgreement(party="authority", agreement="x", reason=""),
        AgreeToEnd(
            party="park",
            ending=Ending(id="x", version=1, agreement=bytes(32), at=0),
            signature=bytes(65),
        ),
        GiveNotice(party="park", agreement="x"),
        EndAgreement(party="authority", agreement="x", at=START, reason=""),
        AgreementDue(agreement="x"),
        ProposeAgreement(party="stranger", agreement=propose.agreement, signature=bytes(65)),
    ]
    loop, told = run([(START - 9000 + place, each) for place, each in enumerate(requests)])
    assert loop.states["agreements"].records == {}
    refused = [message for _, message in told if isinstance(message, AgreementRefused)]
    assert len(refused) == len(requests) - 1
    assert {message.refused.reason for message in refused} == {Reason.UNKNOWN, Reason.NOT_A_PARTY}
    assert refused[-1].request == "propose-agreement"


def test_closing_an_offer(desk):
    _, propose, _ = offer(desk)
    for request, after in (
        (RejectAgreement(party="bakery", agreement="supply", version=1), "rejected"),
        (WithdrawAgreement(party="park", agreement="supply", version=1), "withdrawn"),
    ):
        _, told = run([(START - 9000, propose), (START - 8000, request)])
        assert states(told)[-1] == (-8000, 1, "proposed", after)


def story(desk):
    """Requests of a whole life, at different instants."""
    agreement, propose, countersign = offer(desk, termination_notice_s=2 * HOUR)
    later = Slots(START + 10 * HOUR, HOUR, 20)
    _, second, other = offer(desk, slots=later, amends=agreement, termination_notice_s=2 * HOUR)

    def choice(version, first, values):
        return ExerciseChoice(
            party="bakery",
            agreement="supply",
            version=version,
            label="nomination",
            slots=Slots(START + first * HOUR, HOUR, len(values)),
            values=np.array(values),
        )

    return [
        (START - 9000, propose),
        (START - 8999, propose),
        (START - 8000, countersign),
        (START - 7999, choice(1, 2, [5, 6])),
        (START + 1, choice(1, 3, [7, 300])),
        (START + 2, SuspendAgreement(party="authority", agreement="supply", reason="x")),
        (START + 3, choice(1, 9, [1])),
        (START + 2 * HOUR, ResumeAgreement(party="authority", agreement="supply", reason="x")),
        (START + 2 * HOUR + 1, second),
        (START + 2 * HOUR + 2, other),
        (START + 3 * HOUR, choice(2, 12, [1000])),
        (START + 12 * HOUR + 5, GiveNotice(party="park", agreement="supply")),
        (START + 12 * HOUR + 6, EndAgreement(party="park", agreement="supply", at=0, reason="")),
    ]


def test_replay_and_resume_after_an_end_at_every_write(desk, tmp_path):
    inputs = story(desk)
    path = tmp_path / "whole.db"
    journal = Journal(path)
    loop, told = run(inputs, journal)
    assert states(told)[-1] == (15 * HOUR, 2, "active", "terminated")
    rows, state = list(journal.rows()), loop.state_hash()
    journal.close()
    journal = Journal(path)
    again = Loop([room()], VOCABULARY, journal)
    again.recover()
    assert again.state_hash() == state
    journal.close()
    writes = 0
    while True:
        path = tmp_path / f"{writes}.db"
        mortal = Mortal(path, writes)
        try:
            run(inputs, mortal)
        except Killed:
            pass
        else:
            break
        finally:
            mortal.close()
        journal = Journal(path)
        loop = Loop([room()], VOCABULARY, journal)
        loop.recover()
        feed(loop, journal, inputs)
        loop.run(lambda _: False)
        assert (list(journal.rows()), loop.state_hash()) == (rows, state), writes
        journal.close()
        writes += 1
    assert writes > 20


@given(st.data())
@settings(deadline=None, max_examples=25)
def test_messages_that_come_twice_or_in_another_order_never_stop_the_loop(desk, data):
    requests = [message for _, message in story(desk)]
    picked = data.draw(st.lists(st.sampled_from(requests), max_size=20))
    times = sorted(data.draw(st.integers(-9000, 30 * HOUR)) for _ in picked)
    inputs = [(START + at, message) for at, message in zip(times, picked, strict=True)]
    journal = Journal(":memory:")
    loop, _ = run(inputs, journal)
    after = loop.state_hash()
    records = loop.states["agreements"].records
    for record in records.values():
        assert all(not version.binds for version in record.versions)  # every timer fell due
    again = Loop([room()], VOCABULARY, journal)
    again.recover()
    assert again.state_hash() == after
    journal.close()


def test_tags_are_only_ever_added():
    assert sorted(kind.__struct_config__.tag for kind in VOCABULARY) == [
        "agree-to-end",
        "agreement-changed",
        "agreement-due",
        "agreement-refused",
        "choice-exercised",
        "choices-delegated",
        "countersign-agreement",
        "delegate-choices",
        "end-agreement",
        "ending-set",
        "exercise-choice",
        "give-notice",
        "propose-agreement",
        "reject-agreement",
        "resume-agreement",
        "suspend-agreement",
        "terms-signed",
        "withdraw-agreement",
    ]


@pytest.mark.parametrize("kind", VOCABULARY)
def test_every_message_says_what_it_is(kind):
    assert kind.__doc__
    assert kind.__doc__ != Message.__doc__
