"""What is accepted beside what stands is told with what counts, and only where the two meet."""

import numpy as np
import pytest

from gridpact.scheduling.diaries.holds import Hold, Holds
from gridpact.scheduling.messages import NeedStated, StateNeed
from gridpact.scheduling.needs.model import Group, PowerCap
from gridpact.scheduling.needs.times import Window
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.standing import desk, precedence
from gridpact.scheduling.standing.places import Places


@pytest.fixture
def notes(places, say, clock):
    """What the answer to a sentence says beside needs that others stated before."""

    def told(words, owner="m000", before=(), decided=None):
        book = clock.empty
        for who, sentence in before:
            book, answer = desk.take(
                places, book, StateNeed(by=who, need=say(sentence, who)), clock.at(0)
            )
            assert isinstance(answer, NeedStated), answer
        need = say(words, owner)
        _, answer = desk.take(
            places, book, StateNeed(by=owner, need=need), clock.at(0), desk.Seen(decided)
        )
        assert isinstance(answer, NeedStated), answer
        return answer.notes

    return told


WHOLE = "zone street <= 6 kW 18:00-20:00, grid"
CAP = "zone lane <= 2 kW 18:00-20:00, grid"


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (CAP, "zone lane <= 1 kW 19:00-21:00, grid", "need-1 of dso caps it at 2 kW"),
        (CAP, "zone lane <= 1 kW 19:00-21:00, grid", "the lower counts, this one"),
        (CAP, "zone lane <= 3 kW all day, grid", "the lower counts, need-1"),
        (CAP, "zone lane <= 2 kW 18:30-18:45, grid", "both say the same"),
        (CAP, "zone lane <= 3 kW 20:00-21:00, grid", None),
        (CAP, "zone lane gives <= 1 kW 18:00-20:00, grid", None),
        (CAP, "zone street <= 1 kW 18:00-20:00, grid", None),
        (CAP + "", "zone lane <= 1 kW 18:00-20:00 on 20 June, grid", "the lower counts"),
    ],
)
def test_of_two_caps_on_a_zone_the_lower_counts(notes, first, second, says):
    told = " ".join(notes(second, "authority", [("dso", first)]))
    assert says in told if says else told == ""


def test_a_zones_own_limit_counts_where_it_is_lower(notes):
    (told,) = notes("zone street <= 9 kW all day, grid", "dso")
    assert told == "the limit of street itself, 8 kW, is lower and counts"
    assert notes("zone street <= 8 kW all day, grid", "dso") == ()
    (told,) = notes("zone lane gives <= 4 kW all day, grid", "dso")
    assert "itself, 3 kW" in told


def test_limits_of_several_zones_count_where_they_leave_less_than_a_cap_on_all(notes):
    # the lane is in the street, whose 8 kW are all that the two may take together
    (told,) = notes("zone street,lane <= 9 kW all day, grid", "dso")
    assert told == "the limit of street itself, 8 kW, is lower and counts"
    assert notes("zone street,lane gives <= 9 kW all day, grid", "dso") == ()
    (told,) = notes("zone street,lane <= 7 kW all day, grid", "dso", [("authority", WHOLE)])
    assert told.startswith("need-1 of authority caps it at 6 kW at times, too: the lower counts")


@pytest.mark.parametrize(
    ("most_w", "own_w", "says"),
    [
        (
            6000,
            (2000, 3000),
            ("the limits of zone-000, zone-001 themselves, 5 kW in all, are lower",),
        ),
        (5000, (2000, 3000), ()),
        (6000, (2000, -1), ()),
    ],
)
def test_own_limits_of_zones_side_by_side_add_up(small_community, most_w, own_w, says):
    places = Places(small_community(2, zones=[(-1, own, -1) for own in own_w]))
    subject = Group("zone", places.community.zones.ids)
    cap = PowerCap(
        owner="dso", level=Level.GRID, subject=subject, window=Window(0, 86_400), most_w=most_w
    )
    told = precedence.notes(places, cap, (), None, 0)
    assert [one.removesuffix(" and count") for one in told] == list(says)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("car >= 80% by 12:00", "car away 08:00-17:00", True),
        ("car >= 80% by 17:00", "car away 08:00-17:00", True),
        ("car >= 80% by 08:00", "car away 08:00-17:00", False),
        ("car >= 80% by 12:00 on Sun", "car away 08:00-17:00 on weekdays", False),
        ("car >= 80% by 12:00 on 26 August", "car quiet 08:00-17:00 on Wed", True),
        ("car <= 80% at 12:00", "car away 08:00-17:00", False),
        ("car >= 80% by 12:00", "battery unavailable 08:00-17:00", False),
        ("car >= 80% by 12:00", "car off until 16:00", True),
        ("car >= 80% by 18:00", "car off until 16:00", False),
        ("car >= 80% by 12:00", "car stop from 13:00 until 16:00", False),
        ("washer 1 h 09:00-17:00", "washer off until 12:00", True),
    ],
)
def test_what_closes_an_asset_comes_first_whichever_is_stated_first(notes, one, other, meet):
    after, before = notes(one, before=[("m000", other)]), notes(other, before=[("m000", one)])
    assert bool(after) == bool(before) == meet
    if meet:
        assert "need-1" in after[0]
        assert "comes first" in after[0]
        assert "it comes before need-1" in before[0]


def test_what_is_asked_of_an_asset_that_is_off_says_so(notes, places, clock):
    car, washer = places.storage["car-0"], len(places.storage) + places.runs["washer-0"]
    held = Holds.of(
        np.array(
            [
                (car, clock.at(0), clock.at(9), Hold.OFF, 0),
                (washer, clock.at(0), clock.at(12), Hold.OFF, 0),
                (places.storage["battery-0"], clock.at(0), clock.at(12), Hold.PLAIN, 0),
            ]
        )
    )
    (told,) = notes("car >= 80% by 07:30", decided=held)
    assert told == "car-0 is off until 2026-06-15 09:00, which comes first: no plan uses it before"
    assert (
        "washer-0 is off until 2026-06-15 12:00" in notes("washer 1 h 10:00-15:00", decided=held)[0]
    )
    assert notes("car >= 80% by 10:00", decided=held) == ()
    assert notes("battery >= 80% by 07:30", decided=held) == ()


def test_an_intervention_that_ends_on_another_day_says_so(notes):
    (told,) = notes("car stop from 18:00 until 16:00")
    assert told == "it ends on 2026-06-16 16:00, not on the day it begins"
    assert notes("car stop until 16:00") == ()
    assert notes("car stop until 00:00") == ()
