"""The life of an agreement against a small model that shares no code with it.

The model keeps what happened and derives everything else: where a version stands is a function of
the facts and the time, a slot stands still if the last switch before it was off.
"""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gridpact.agreements import transitions
from gridpact.agreements.exercises import exercise
from gridpact.agreements.model import NONE_BEFORE, Agreement, Ending
from gridpact.agreements.outcomes import Reason, Refused
from gridpact.agreements.record import Record
from gridpact.agreements.typed_data import digest
from gridpact.base.slots import Slots
from gridpact.contracts.canonical import keccak256, to_bytes
from gridpact.kernel import codec

HOUR = 3600
FIRST = 1_782_864_000  # 2026-07-01T00:00Z
NOTICE = 5 * HOUR
CHOICE_NOTICE = 2 * HOUR
LIMIT = 1000
WHO = st.sampled_from(["park", "bakery", "authority", "stranger"])
SIGNERS = st.sampled_from(["park", "bakery", "bakery", "park", "stranger"])


class Life(RuleBasedStateMachine):
    desk = None

    def __init__(self):
        super().__init__()
        self.record = None
        self.model = self.desk.Model(FIRST)
        self.past = []  # requests that were made before, for replays

    @property
    def now(self):
        return self.model.now

    @property
    def facts(self):
        return self.model.facts

    # -- asking both -------------------------------------------------------------------------

    def ask(self, request, allowed, effect):
        """Make a request of both; an illegal one is refused and changes nothing at all."""
        before = codec.encode(self.record)
        outcome = request(self.record)
        assert codec.encode(self.record) == before
        if allowed:
            assert isinstance(outcome, Record), outcome
            self.record = outcome
            effect()
            return
        assert isinstance(outcome, Refused)
        assert outcome.reason in Reason
        assert len(outcome.sentence) > 5

    def drawn(self, data, fit=False):
        """An agreement that is mostly, and not always, fit to be proposed next."""
        start = self.now - self.now % HOUR + data.draw(st.integers(1 if fit else 0, 6)) * HOUR
        digests = [NONE_BEFORE, *(digest(f.agreement) for f in self.facts)]
        binding = self.model.binding()
        right = digest(binding[-1].agreement) if binding else NONE_BEFORE
        if fit and binding:
            start = max(start, binding[-1].agreement.start)
        odd = not fit and data.draw(st.sampled_from([False, False, True]))
        terms = to_bytes(self.desk.SUPPLY)
        return Agreement(
            id="life",
            version=max(1, len(self.facts) + (data.draw(st.integers(0, 2)) if odd else 1)),
            terms=terms,
            terms_hash=keccak256(terms),
            parties=self.desk.draft().agreement.parties,
            step=HOUR,
            start=start,
            end=start + data.draw(st.integers(1, 30)) * HOUR,
            previous=data.draw(st.sampled_from(digests)) if odd else right,
            offer_until=start - (data.draw(st.sampled_from([0, HOUR, -1])) if odd else 0),
            termination_notice_s=data.draw(st.sampled_from([-1, NOTICE, NOTICE])),
            authority=data.draw(st.sampled_from(["authority", "authority", "authority", ""])),
        )

    @initialize(data=st.data(), signed=st.sampled_from([False, True, True]))
    def begin(self, data, signed):
        """Most lives begin with an agreement that both have signed."""
        if signed:
            self.sign_next(data)

    @rule(data=st.data())
    def sign_next(self, data):
        """Propose what may follow, and let both sign; another open offer stands in the way."""
        agreement = self.drawn(data, fit=True)
        signatures = [self.desk.KEYS[name].sign(digest(agreement)) for name in self.desk.NAMES]
        self.replay_propose("park", agreement, signatures[0])
        if self.facts:
            self.replay_countersign(agreement.version, "bakery", signatures[1])

    @rule(seconds=st.sampled_from([1, 1799, HOUR, HOUR, 3 * HOUR]))
    def time_passes(self, seconds):
        self.model.now += seconds

    @rule(hours=st.integers(1, 6))
    def hours_pass(self, hours):
        self.model.now += hours * HOUR

    @precondition(lambda self: self.model.binding())
    @rule(after=st.sampled_from([0, 0, 1, HOUR]))
    def it_begins(self, after):
        """Go to where the version in force begins, so that lives are not all future."""
        self.model.now = max(self.now, self.model.binding()[0].agreement.start + after)

    @rule(data=st.data(), who=SIGNERS, key=SIGNERS)
    def propose(self, data, who, key):
        agreement = self.drawn(data)
        if data.draw(st.booleans()):
            key = who
        self.past.append(("propose", who, agreement, self.desk.KEYS[key].sign(digest(agreement))))
        self.replay_propose(*self.past[-1][1:])

    def replay_propose(self, who, agreement, signature):
        allowed = (
            agreement.offer_until <= agreement.start
            and (agreement.version > 1 or agreement.previous == NONE_BEFORE)
            and agreement.version == len(self.facts) + 1
            and not any(self.model.state(f) == "proposed" for f in self.facts)
            and self.now < agreement.offer_until
            and self.model.may_follow(agreement)
            and who in self.desk.NAMES
            and signature == self.desk.KEYS[who].sign(digest(agreement))
        )
        self.ask(
            lambda record: transitions.propose(record, who, agreement, signature, self.now),
            allowed,
            lambda: self.facts.append(self.desk.Fact(agreement, who, {who}, ends=agreement.end)),
        )

    @precondition(lambda self: self.facts)
    @rule(data=st.data(), who=SIGNERS, key=SIGNERS)
    def countersign(self, data, who, key):
        number = data.draw(st.integers(0, len(self.facts) + 1).map(lambda n: n or len(self.facts)))
        meant = self.facts[min(number, len(self.facts)) - 1].agreement
        signature = self.desk.KEYS[who if data.draw(st.booleans()) else key].sign(digest(meant))
        self.past.append(("countersign", number, who, signature))
        self.replay_countersign(number, who, signature)

    def replay_countersign(self, number, who, signature):
        fact = self.model.offered(number)
        allowed = (
            fact is not None
            and who in self.desk.NAMES
            and who not in fact.signed
            and signature == self.desk.KEYS[who].sign(digest(fact.agreement))
            and self.model.may_follow(fact.agreement)
        )

        def effect():
            fact.signed.add(who)
            if fact.signed == set(self.desk.NAMES):
                if before := self.model.binding():
                    before[-1].ends = fact.agreement.start
                    before[-1].ending = "superseded"
                fact.bound = True

        self.ask(
            lambda record: transitions.countersign(record, number, who, signature, self.now),
            allowed,
            effect,
        )

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def again(self, data):
        """Messages come twice, late and out of order."""
        what, *arguments = data.draw(st.sampled_from(self.past))
        if what == "propose":
            self.replay_propose(*arguments)
        elif self.facts:
            self.replay_countersign(*arguments)

    @precondition(lambda self: self.facts)
    @rule(data=st.data(), who=SIGNERS, withdraws=st.booleans())
    def close(self, data, who, withdraws):
        number = data.draw(st.sampled_from([len(self.facts), *range(len(self.facts) + 2)]))
        fact = self.model.offered(number)
        right = fact and (who == fact.proposer if withdraws else who in self.desk.NAMES)

        def effect():
            fact.closed = "withdrawn" if withdraws else "rejected"

        request = transitions.withdraw if withdraws else transitions.reject
        self.ask(lambda record: request(record, number, who, self.now), right, effect)

    @precondition(lambda self: self.model.binding())
    @rule(data=st.data(), values=st.lists(st.integers(0, LIMIT), min_size=1, max_size=4))
    def choose_well(self, data, values):
        fact = data.draw(st.sampled_from(self.model.binding()))
        first = max(fact.agreement.start, -(-(self.now + CHOICE_NOTICE) // HOUR) * HOUR)
        start = first + data.draw(st.integers(0, 2)) * HOUR
        self.decide(self.facts.index(fact) + 1, "bakery", "nomination", HOUR, (start, values))

    @precondition(lambda self: self.facts)
    @rule(
        data=st.data(),
        who=st.sampled_from(["bakery", "bakery", "park", "stranger"]),
        label=st.sampled_from(["nomination", "nomination", "other"]),
        values=st.lists(st.integers(0, LIMIT) | st.sampled_from([-1, LIMIT + 1]), max_size=4),
        step=st.sampled_from([HOUR, HOUR, HOUR, 1800]),
    )
    def choose(self, data, who, label, values, step):
        number = data.draw(st.integers(1, len(self.facts)))
        start = self.now - self.now % HOUR + data.draw(st.integers(-1, 20)) * HOUR
        self.decide(number, who, label, step, (start, values))

    def decide(self, number, who, label, step, run):
        fact, (start, values) = self.facts[number - 1], run
        slots = Slots(start, step, len(values))
        starts = [start + step * place for place in range(len(values))]
        allowed = (
            self.model.state(fact) in ("countersigned", "active")
            and (who, label, step) == ("bakery", "nomination", HOUR)
            and bool(values)
            and all(fact.agreement.start <= t and t + HOUR <= fact.ends for t in starts)
            and all(self.now <= t - CHOICE_NOTICE for t in starts)
            and all(0 <= value <= LIMIT for value in values)
        )
        decided = (label, slots, np.array(values, np.int64))
        self.ask(
            lambda record: exercise(record, number, who, decided, self.now),
            allowed,
            lambda: fact.chosen.update(zip(starts, values, strict=True)),
        )
        if allowed:  # the same again changes nothing
            again = exercise(self.record, number, who, decided, self.now)
            assert codec.encode(again) == codec.encode(self.record)

    @precondition(lambda self: self.facts)
    @rule(who=st.sampled_from(["authority"] * 4 + ["park"]), well=st.booleans(), on=st.booleans())
    def switch(self, who, well, on):
        on = self.model.still if well else on
        binding = self.model.binding()
        right = (
            bool(binding)
            and binding[0].agreement.authority == who
            and self.model.state(binding[0]) == ("suspended" if on else "active")
        )
        request = transitions.resume if on else transitions.suspend
        self.ask(
            lambda record: request(record, who, self.now),
            right,
            lambda: self.model.switches.append((self.now, on)),
        )

    @precondition(lambda self: self.facts)
    @rule(data=st.data(), who=SIGNERS, hours=st.integers(-1, 5), off=st.sampled_from([0, 0, 0, 1]))
    def consent(self, data, who, hours, off):
        at = self.now - self.now % HOUR + hours * HOUR + off
        fact = data.draw(st.sampled_from([self.facts[-1], *self.facts]))
        ending = Ending(
            id="life", version=fact.agreement.version, agreement=digest(fact.agreement), at=at
        )
        signature = self.desk.KEYS[who].sign(digest(ending))
        binding = self.model.binding()
        allowed = (
            self.model.may_end(at) and fact is (binding or [None])[-1] and who in self.desk.NAMES
        )

        def effect():
            fact.consents[who] = at
            if [fact.consents.get(name) for name in self.desk.NAMES] == [at, at]:
                self.model.end_all(at)

        self.ask(
            lambda record: transitions.agree_to_end(record, who, ending, signature, self.now),
            allowed,
            effect,
        )
        if allowed:
            self.ask(
                lambda record: transitions.agree_to_end(record, who, ending, bytes(65), self.now),
                allowed=False,
                effect=None,
            )

    @precondition(lambda self: self.facts)
    @rule(who=WHO)
    def notice(self, who):
        at = -(-(self.now + NOTICE) // HOUR) * HOUR
        binding = self.model.binding()
        allowed = (
            self.model.may_end(at)
            and who in self.desk.NAMES
            and binding[-1].agreement.termination_notice_s == NOTICE
        )
        self.ask(
            lambda record: transitions.give_notice(record, who, self.now),
            allowed,
            lambda: self.model.end_all(at),
        )

    @precondition(lambda self: self.facts)
    @rule(who=WHO, hours=st.integers(-1, 20), off=st.sampled_from([0, 0, 0, 1]))
    def end(self, who, hours, off):
        at = self.now - self.now % HOUR + hours * HOUR + off
        allowed = self.model.may_end(at) and who == self.model.binding()[-1].agreement.authority
        self.ask(
            lambda record: transitions.end(record, who, at, self.now),
            allowed,
            lambda: self.model.end_all(at),
        )

    # -- comparing both ----------------------------------------------------------------------

    @invariant()
    def same_states(self):
        if self.record is None:
            assert self.facts == []
            return
        record = transitions.advanced(self.record, self.now)
        assert [each.state.value for each in record.versions] == [
            self.model.state(f) for f in self.facts
        ]
        assert [each.ends for each in record.versions] == [f.ends for f in self.facts]
        assert sum(each.state.value in ("active", "suspended") for each in record.versions) <= 1
        again = transitions.advanced(record, self.now)
        assert again is record

    @invariant()
    def same_slots(self):
        if self.record is None:
            return
        slots = Slots(FIRST - HOUR, HOUR, 250)
        expected = []
        for start in slots.starts().tolist():
            runs = any(f.bound and f.agreement.start <= start < f.ends for f in self.facts)
            before = [on for at, on in self.model.switches if at <= start]
            expected.append(runs and (not before or before[-1]))
        assert self.record.active(slots).tolist() == expected

    @invariant()
    def same_choices(self):
        for place, fact in enumerate(self.facts):
            chosen = self.record.versions[place].chosen.get("nomination")
            found = (
                dict(zip(chosen.starts.tolist(), chosen.values.tolist(), strict=True))
                if chosen
                else {}
            )
            assert found == fact.chosen
            assert list(found) == sorted(found)

    @invariant()
    def it_can_be_stored(self):
        body = codec.encode(self.record)
        assert codec.encode(codec.decode(body, Record | None)) == body


@pytest.fixture(autouse=True)
def with_desk(desk):
    Life.desk = desk


def test_life_cycle():
    machine = settings(deadline=None, max_examples=200, stateful_step_count=30)
    run_state_machine_as_test(Life, settings=machine)
