"""What plans choose is told: in time, by its author, never more often than there are rights."""

from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.agreements import handlers as agreements
from gridpact.agreements.documents import Conditions, countersign, propose
from gridpact.agreements.keys import WalletKey
from gridpact.agreements.messages import (
    AgreementRefused,
    ChoicesDelegated,
    CountersignAgreement,
    DelegateChoices,
    ExerciseChoice,
    ProposeAgreement,
    SuspendAgreement,
)
from gridpact.base.slots import Slots
from gridpact.contracts.observables import Const
from gridpact.contracts.products.swing import swing_put
from gridpact.kernel.codec import decode, encode
from gridpact.kernel.messages import Later
from gridpact.market.messages import Session, SessionOpened
from gridpact.scheduling.contracted.deciding import asked_of
from gridpact.scheduling.contracted.duties import duties
from gridpact.scheduling.contracted.rights import rights
from gridpact.scheduling.handlers import Scheduling
from gridpact.scheduling.messages import ChoicesDue, PlannedChoice, ScheduleSolved
from gridpact.scheduling.problem import Plan

STEP, SLOTS, HOUR = 900, 12, 3600


class Both:
    """The rooms of agreements and of scheduling; every message that passed, with its time."""

    def __init__(self, community, now):
        self.community = community
        self.rooms = [Scheduling(community).room(), agreements.room()]
        self.states = [room.state for room in self.rooms]
        self.now, self.later, self.sent = now, [], []

    def send(self, *messages):
        waiting = list(messages)
        while waiting:
            message = waiting.pop(0)
            self.sent.append((self.now, message))
            for place, room in enumerate(self.rooms):
                if type(message) in room.handlers:
                    handler = room.handlers[type(message)]
                    self.states[place], outs = handler(self.states[place], message, self.now)
                    self.later += [out for out in outs if isinstance(out, Later)]
                    waiting += [out for out in outs if not isinstance(out, Later)]

    def until(self, instant):
        while due := sorted((one for one in self.later if one.at <= instant), key=lambda x: x.at):
            self.later.remove(due[0])
            self.now = max(self.now, due[0].at)
            self.send(due[0].message)
        self.now = instant

    def of(self, kind):
        return [(at, one) for at, one in self.sent if isinstance(one, kind)]

    def given(self, slots):
        """What m000 is to give [slots] Wh."""
        return sum(one.given_wh for one in duties(self.states[0].contracts, ["m000"], slots))

    def plans(self, window, choose):
        """Put a plan in force that does nothing but choose; ``choose`` is asked for each slot."""
        contracts, members = self.states[0].contracts, len(self.community.members.ids)
        asked = asked_of(self.states[0].plans, window, window, self.now)
        rows = {name: row for row, name in enumerate(self.community.members.ids)}
        found = rights(contracts, rows, asked, "EUR") if contracts else ()
        made = []
        for one in found:
            values, left = one.choice.bounds[0].copy(), one.counts[0].most
            for slot in np.flatnonzero(one.open).tolist():
                values[slot] = left > 0 and choose(slot)
                left -= int(values[slot])
            starts = window.starts()[one.open]
            made.append(
                PlannedChoice(one.agreement, one.version, one.label, starts, values[one.open])
            )
        zeros = [np.zeros((rows, window.count), np.int64) for rows in (members, 4)]
        plan = Plan(
            net_wh=zeros[0],
            curtail_wh=zeros[0],
            charge_wh=zeros[1],
            discharge_wh=zeros[1],
            state_wh=zeros[1],
            run_start=np.zeros(0, np.int64),
            cost_nano=np.zeros(members, np.int64),
            zone_price=np.zeros((1, window.count)),
            conflicts=(),
        )
        self.send(
            ScheduleSolved(
                session="s", window=window, horizon=window, plan=plan, choices=tuple(made)
            )
        )


def wallet(name):
    return WalletKey(sha256(name.encode()).digest())


def signed(limit, notice, life):
    """The messages with which m000 and the supplier agree on a right to sell."""
    wh, price = Const(100, "Wh"), Const(90_000, "micro/kWh")
    terms = swing_put(
        *("m000", "supplier", wh, price, Const(0, "nano"), limit, "all", notice, "EUR")
    )
    names = ("m000", "supplier")
    addresses = {each: wallet(each).address for each in names}
    document = propose(terms, "right", addresses, life, Conditions(authority="dso"))
    for each in names:
        document = countersign(document, wallet(each))
    first, second = document.signatures
    return (
        ProposeAgreement(
            party=first.party, agreement=document.agreement, signature=first.signature
        ),
        CountersignAgreement(
            party=second.party, agreement="right", version=1, signature=second.signature
        ),
    )


def agreed(street, tools, limit, notice):
    life = Slots(tools.day.start, STEP, SLOTS)
    both = Both(street, life.start - 2 * HOUR)
    both.send(*signed(limit, notice, life), DelegateChoices(party="m000", agreement="right"))
    return both, life


