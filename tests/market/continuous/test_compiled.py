"""The compiled kernel: its cache, and where there can be none."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest

from gridpact.market.clearing.continuous import compiled as module
from gridpact.market.clearing.continuous import kernel
from gridpact.market.clearing.continuous.engine import run
from gridpact.market.clearing.continuous.events import NEVER, Books, Event, columns

SCRIPT = """
import sys
from gridpact.market.clearing.continuous.engine import run
from gridpact.market.clearing.continuous.events import NEVER, Books, Event, columns
import numpy as np
assert "numba" not in sys.modules
events = columns([Event(1, 1, 0, 0, 0, -1, 5, 1), Event(1, 2, 0, 0, 1, 1, 3, 2)])
results = run(events, Books(np.array([NEVER]), np.ones(2, np.bool_), 0, 9))
from gridpact.market.clearing.continuous.compiled import compiled
stats = compiled().play.stats
print(results.fills.quantity_wh.tolist(), sum(stats.cache_hits.values()))
"""


def test_a_second_process_finds_the_compiled_code(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-W", "error", "-c", SCRIPT]
    told = [
        subprocess.run(command, env=environment, capture_output=True, text=True) for _ in range(2)
    ]
    assert [done.stdout.split() for done in told] == [["[3]", "0"], ["[3]", "1"]], told[0].stderr


def test_without_a_folder_to_write_to_it_is_compiled_all_the_same(monkeypatch):
    refused = []
    njit = numba.njit

    def nowhere(*functions, cache=False, **options):
        if cache:
            refused.append(options)
            return refuse
        return njit(*functions, **options)  # numba decorates parts of its own late

    def refuse(function):
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(numba, "njit", nowhere)
    module.compiled.cache_clear()
    try:
        events = columns([Event(1, 1, 0, 0, 0, -1, 5, 1), Event(1, 2, 0, 0, 1, 1, 3, 2)])
        results = run(events, Books(np.array([NEVER]), np.ones(2, np.bool_), 0, 9))
    finally:
        module.compiled.cache_clear()
    assert results.fills.quantity_wh.tolist() == [3]
    assert len(refused) == len(kernel.PARTS)


@pytest.mark.parametrize("place", range(63))
def test_the_lowest_bit_is_found(place):
    """In plain Python; the sign bit, which only wraps in machine code, by the deep books."""
    word = (1 << place) | (1 << 62)
    found = kernel._PLACE[((((word & -word) * kernel._DE_BRUIJN) % 2**64) >> 58)]
    assert found == min(place, 62)
    assert sorted(kernel._PLACE.tolist()) == list(range(64))
