"""A device that follows a diary by itself, and diaries written by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.scheduling.diaries.instructions import Instructions, Standing, Verb

START = 1_776_895_200  # 2026-04-22T22:00Z


def slots_of(count, step=900):
    return Slots(START, step, count)


def instructions_of(entries):
    """Instructions from (asset, seconds after START, verb, target)."""
    rows = sorted(entries)
    columns = np.array([(row, START + at, verb, w) for row, at, verb, w in rows], np.int64)
    columns = columns.reshape(-1, 4)
    return Instructions(columns[:, 0], columns[:, 1], columns[:, 2].astype(np.int8), columns[:, 3])


def followed(instructions, power_before, instants):
    """Power at some instants of a device that is told one entry after the other."""
    entries = zip(
        instructions.at_s.tolist(),
        instructions.verb.tolist(),
        instructions.target_w.tolist(),
        strict=True,
    )
    told, power, found = list(entries), power_before, []
    for instant in instants:
        while told and told[0][0] <= instant:
            _, verb, target = told.pop(0)
            if verb in (Verb.STOP_CHARGE, Verb.STOP_SUPPLY):
                power = 0
            elif verb == Verb.START_CHARGE:
                power = target
            elif verb == Verb.SUPPLY:
                power = -target
            elif power:
                power = target if power > 0 else -target
        found.append(power)
    return found


@pytest.fixture(scope="session")
def made():
    return SimpleNamespace(
        start=START,
        slots=slots_of,
        instructions=instructions_of,
        followed=followed,
        rest=Standing.at_rest,
    )
