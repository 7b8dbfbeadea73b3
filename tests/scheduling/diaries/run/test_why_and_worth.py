"""Reasons and savings of diaries that follow plans, on plans whose reasons are known."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.scheduling.diaries.following import entries_of, first
from gridpact.scheduling.diaries.holds import Hold, Holds
from gridpact.scheduling.diaries.pieces import Asked, Piece
from gridpact.scheduling.diaries.reasons import Kind
from gridpact.scheduling.diaries.why import why
from gridpact.scheduling.diaries.without import Without
from gridpact.scheduling.diaries.worth import worth
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.context import Context
from gridpact.scheduling.needs.grammar.parse import parse
from gridpact.scheduling.posing import Posed
from gridpact.scheduling.problem import Problem, RunColumns, StorageColumns, Sum, ZoneColumns
from gridpact.scheduling.standing.bound_sums import Binding
from gridpact.scheduling.standing.places import Places

COUNT = 8
BUY = np.array([300, 300, 100, 100, 300, 300, 200, 200]) * 1000
SELL = np.full(COUNT, 50_000)
LOAD_WH = 100


def by_storage(battery, car):
    return np.array([np.broadcast_to(battery, COUNT), np.broadcast_to(car, COUNT)], np.int64)


class Story:
    """A quarter-hourly plan of two hours: what storage moves, and all that it was made from."""

    def __init__(self, community, hand, net, starts=(-1, -1), **given):
        self.community, self.solved = community, hand.solved(0, net, starts)
        slots = self.solved.window
        net_wh = np.array(net, np.int64)
        initial = given.get("initial", (4000, 10_000))
        states = np.array(initial)[:, None] + np.cumsum(net_wh, axis=1)
        self.stated = NeedsStated(
            session="s",
            window=slots,
            charge_max_wh=given.get("charge_max", by_storage(1000, 2000)),
            discharge_max_wh=by_storage(1000, 0),
            lo_wh=given.get("lo", by_storage(0, 0)),
            hi_wh=by_storage(8000, 40_000),
            draw_wh=by_storage(0, 0),
            run_earliest=np.array(given.get("earliest", (-1, -1))),
            run_latest=np.array(given.get("latest", (-1, -1))),
        )
        zones = len(community.zones.ids)
        limits = np.full((zones, COUNT), -1)
        homes = np.full((2, COUNT), LOAD_WH)
        one = np.ones(2)
        self.problem = Problem(
            slots=slots,
            load_wh=homes,
            pv_wh=given.get("pv", np.zeros((2, COUNT), np.int64)),
            position_wh=np.zeros((2, COUNT), np.int64),
            import_price=np.broadcast_to(BUY, (2, COUNT)),
            export_price=np.broadcast_to(SELL, (2, COUNT)),
            storage=StorageColumns(
                np.array([0, 1]), np.array(initial), self.stated.charge_max_wh,
                self.stated.discharge_max_wh, self.stated.lo_wh, self.stated.hi_wh,
                self.stated.draw_wh, one, one, one,
            ),
            runs=RunColumns(*np.zeros((5, 0), np.int64)),
            zones=ZoneColumns(community.members.zone, community.zones.parent, limits, limits),
        )  # fmt: skip
        meters = homes - self.problem.pv_wh + net_wh
        self.plan = msgspec.structs.replace(
            self.solved.plan,
            net_wh=meters,
            state_wh=states,
            zone_price=given.get("zone_price", np.zeros((zones, COUNT), np.int64)),
        )
        bindings = given.get("bindings", ())
        self.piece = Piece(
            self.problem, self.plan, self.stated, bindings, given.get("needs", ()), Holds.none(),
            Without(community, self.posed, self.plan), slots.start, slots.end,
        )  # fmt: skip
        self.until(given.get("until", COUNT))

    def posed(self, left_out):
        """The problem with the bounds of all needs but some; the others' lowest are 0."""
        problem = self.piece.problem
        lo = self.stated.lo_wh.copy()
        for one in self.piece.bindings:
            if one.side == "lo":
                lo[one.row, one.first : one.end] = 0
        staying = [one for one in self.piece.bindings if one.need not in left_out]
        for one in staying:
            if one.side == "lo":
                span = lo[one.row, one.first : one.end]
                np.maximum(span, one.bound_wh, out=span)
        sums = tuple(problem.sums[one.row] for one in staying if one.side == "sum")
        storage = msgspec.structs.replace(problem.storage, lo_wh=lo)
        return Posed(msgspec.structs.replace(problem, storage=storage, sums=sums), self.stated)

    def until(self, count):
        """Let diaries end after so many slots, and the plan go on."""
        window = Slots(self.solved.window.start, self.solved.window.step, count)
        self.diaries = first(self.community, self.solved._replace(window=window))
        self.piece = self.piece._replace(end_s=window.end)

    def reasons(self, row, holds=None, activations=()):
        """Slot, kind and identifier of the reason of each entry of an asset."""
        places = Places(self.community)
        piece = self.piece._replace(holds=holds or Holds.none())
        found = why(places, [piece], activations, self.diaries)
        entries = self.diaries.instructions
        own = np.flatnonzero(entries.row == row).tolist()
        slots = (entries.at_s - self.solved.window.start) // self.solved.window.step
        causes = [int(found.reasons.cause[place]) for place in own]
        return [
            (
                int(slots[place]),
                Kind(found.reasons.kind[place]).name,
                found.causes[cause].id if cause >= 0 else "",
            )
            for place, cause in zip(own, causes, strict=True)
        ]

    def span(self, first_slot, end):
        step = self.solved.window.step
        return self.solved.window.start + first_slot * step, (self.solved.window.start + end * step)

    def savings(self, activations=()):
        return worth(self.community, [self.piece], activations, self.diaries)


