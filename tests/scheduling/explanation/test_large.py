"""Explanations told by the engine's bounds, and of zones with many like needs."""

import pytest
from msgspec.structs import replace

from gridpact.scheduling.explanation import trial
from gridpact.scheduling.explanation.explain import explain
from gridpact.scheduling.needs.model import StateOfCharge


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    """No fleet is small enough for the reference."""
    monkeypatch.setattr(trial, "SMALL", 0)


def _needs(members):
    return [need for member in members for need in member.needs]


def _holds(site, explanation, conflict):
    """Every member is needed, all together clash, and every proposal is enough, by the judge."""
    for one in explanation.conflicts:
        assert conflict.missing(site, _needs(one.members)) > 0.99 * conflict.touch
        for member in one.members:
            rest = [need for need in _needs(one.members) if need not in member.needs]
            assert conflict.missing(site, rest) <= 1.01 * conflict.touch
        for offer in one.proposals:
            own = one.members[offer.member].needs
            rest = [need for need in _needs(one.members) if need not in own]
            assert conflict.missing(site, [*rest, *offer.needs]) <= 1.01 * conflict.touch


@pytest.mark.parametrize("seed", range(400, 410))
def test_the_engine_tells_the_same_truths(seed, conflict):
    site, needs = conflict.case(seed)
    explanation = explain(site, needs, joint=False)
    _holds(site, explanation, conflict)
    if not explanation.conflicts and not explanation.unbound:
        assert conflict.missing(site, needs) <= 1.01 * conflict.touch


@pytest.mark.parametrize("seed", range(3))
def test_like_needs_count_as_one_where_there_are_many(seed, conflict):
    site, needs = conflict.case(seed, size=60)
    alike = [
        replace(one, at=conflict.moment(19), least_ppm=500_000)
        if isinstance(one, StateOfCharge)
        else one
        for one in needs
    ]
    explanation = explain(site, alike, joint=False)
    _holds(site, explanation, conflict)
    shared = [one for one in explanation.conflicts if one.zones]
    assert shared
    assert max(len(member.needs) for one in shared for member in one.members) > 8


@pytest.mark.slow
def test_a_few_heavy_needs_are_opened(conflict):
    """One zone is far too tight for any of its many cars: one of them does for all."""
    site, needs = conflict.case(3, size=40)
    tight = [replace(one, most_w=400) if one.id.startswith("limit") else one for one in needs]
    explanation = explain(site, tight, joint=False)
    _holds(site, explanation, conflict)
    assert all(len(one.needs) == 1 for each in explanation.conflicts for one in each.members)
