"""What is away, or too late for the window that has begun, is told as a need is stated."""

import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.scheduling.standing.absence import absence_notes
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.state import InForce

AWAY = "car-0 is away from 2026-06-15 07:30 until 2026-06-15 17:30 by its owner's word"


@pytest.fixture
def told(community, say, clock):
    """Notes on a sentence of the home whose car is away from 07:30 until 17:30."""
    there = np.ones((3, 96), np.bool_)
    there[1, 30:70] = False
    plan = InForce(Slots(clock.at(0), 900, 96), None, there)

    def notes(words, now, plans=(plan,)):
        need = say(words, now=now)
        return [*absence_notes(Places(community), need, plans, now)]

    return notes


@pytest.mark.parametrize(
    ("words", "hour", "says"),
    [
        (
            "car charge at 2 kW from 10:00 until 10:30",
            5,
            "is away from 2026-06-15 10:00 until",
        ),
        ("car charge at 2 kW from 07:00 until 18:00", 5, AWAY),
        ("car charge at 2 kW from 18:00 until 19:00", 5, None),
        ("battery charge at 2 kW from 10:00 until 10:30", 5, None),
        (
            "car takes >= 5 kWh 09:00-16:00",
            5,
            "until 2026-06-15 16:00, nothing can still be taken of the 5 kWh, as car-0 is away:",
        ),
        ("car takes >= 20 kWh 22:00-06:00", 5, "06:00, at most 8 kWh can still be taken of the 20"),
        ("car takes >= 20 kWh 22:00-06:00", 3, None),
        ("car takes >= 20 kWh 22:00-06:00", 7, None),
        ("car takes <= 20 kWh 22:00-06:00", 5, None),
        ("battery gives >= 7 kWh 02:00-06:00", 3, "at most 6 kWh can still be given of the 7 kWh:"),
        ("battery gives >= 1 kW 09:00-10:00", 5, None),
        ("car takes >= 1 kWh 07:00-08:00", 5, None),
        ("car takes >= 5 kWh 07:00-08:00", 5, "at most 4 kWh can still be taken of the 5 kWh, as"),
    ],
)
def test_what_cannot_be_done_of_the_first_window_is_told(words, hour, says, told, clock):
    found = told(words, clock.at(hour))
    assert len(found) == (says is not None)
    assert all(says in note for note in found)


def test_without_a_plan_nobody_is_known_to_be_away(told, clock):
    assert told("car charge at 2 kW from 10:00 until 10:30", clock.at(5), ()) == []