IDLE = [0] * COUNT


def test_the_price_is_the_reason_where_nothing_else_is(community, hand):
    story = Story(community, hand, [[0, 0, 500, 500, 0, -1000, 0, 0], IDLE])
    assert [kind for _, kind, _ in story.reasons(0)] == ["PRICE"] * 4


def need_of(hand, name, text):
    made = parse(text, Context("m001", hand.midnight, "Europe/Berlin"))
    return msgspec.structs.replace(made, id=name)


CHEAP = [0, 0, 2000, 2000, 0, 0, 0, 0]
DUE = np.array([0] * 5 + [14_000] * 3)
"""What the car holds in the two cheap quarter-hours is what it needs from 01:15 on."""


def test_a_need_just_met_is_the_reason_by_name(community, hand):
    lo = by_storage(0, DUE)
    story = Story(community, hand, [IDLE, CHEAP], lo=lo)
    assert story.reasons(1) == [(2, "NEED", ""), (4, "PRICE", "")]
    need = need_of(hand, "need-7", "car >= 14 kWh by 01:30")
    bound = Binding("need-7", "lo", 1, 5, 8, 14_000)
    named = Story(community, hand, [IDLE, CHEAP], lo=lo, needs=(need,), bindings=(bound,))
    assert named.reasons(1) == [(2, "NEED", "need-7"), (4, "PRICE", "")]


def test_of_two_needs_the_one_that_sets_the_power_is_named(community, hand):
    needs = (
        need_of(hand, "need-1", "car >= 12 kWh by 02:00"),
        need_of(hand, "need-2", "car >= 14 kWh by 01:30"),
    )
    bounds = (
        Binding("need-1", "lo", 1, 7, 8, 12_000),
        Binding("need-2", "lo", 1, 5, 6, 14_000),
    )
    lo = by_storage(0, np.array([0] * 5 + [14_000, 0, 12_000]))
    story = Story(community, hand, [IDLE, CHEAP], lo=lo, needs=needs, bindings=bounds)
    assert story.reasons(1)[0] == (2, "NEED", "need-2")


def test_of_two_needs_that_ask_the_same_one_is_named(community, hand):
    """Either can go and nothing changes: only both together bind."""
    needs = tuple(need_of(hand, name, "car >= 14 kWh by 01:30") for name in ("need-1", "need-2"))
    bounds = tuple(Binding(need.id, "lo", 1, 5, 6, 14_000) for need in needs)
    lo = by_storage(0, np.array([0] * 5 + [14_000, 0, 0]))
    story = Story(community, hand, [IDLE, CHEAP], lo=lo, needs=needs, bindings=bounds)
    assert story.reasons(1)[0] == (2, "NEED", "need-1")


@pytest.mark.parametrize(("most", "binds"), [(200_000_000, True), (600_000_000, False)])
def test_a_budget_is_the_reason_where_it_binds_and_only_of_less(community, hand, most, binds):
    """It leaves one of the two cheap quarter-hours of its window; the rest is charged later."""
    car = [0, 0, 2000, 0, 0, 0, 2000, 0] if binds else [0, 0, 2000, 2000, 0, 0, 0, 0]
    due = need_of(hand, "need-2", "car >= 14 kWh by 02:00")
    need = need_of(hand, "need-3", "car cost <= 0.20 00:00-01:00")
    bounds = (Binding("need-2", "lo", 1, 7, 8, 14_000), Binding("need-3", "sum", 0, 0, 4, 0))
    lo = by_storage(0, np.array([0] * 7 + [14_000]))
    story = Story(community, hand, [IDLE, car], lo=lo, needs=(due, need), bindings=bounds)
    problem = msgspec.structs.replace(story.problem, sums=(Sum("cost", 0, 4, (1,), upper=most),))
    story.piece = story.piece._replace(problem=problem)
    charged = [(2, "NEED", "need-2"), (6, "NEED", "need-2")] if binds else [(2, "NEED", "need-2")]
    assert [one for one in story.reasons(1) if one[0] in (2, 6)] == charged
    stop = story.reasons(1)[1]
    assert stop == ((3, "NEED", "need-3") if binds else (4, "PRICE", ""))


