"""What scheduling makes of all that happens to agreements, as their own room tells it."""

from hashlib import sha256

import numpy as np
import pytest
from msgspec.structs import replace

from gridpact.agreements import handlers as agreements
from gridpact.agreements.documents import Conditions, countersign, propose
from gridpact.agreements.keys import WalletKey
from gridpact.agreements.messages import (
    CountersignAgreement,
    EndAgreement,
    ExerciseChoice,
    ProposeAgreement,
    RejectAgreement,
    ResumeAgreement,
    SuspendAgreement,
)
from gridpact.base.slots import Slots
from gridpact.kernel.codec import decode, encode
from gridpact.kernel.messages import Later
from gridpact.scheduling.contracted.duties import duties
from gridpact.scheduling.contracted.model import BySlot
from gridpact.scheduling.handlers import Scheduling
from gridpact.scheduling.problem import Plan
from gridpact.scheduling.state import InForce

DAY_S = 86_400


def wallet(name):
    return WalletKey(sha256(name.encode()).digest())


class Both:
    """The rooms of agreements and of scheduling, and what they tell each other in time."""

    def __init__(self, community, now):
        self.members = community.members.ids
        self.rooms = [Scheduling(community).room(), agreements.room()]
        self.states = [room.state for room in self.rooms]
        self.now, self.later = now, []

    def send(self, *messages):
        waiting = list(messages)
        while waiting:
            message = waiting.pop(0)
            for place, room in enumerate(self.rooms):
                if type(message) not in room.handlers:
                    continue
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

    @property
    def contracts(self):
        return self.states[0].contracts

    def given(self, slots, party="m000"):
        """What a member has to give by all agreements [slots], Wh."""
        found = np.zeros(slots.count, np.int64)
        for one in duties(self.contracts, self.members, slots) if self.contracts else ():
            found += one.given_wh if one.party == party else 0
        return found


def papers(terms, name, slots, **conditions):
    """An agreement of its parties, and the signature of each."""
    names = ("m000", conditions.pop("other", "supplier"))
    addresses = {each: wallet(each).address for each in names}
    document = propose(terms, name, addresses, slots, Conditions(**conditions))
    for each in names:
        document = countersign(document, wallet(each))
    return document


def offered(document):
    first = document.signatures[0]
    return ProposeAgreement(
        party=first.party, agreement=document.agreement, signature=first.signature
    )


def countersigned(document):
    second = document.signatures[1]
    return CountersignAgreement(
        party=second.party,
        agreement=document.agreement.id,
        version=document.agreement.version,
        signature=second.signature,
    )


@pytest.fixture
def both(street, tools):
    return Both(street, tools.day.start - DAY_S)


@pytest.fixture
def sale(tools):
    return papers(tools.sells("m000", "supplier", 100), "sale", tools.day, authority="dso")


def test_it_binds_once_all_have_signed_and_no_more_when_it_is_over(both, sale, tools):
    both.send(offered(sale))
    assert both.given(tools.day).sum() == 0
    assert both.contracts.offers == ()
    both.send(countersigned(sale))
    assert both.given(tools.day).sum() == 96 * 100
    both.until(tools.day.start)
    assert both.given(tools.day).sum() == 96 * 100
    both.until(tools.day.end)
    assert both.contracts is None


@pytest.mark.parametrize("how", ["rejected", "lapsed", "refused"])
def test_an_offer_that_came_to_nothing_is_forgotten(both, sale, tools, how):
    offer = offered(sale)
    both.send(replace(offer, signature=bytes(65)) if how == "refused" else offer)
    if how == "rejected":
        both.send(RejectAgreement(party="supplier", agreement="sale", version=1))
    elif how == "lapsed":
        both.until(tools.day.start)
    assert both.contracts is None


def test_of_two_offers_under_a_name_the_one_that_was_taken_binds(both, sale, tools):
    """Both are there before either is answered, as a loop handles them."""
    other = papers(tools.sells("m000", "supplier", 777), "sale", tools.day)
    both.send(replace(offered(other), signature=bytes(65)), offered(sale), countersigned(sale))
    assert set(both.given(tools.day)) == {100}
    assert both.contracts.offers == ()


