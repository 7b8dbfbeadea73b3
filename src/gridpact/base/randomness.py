"""Random streams that depend on the run's seed and on a name, never on the order of calls."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *name: str | int) -> np.random.Generator:
    """Return the generator of a name, such as ``stream(7, "readings", "late", slot)``.

    The same seed and name give the same numbers on every machine, whatever else was drawn.
    """
    digest = hashlib.sha256("\x1f".join([str(seed), *map(str, name)]).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
