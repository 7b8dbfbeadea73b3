"""What is given up together: by levels, named, and enough."""

import pytest

from gridpact.scheduling.explanation import every_state
from gridpact.scheduling.explanation.every_state import firm_states
from gridpact.scheduling.needs.binding.bind import bind
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.solve import solve_by_levels

SEEDS = (1, 14, 18, *range(300, 309), 318, 322, 324)


@pytest.fixture(scope="module")
def explained(conflict):
    found = [conflict.explained(seed, joint=True) for seed in SEEDS]
    return [one for one in found if one[2].joint is not None]


def test_giving_up_every_part_is_enough(explained):
    assert len(explained) > 4
    assert all(one.joint.fits for _, _, one in explained)


def test_parts_are_what_levels_miss(explained):
    for site, needs, explanation in explained:
        joint = explanation.joint
        other = {need.id: need for need in joint.eased}
        gone = {*joint.without, *(one.need.id for one in explanation.unbound)}
        asked = [other.get(need.id, need) for need in needs if need.id not in gone]
        bound = bind(site, asked)
        if firm_states(bound, asked):
            continue  # the solver by levels has limits give before these
        losses = solve_by_levels(bound.fleet, site.prices, bound.needs).losses
        for level in Level:
            given = sum(one.missing_wh for one in explanation.joint.parts if one.level is level)
            assert given == pytest.approx(losses[level].missing_wh, abs=1.0)
            assert explanation.joint.least_wh[level] <= given + 1.0


def test_limits_and_contracts_give_nothing_that_needs_could_give(explained, conflict):
    """Whether limits alone can be kept is told by a judge that knows nothing of levels."""
    firm = kept = 0
    for site, needs, explanation in explained:
        firm += bool(firm_states(bind(site, needs), needs))
        for last in (Level.GRID, Level.CONTRACTS):
            first = [need for need in needs if need.level <= last]
            given = [one for one in explanation.joint.parts if one.level <= last]
            if conflict.missing(site, first) <= conflict.touch:
                assert not given
                kept += 1
            else:
                assert given
    assert firm > 6
    assert kept > 15


def test_nothing_is_solved_for_a_level_of_which_nothing_is_asked(conflict, monkeypatch):
    """Such a solve looks for nothing, and took five times as long as all others together."""
    paid, minimise = [], every_state.minimise

    def watched(arrays, search):
        paid.append(arrays.cost.any())
        return minimise(arrays, search)

    monkeypatch.setattr(every_state, "minimise", watched)
    site, needs, _ = conflict.explained(SEEDS[3])
    found = every_state.least_together(site, needs, bind(site, needs))
    assert len(found.least_wh) == len(Level)
    assert paid
    assert all(paid)


def test_what_gives_nothing_is_named(explained):
    for *_, explanation in explained:
        gives = {one.need for one in explanation.joint.parts}
        kept = {need.id for need in explanation.joint.kept}
        clashing = {need.id for one in explanation.conflicts for each in one.members
                    for need in each.needs}  # fmt: skip
        assert kept <= clashing
        assert not kept & gives
        assert clashing <= kept | gives | {need.id for need in explanation.joint.eased} | set(
            explanation.joint.without
        )


def test_of_every_conflict_about_one_asset_something_is_told(explained):
    """It gives in any case, and is not missing silently."""
    told = 0
    for *_, explanation in explained:
        first = [one for one in explanation.conflicts if not one.zones and one.round == 0]
        eased = {need.id for need in explanation.joint.eased} | set(explanation.joint.without)
        for one in first:
            assert eased & {need.id for member in one.members for need in member.needs}
            told += 1
        assert len(eased) <= len(first)
    assert told > 1


def test_parts_name_needs(explained):
    for _, needs, explanation in explained:
        names = {need.id for need in needs}
        assert {one.need for one in explanation.joint.parts} <= names


def test_no_need_gives_more_together_than_it_asks(explained):
    for site, needs, explanation in explained:
        by_id = {need.id: need for need in needs}
        for one in explanation.joint.parts:
            asset = site.directory.by_id.get(getattr(by_id[one.need].subject, "ids", ("",))[0])
            capacity = None if asset is None else site.directory.assets[asset].capacity_wh
            if capacity is not None:
                assert one.missing_wh <= capacity