def test_away_stops_are_what_the_owner_needs(community, hand):
    there = by_storage(1000, np.array([2000, 2000, 2000, 0, 0, 0, 0, 0]))
    story = Story(community, hand, [IDLE, [500, 500, 500, 0, 0, 0, 0, 0]], charge_max=there)
    assert story.reasons(1)[-1] == (3, "NEED", "")


def test_the_price_of_a_limit_is_the_reason_where_energy_alone_is_not(community, hand):
    zones = len(community.zones.ids)
    price = np.zeros((zones, COUNT), np.int64)
    price[0, 3] = 400_000  # in a slot as cheap as the one before
    story = Story(community, hand, [[0, 0, 500, 0, 500, 0, 0, 0], IDLE], zone_price=price)
    found = {slot: (kind, name) for slot, kind, name in story.reasons(0)}
    assert found[2][0] == "PRICE"
    assert found[3] == ("LIMIT", community.zones.ids[0])


@pytest.mark.parametrize("steady", [True, False])
def test_a_limit_that_binds_on_sets_the_power_by_the_room_it_leaves(community, hand, steady):
    price = np.zeros((len(community.zones.ids), COUNT), np.int64)
    price[0, 2:4] = 400_000 if steady else 0
    story = Story(community, hand, [[0, 0, 500, 300, 0, 0, 0, 0], IDLE], zone_price=price)
    found = {slot: (kind, name) for slot, kind, name in story.reasons(0)}
    limit = ("LIMIT", community.zones.ids[0])
    assert found[3] == (limit if steady else ("PRICE", ""))
    assert found[2] == ("PRICE", "")  # cheap energy alone moves it so
    assert found[4] == ("PRICE", "")  # dear energy, and the limit binds no more


def test_while_an_activation_lasts_it_sets_the_power_either_way(community, hand):
    story = Story(community, hand, [[900, 200, 500, 900, 600, 0, 0, 0], IDLE])
    window = Slots(story.span(1, 3)[0], 900, 2)
    net = np.array([[-700, -700], [0, 0]])
    asked = Asked("activation-1", window, np.array([700, 0]), net, -1)
    found = {slot: (kind, name) for slot, kind, name in story.reasons(0, activations=(asked,))}
    activation = ("ACTIVATION", "activation-1")
    assert [found[slot] for slot in (1, 2, 3)] == [activation] * 3
    assert found[4] == ("PRICE", "")


def test_decisions_and_activations_come_first(community, hand):
    story = Story(community, hand, [[0, 0, 500, 500, 0, -1000, 0, 0], IDLE])
    pinned = Holds.of(np.array([[0, *story.span(2, 4), Hold.PINNED, 2000]], np.int64))
    assert story.reasons(0, pinned)[0] == (2, "INTERVENTION", "")
    window = Slots(story.span(5, 6)[0], 900, 1)
    asked = Asked("activation-1", window, np.array([1000, 0]), np.array([[-1000], [0]]), -1)
    found = story.reasons(0, activations=(asked,))
    assert found[2:] == [(5, "ACTIVATION", "activation-1"), (6, "ACTIVATION", "activation-1")]


def test_an_appliance_ends_because_its_work_is_done(community, hand):
    story = Story(community, hand, [IDLE, IDLE], (2, -1), earliest=(0, -1), latest=(4, -1))
    assert story.reasons(2) == [(2, "PRICE", ""), (6, "NEED", "")]
    only = Story(community, hand, [IDLE, IDLE], (2, -1), earliest=(2, -1), latest=(2, -1))
    assert only.reasons(2)[0] == (2, "NEED", "")


def cost(net):
    return sum(int(wh) * int(BUY[slot] if wh > 0 else SELL[slot]) for slot, wh in enumerate(net))


