import os
from pathlib import Path

import numpy as np
import pytest

from gridpact.base.slots import Calendar, Slots
from gridpact.simulation.windows import DAY_S


@pytest.fixture(scope="session")
def berlin():
    return Calendar("Europe/Berlin", 900)


@pytest.fixture(scope="session")
def shared_data():
    """Folder of measured series for development; not part of the project."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("GRIDPACT_DATA", beside))
    if not (folder / "homes_sgsc_30min.parquet").exists():
        pytest.skip(f"no measured series in {folder}; set GRIDPACT_DATA")
    return folder


@pytest.fixture(scope="session")
def same_in_every_window():
    """Check that a window gives what a longer run gives there, at any step.

    ``generate(slots)`` returns [..., slots.count]; ``adds_up`` says whether values of short
    slots add up to those of long ones.
    """

    def check(generate, first_day, days, adds_up=True):
        start = first_day * DAY_S
        whole = generate(Slots(start, 900, 96 * days))
        for day in range(days):
            alone = generate(Slots(start + day * DAY_S, 900, 96))
            np.testing.assert_array_equal(alone, whole[..., day * 96 : (day + 1) * 96])
        inside = Slots(start + 7 * 900, 900, 96 * days - 20)
        np.testing.assert_array_equal(generate(inside), whole[..., 7 : 96 * days - 13])
        if not adds_up:
            return
        for step in (300, 1800, 3600, 21600):
            other = generate(Slots(start, step, DAY_S * days // step))
            coarse, fine = (other, whole) if step > 900 else (whole, other)
            ratio = max(step, 900) // min(step, 900)
            parts = fine.reshape(*coarse.shape, ratio)
            np.testing.assert_array_equal(parts.sum(axis=-1), coarse)

    return check
