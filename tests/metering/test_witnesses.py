from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.metering.witnesses import Suspects, Witness, attest

POINTS, SLOTS = 8, 3
TREE = {
    "feeder": range(8),
    "left": range(4),
    "right": range(4, 8),
    **{f"branch-{n}": range(2 * n, 2 * n + 2) for n in range(4)},
    **{f"inverter-{n}": [2 * n] for n in range(4)},
}
EVERY = np.ones(SLOTS, np.bool_)


def witnesses(true, loss_ppm, slack_wh, lost):
    """What honest witnesses of a tree measure when a part of the allowed loss is lost."""
    found = []
    for name, behind in TREE.items():
        rows = tuple(behind)
        through = np.abs(true[list(rows)]).sum(axis=0) * loss_ppm // 10**6
        seen = true[list(rows)].sum(axis=0) + through * lost // 100
        found.append(Witness(name, rows, seen, EVERY, loss_ppm, slack_wh))
    return found


@st.composite
def communities(draw):
    true = stream(draw(st.integers(0, 10**6)), "witnesses").integers(-400, 900, (POINTS, SLOTS))
    liars = draw(st.sets(st.integers(0, POINTS - 1), max_size=2))
    error = draw(st.lists(st.sampled_from([-700, -350, 430, 900]), min_size=2, max_size=2))
    told = true.copy()
    for liar, lie in zip(sorted(liars), error, strict=False):
        told[liar, 1] += lie
    return true, told, liars


@given(case=communities(), lost=st.integers(0, 100))
@settings(deadline=None, max_examples=150)
def test_who_lies_is_among_the_smallest_explanations(case, lost):
    true, told, liars = case
    found = attest(told, np.ones(told.shape, np.bool_), witnesses(true, 20_000, 30, lost), 2)
    if not liars:
        assert found.disputes == ()
        assert np.array_equal(found.agree, found.asked)
        return
    (dispute,) = found.disputes
    assert dispute.slot == 1
    named = [[set(group.points) for group in explanation] for explanation in dispute.explanations]
    assert named
    size = len(named[0])
    assert size <= len(liars)
    assume(size == len(liars))
    assert any(
        all(any(liar in group for group in explanation) for liar in liars) for explanation in named
    )


@given(liar=st.integers(0, POINTS - 1), lie=st.sampled_from([-500, 500]))
@settings(deadline=None)
def test_one_who_lies_is_found_exactly(liar, lie):
    true = stream(3, "witnesses").integers(-400, 900, (POINTS, SLOTS))
    told = true.copy()
    told[liar, 2] += lie
    found = attest(told, np.ones(told.shape, np.bool_), witnesses(true, 10_000, 5, 50), 3)
    (dispute,) = found.disputes
    assert dispute.explanations == ((Suspects((liar,), ()),),)
    assert set(dispute.witnesses) == {name for name, rows in TREE.items() if liar in rows}
    assert not found.confirmed[liar, 2]
    assert found.confirmed[:, :2].all()


@given(case=communities())
@settings(deadline=None, max_examples=60)
def test_explanations_are_those_of_a_search_by_trial(case):
    """With no tolerance an error of one suspect is what every witness of it is short of."""
    true, told, liars = case
    honest = witnesses(true, 0, 0, 0)
    found = attest(told, np.ones(told.shape, np.bool_), honest, 1)
    short = {w.name: int((w.wh - told[list(w.points)].sum(axis=0))[1]) for w in honest}
    alone = [
        point
        for point in range(POINTS)
        if any(short.values())
        and len({short[w.name] for w in honest if point in w.points}) == 1
        and all(not short[w.name] for w in honest if point not in w.points)
    ]
    sizes = {len(each) for dispute in found.disputes for each in dispute.explanations}
    if alone:
        assert sizes == {1}
        (dispute,) = found.disputes
        assert {p for (group,) in dispute.explanations for p in group.points} == set(alone)
    else:
        assert sizes <= {2}
        assert bool(sizes) == bool(liars)


def test_a_witness_who_lies_is_a_suspect_as_well():
    true = np.full((POINTS, SLOTS), 100)
    honest = witnesses(true, 0, 0, 0)
    honest[0] = Witness("feeder", tuple(range(8)), np.array([800, 900, 800]), EVERY)
    found = attest(true, np.ones(true.shape, np.bool_), honest, 2)
    (dispute,) = found.disputes
    assert dispute.witnesses == ("feeder",)
    assert dispute.explanations == ((Suspects((), ("feeder",)),),)
    assert found.confirmed.all()


def test_points_that_no_witness_tells_apart_are_told_together():
    feeder = Witness("feeder", (0, 1), np.array([250]), np.array([True]))
    (dispute,) = attest(np.array([[100], [100]]), np.ones((2, 1), np.bool_), [feeder], 1).disputes
    assert dispute.explanations == ((Suspects((0, 1), ("feeder",)),),)


def test_what_is_not_known_is_neither_confirmed_nor_disputed():
    known = np.ones((POINTS, SLOTS), np.bool_)
    known[3, 1] = False
    true = np.full((POINTS, SLOTS), 100)
    wrong = np.where(known, true, -5000)
    found = attest(wrong, known, witnesses(true, 0, 0, 0), 2)
    assert found.disputes == ()
    assert found.asked[3].tolist() == [3, 0, 3]
    assert found.asked[2].tolist() == [4, 1, 4]
    assert found.confirmed[3].tolist() == [True, False, True]


def test_losses_are_allowed_one_way_only():
    def agrees(seen):
        witness = Witness("feeder", (0, 1), np.array([seen]), np.array([True]), 50_000, 2)
        values = np.array([[600], [-400]])
        return not attest(values, np.ones((2, 1), np.bool_), [witness], 1).disputes

    assert [seen for seen in range(150, 300) if agrees(seen)] == list(range(198, 253))


@pytest.mark.parametrize(
    "change",
    [{"points": (9,)}, {"points": ()}, {"points": (0, 0)}, {"loss_ppm": -1}, {"wh": np.zeros(2)}],
)
def test_witnesses_that_do_not_fit_are_refused(change):
    fields = {"name": "feeder", "points": (0,), "wh": np.zeros(3, np.int64), "known": EVERY}
    with pytest.raises(ValueError, match="witness feeder"):
        attest(
            np.zeros((2, 3), np.int64), np.ones((2, 3), np.bool_), [Witness(**fields | change)], 1
        )


def test_two_suspects_are_looked_for_after_one():
    pairs = list(combinations(range(0, POINTS, 2), 2))
    for one, other in pairs:
        true = np.full((POINTS, SLOTS), 100)
        told = true.copy()
        told[[one, other], 0] += (40, 70)
        found = attest(told, np.ones(true.shape, np.bool_), witnesses(true, 0, 0, 0), 1)
        (dispute,) = found.disputes
        groups = [tuple(group.points for group in each) for each in dispute.explanations]
        assert ((one,), (other,)) in groups