def test_savings_are_those_of_the_homes_meter(community, hand):
    pv = np.array([[0, 0, 600, 600, 0, 0, 0, 0], IDLE])
    battery = np.array([0, 0, 500, 500, -100, -100, -100, -100])
    car = np.array([0, 0, 1000, 1000, 0, 0, 0, 0])
    lo = by_storage(0, np.array([0] * 4 + [12_000] * 4))
    story = Story(community, hand, [battery, car], (2, -1), pv=pv, lo=lo, earliest=(0, -1),
                  latest=(4, -1))  # fmt: skip
    washer = np.array([0, 0, 250, 250, 250, 250, 0, 0])
    story.plan.net_wh[0] += washer
    found = story.savings()
    home = LOAD_WH - pv[0] + battery + washer
    # it holds 600 Wh more at the end, bought at 100
    assert found.assets[0] == cost(home - battery) - cost(home) + 600 * 100_000
    # alone the car charges at once, the washer starts at once
    street = LOAD_WH + car
    alone = np.array([2000, 0, 0, 0, 0, 0, 0, 0])
    assert found.assets[1] == cost(street - car + alone) - cost(street)
    soon = np.array([250, 250, 250, 250, 0, 0, 0, 0])
    assert found.assets[2] == cost(home - washer + soon) - cost(home)
    entries = story.diaries.instructions
    for row in range(4):
        assert found.entries[entries.row == row].sum() == (
            found.assets[row] if len(entries_of(story.diaries, row)) else 0
        )


@pytest.mark.parametrize("given_wh", [(1000, 0), (0, 0)])
def test_an_activation_is_counted_for_who_gives_it(community, hand, given_wh):
    story = Story(community, hand, [IDLE, IDLE])
    window = Slots(story.span(5, 6)[0], 900, 1)
    asked = Asked("activation-1", window, np.array(given_wh), np.array([[-1000], [0]]), -1)
    wanted = 0
    if given_wh[0]:
        home = np.full(COUNT, LOAD_WH)
        moved = home - np.array([0] * 5 + [1000, 0, 0])
        wanted = cost(home) - cost(moved) - 1000 * int(BUY.mean())  # what it gave is bought back
    assert story.savings((asked,)).assets.tolist() == [wanted, 0, 0, 0]


def test_what_is_only_put_off_beyond_the_diaries_saves_nothing(community, hand):
    """It has to charge 4 kWh by the end, and could do so at once, at the same price."""
    lo = by_storage(0, np.array([0] * 7 + [14_000]))
    late = Story(community, hand, [IDLE, [0, 0, 0, 0, 2000, 2000, 0, 0]], lo=lo, until=4)
    assert late.savings().assets.tolist() == [0, 0, 0, 0]  # at 300, as at once
    early = Story(community, hand, [IDLE, [0, 0, 2000, 2000, 0, 0, 0, 0]], lo=lo, until=4)
    assert early.savings().assets[1] == 4000 * (300_000 - 100_000)
    cheap = Story(community, hand, [IDLE, [0, 0, 0, 0, 0, 0, 2000, 2000]], lo=lo, until=4)
    assert cheap.savings().assets[1] == 4000 * (300_000 - 200_000)


def test_what_storage_sells_early_it_buys_back(community, hand):
    """It gives 1 kWh for 50 that it buys back for 200 after its diary ends."""
    story = Story(community, hand, [[0, -1000, 0, 0, 0, 0, 1000, 0], IDLE], until=4)
    sold = 900 * 50_000 + 100 * 300_000
    assert story.savings().assets[0] == sold - 1000 * 200_000


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 2000), min_size=COUNT, max_size=COUNT), st.integers(1, COUNT))
def test_savings_of_a_car_are_those_over_the_plans_horizon(community, hand, parts, until):
    """Wherever its diary ends, once it would by itself have charged all that is due."""
    car = np.array(parts)
    due = int(car.sum())
    alone = np.diff(np.minimum(2000 * np.arange(COUNT + 1), due))
    until = max(until, int(np.count_nonzero(alone)), 1)
    lo = by_storage(0, np.array([0] * (COUNT - 1) + [10_000 + due]))
    story = Story(community, hand, [IDLE, car], lo=lo, until=until)
    assert story.savings().assets[1] == cost(LOAD_WH + alone) - cost(LOAD_WH + car)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(-1000, 1000), min_size=COUNT, max_size=COUNT),
    st.lists(st.integers(0, 3000), min_size=COUNT, max_size=COUNT),
    st.integers(0, 4),
)
def test_assets_of_a_home_save_together_what_its_meter_does(community, hand, net, sun, start):
    """The battery ends as it began; the washer runs within the diary."""
    battery = np.array(net)
    battery[-1] -= battery.sum()
    pv = np.array([sun, IDLE])
    story = Story(community, hand, [battery, IDLE], (start, -1), pv=pv, earliest=(0, -1),
                  latest=(4, -1), initial=(20_000, 10_000))  # fmt: skip
    washer = np.zeros(COUNT, np.int64)
    washer[start : start + 4] = 250
    story.plan.net_wh[0] += washer
    soon = np.array([250] * 4 + [0] * 4)
    home = LOAD_WH - pv[0]
    together = cost(home + soon) - cost(home + washer + battery)
    saved = story.savings().assets
    assert abs(int(saved[0] + saved[2]) - together) <= 2 * COUNT  # rounded once a slot and asset
