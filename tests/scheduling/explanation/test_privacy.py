"""What each owner is told of random conflicts holds nothing that is private to another."""

import re

import msgspec
import pytest

from gridpact.scheduling.explanation.absences import absences
from gridpact.scheduling.explanation.audience import Eyes, seen_by
from gridpact.scheduling.explanation.words import NOT_YOURS, words
from gridpact.scheduling.needs.grammar.write import sentence

SEEDS, JOINT_SEEDS = range(100, 120), range(300, 302)


@pytest.fixture(scope="module")
def explained(conflict):
    """Site, needs and explanation of each random case; some with what is given up together."""
    found = [conflict.explained(seed) for seed in SEEDS]
    return found + [conflict.explained(seed, joint=True) for seed in JOINT_SEEDS]


def _tokens(text):
    return set(re.findall(r"[\w.:%-]+(?<![.:])", text) + re.findall(r"\d\d:\d\d", text))


def _in_json(value):
    return set(re.findall(r"[\w.-]+", msgspec.json.encode(value).decode()))


def _private(needs):
    """Names, amounts, times and notes of needs, as they are written."""
    said = [f"{sentence(one)} {one.id} {one.owner} {one.note}" for one in needs]
    tokens = {one for one in _tokens(" ".join(said)) if re.search(r"\d|private", one)}
    return {one for one in tokens if len(one) > 2}  # counts of needs are told


def _visible(explanation, eyes):
    """All needs that an owner knows anyway, and those offered in their place."""
    members = [one for conflict in explanation.conflicts for one in conflict.members]
    offers = [one for conflict in explanation.conflicts for one in conflict.proposals]
    needs = [need for one in (*members, *offers) for need in one.needs]
    return [need for need in needs if eyes.sees(need)]


def _each(explained):
    for site, needs, explanation in explained:
        for owner in sorted({one.owner for one in site.directory.assets}):
            yield site, needs, explanation, owner


def test_sentences_hold_nothing_of_others(explained):
    told = scanned = 0
    for site, needs, explanation, owner in _each(explained):
        eyes = Eyes(site, owner)
        secret = _private([one for one in needs if not eyes.sees(one)])
        secret -= _private(_visible(explanation, eyes)) | _private(eyes.seen(needs))
        own = seen_by(explanation, site, owner).conflicts
        secret -= _tokens(" ".join(said for one in own for said in absences(one, site)))
        text = _tokens(" ".join(words(explanation, site, owner)))
        assert not secret & text, (owner, secret & text)
        scanned += len(secret)
        told += bool(text & {"cannot"})
    assert told > 25
    assert scanned > 600


def test_what_sentences_are_made_of_holds_nothing_of_others(explained):
    scanned = 0
    for site, needs, explanation, owner in _each(explained):
        eyes = Eyes(site, owner)
        known = [*_visible(explanation, eyes), *eyes.seen(needs)]
        secret = _in_json([one for one in needs if not eyes.sees(one)]) - _in_json(known)
        cut = seen_by(explanation, site, owner)
        found = _in_json(cut) & {one for one in secret if len(one) > 2}
        assert not found, (owner, found)
        scanned += len(secret)
        assert all(not one.burdens and not one.standing for one in cut.conflicts)
    assert scanned > 600


def test_others_are_counted(explained):
    counted = 0
    for site, _, explanation, owner in _each(explained):
        eyes, said = Eyes(site, owner), words(explanation, site, owner)
        for conflict in [one for one in explanation.conflicts if eyes.concerns(one)]:
            needs = [need for member in conflict.members for need in member.needs]
            hidden = len(needs) - len(eyes.seen(needs))
            numbers = [
                sum(int(n) for n in re.findall(r"(\d+) \S+ needs? of others", one)) for one in said
            ]
            assert hidden in (0, *numbers)
            counted += bool(hidden)
    assert counted > 25


def test_who_is_in_no_conflict_is_told_so(explained):
    idle = 0
    for site, _, explanation, owner in _each(explained):
        if explanation.conflicts and not seen_by(explanation, site, owner).conflicts:
            assert words(explanation, site, owner)[0] == NOT_YOURS
            idle += 1
    assert idle > 8


def test_operators_see_all(explained):
    for site, _, explanation in explained:
        assert seen_by(explanation, site, "dso") is explanation
        said = " ".join(words(explanation, site, "dso"))
        for conflict in explanation.conflicts:
            names = [need.id for one in conflict.members for need in one.needs]
            assert all(name in said for name in names)
        assert "private" not in said