def test_it_stands_still_from_the_next_slot_on_and_goes_on(both, sale, tools):
    both.send(offered(sale), countersigned(sale))
    both.until(tools.day.start + 10 * tools.STEP + 1)
    both.send(SuspendAgreement(party="dso", agreement="sale", reason="a fault"))
    assert np.flatnonzero(both.given(tools.day) == 0).tolist() == list(range(11, 96))
    both.until(tools.day.start + 20 * tools.STEP)
    both.send(ResumeAgreement(party="dso", agreement="sale", reason="mended"))
    assert np.flatnonzero(both.given(tools.day) == 0).tolist() == list(range(11, 20))


def test_it_ends_early_where_its_authority_ends_it(both, sale, tools):
    both.send(offered(sale), countersigned(sale))
    end = tools.day.start + 40 * tools.STEP
    both.send(EndAgreement(party="dso", agreement="sale", at=end, reason="over"))
    assert np.flatnonzero(both.given(tools.day)).tolist() == list(range(40))
    both.until(end)
    assert both.contracts is None


def test_an_amendment_takes_over_at_its_start(both, sale, tools):
    both.send(offered(sale), countersigned(sale))
    rest = Slots(tools.day.start + 48 * tools.STEP, tools.STEP, 48)
    terms = tools.sells("m000", "supplier", 30)
    second = papers(terms, "sale", rest, amends=sale.agreement, authority="dso")
    both.send(offered(second))
    assert set(both.given(tools.day)) == {100}
    both.send(countersigned(second))
    assert both.given(tools.day).tolist() == [100] * 48 + [30] * 48
    both.until(rest.start)
    assert both.given(tools.day)[48:].tolist() == [30] * 48


def in_force(street, slots, net):
    """A plan in which the first home takes so much net."""
    shape, zones = (len(street.storage.ids), slots.count), len(street.zones.ids)
    none, homes = np.zeros(shape, np.int64), np.zeros((3, slots.count), np.int64)
    plan = Plan(
        net_wh=np.concatenate([np.array(net)[None], homes[1:]]),
        curtail_wh=homes,
        charge_wh=none,
        discharge_wh=none,
        state_wh=none,
        run_start=np.zeros(0, np.int64),
        cost_nano=np.zeros(3, np.int64),
        zone_price=np.zeros((zones, slots.count), np.int64),
        conflicts=(),
    )
    return InForce(slots, plan)


def test_a_call_counts_from_the_plan_in_force_and_a_later_plan_is_no_baseline(both, street, tools):
    terms = papers(tools.goes_down("m000"), "dr", tools.day, other="aggregator")
    both.send(offered(terms), countersigned(terms))
    net = np.arange(96)
    both.states[0] = replace(both.states[0], plans=(in_force(street, tools.day, net),))
    both.until(tools.day.start + 4 * tools.STEP)

    def call(first, values):
        slots = Slots(tools.day.start + first * tools.STEP, tools.STEP, len(values))
        both.send(
            ExerciseChoice(
                party="aggregator",
                agreement="dr",
                version=1,
                label="call",
                slots=slots,
                values=np.array(values),
            )
        )

    def noted():
        values, known = both.contracts.baseline.get("m000", BySlot()).on(tools.day)
        return {slot: int(values[slot]) for slot in np.flatnonzero(known).tolist()}

    call(10, [300, 0, 300])
    assert noted() == {10: 10, 12: 12}
    both.states[0] = replace(both.states[0], plans=(in_force(street, tools.day, net - 300),))
    call(10, [500, 200])
    assert noted() == {10: 10, 11: 11 - 300, 12: 12}
    both.until(tools.day.start + 11 * tools.STEP)
    call(20, [1])
    assert noted() == {11: 11 - 300, 12: 12, 20: 20 - 300}
    call(20, [0])
    assert both.contracts.signed[0].chosen["call"].on(tools.day)[0][20] == 0


def test_what_is_kept_is_written_and_read_the_same(both, sale):
    both.send(offered(sale), countersigned(sale))
    state = both.states[0]
    written = encode(state)
    assert encode(decode(written, type(state))) == written