@settings(deadline=None, max_examples=8)
@given(
    st.integers(0, 6),
    st.integers(0, 5 * STEP),
    st.lists(st.tuples(st.integers(0, 4 * HOUR), st.integers(0, SLOTS - 1)), max_size=6),
    st.lists(st.integers(0, SLOTS - 1), max_size=3),
    st.randoms(use_true_random=False),
)
def test_nothing_is_told_late_or_beyond_its_count(street, tools, limit, notice, times, own, luck):
    """Whenever plans are made and whatever they choose; each may undo what the one before chose.

    The author itself tells some, too, without asking any plan.
    """
    both, life = agreed(street, tools, limit, notice)
    alone = []
    for after, first in sorted(times):
        both.until(max(both.now, life.start - 2 * HOUR + after))
        window = Slots(life.start + first * STEP, STEP, SLOTS - first)
        both.plans(window, lambda _: luck.random() < 0.5)
        if own and both.now <= life.start + own[0] * STEP - notice:
            alone.append(by_hand(life, own.pop(0)))
            both.send(alone[-1])
    both.until(life.end - 1)
    assert both.of(AgreementRefused) == []
    slots = set()
    for at, told in both.of(ExerciseChoice):
        starts = told.slots.starts().tolist()
        if not any(told is one for one in alone):
            assert told.party == "m000"
            assert at <= told.slots.start - notice
            assert (told.values == 1).all()
            assert slots.isdisjoint(starts)
            assert len(slots) + len(starts) <= limit
        slots.update(starts)


def by_hand(life, slot, value=1):
    """What the author tells of a slot by itself."""
    return ExerciseChoice(
        party="m000",
        agreement="right",
        version=1,
        label="exercise",
        slots=Slots(life.start + slot * STEP, STEP, 1),
        values=np.array([value]),
    )


def test_rights_used_by_the_author_itself_are_not_used_twice(street, tools):
    """One of two is told alone after the plan; the plan's second is left, and not counted on."""
    both, life = agreed(street, tools, 2, HOUR)
    both.plans(life, lambda slot: slot in (5, 9))
    both.send(by_hand(life, 7))
    both.until(life.end - 1)
    told = [(one.slots.start - life.start) // STEP for _, one in both.of(ExerciseChoice)]
    assert told == [7, 5]
    assert both.given(life).tolist() == [100 * (slot in (5, 7)) for slot in range(SLOTS)]


def test_it_is_told_a_slot_before_its_notice_ends_and_once(street, tools):
    both, life = agreed(street, tools, 3, HOUR)
    both.plans(life, lambda slot: slot in (5, 6, 9))
    both.plans(life, lambda slot: slot in (5, 6, 9))
    both.until(life.end - 1)
    told = [(at - life.start, one.slots.start - life.start) for at, one in both.of(ExerciseChoice)]
    assert told == [((slot - 5) * STEP, slot * STEP) for slot in (5, 6, 9)]
    assert len(both.of(ChoicesDue)) == 3


def test_a_later_plan_may_choose_otherwise_until_then(street, tools):
    both, life = agreed(street, tools, 3, HOUR)
    both.plans(life, lambda slot: slot in (5, 9))
    both.until(life.start + STEP)
    both.plans(Slots(life.start + 2 * STEP, STEP, SLOTS - 2), lambda slot: slot == 8)
    both.until(life.end - 1)
    told = [(one.slots.start - life.start) // STEP for _, one in both.of(ExerciseChoice)]
    assert told == [5, 10]


def test_what_can_no_longer_be_told_is_counted_on_no_longer(street, tools):
    """Between two plans the authority suspends it, or its author decides alone."""
    both, life = agreed(street, tools, 3, HOUR)
    both.plans(life, lambda slot: slot in (8, 9))
    one = by_hand(life, 8, 0)
    both.send(one)
    both.until(life.start)
    both.send(SuspendAgreement(party="dso", agreement="right", reason="a fault"))
    both.until(life.end - 1)
    assert [one for _, one in both.of(ExerciseChoice)] == [one]


def test_who_takes_it_back_decides_alone_again(street, tools):
    both, life = agreed(street, tools, 3, HOUR)
    both.plans(life, lambda slot: slot in (8, 9))
    both.send(DelegateChoices(party="m000", agreement="right", to_plans=False))
    both.until(life.end - 1)
    assert both.of(ExerciseChoice) == []
    assert both.states[0].contracts.delegated == {}


@pytest.mark.parametrize(
    ("party", "agreement", "reason"),
    [
        ("m000", "other", "unknown"),
        ("supplier", "right", "not-the-author"),
        ("m001", "right", "not-a-party"),
    ],
)
def test_only_who_decides_something_leaves_it_to_plans(street, tools, party, agreement, reason):
    both, _ = agreed(street, tools, 3, HOUR)
    both.send(DelegateChoices(party=party, agreement=agreement))
    ((_, refused),) = both.of(AgreementRefused)
    assert refused.refused.reason == reason
    assert [one.party for _, one in both.of(ChoicesDelegated)] == ["m000"]


def test_what_is_over_cannot_be_left_to_plans_and_is_forgotten(street, tools):
    both, life = agreed(street, tools, 3, HOUR)
    both.until(life.end + 1)
    assert both.states[0].contracts is None
    both.send(DelegateChoices(party="m000", agreement="right"))
    ((_, refused),) = both.of(AgreementRefused)
    assert refused.refused.reason == "wrong-state"


def test_when_a_session_asks_is_kept_only_where_choices_are_left_to_plans(street, tools):
    both, life = agreed(street, tools, 3, HOUR)
    session = Session("s", "day-ahead", "2026-06-15", both.now + 60, life, life)
    both.until(both.now + 30)
    both.send(SessionOpened(session=session))
    assert both.states[0].contracts.asked_at == both.now
    again = decode(encode(both.states[0]), type(both.states[0]))
    assert encode(again) == encode(both.states[0])
