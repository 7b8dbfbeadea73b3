"""Signatures checked by many processes at once: what they find is what one would find.

Each signature is checked by itself. A batch equation would be faster, and takes some crafted
signatures that a check of each refuses, so that two auditors could differ.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import chain
from multiprocessing import get_context
from typing import TypeAlias

from gridpact.ledger.acts import Claim, all_held

Check: TypeAlias = Callable[[Sequence[Claim]], Sequence[bool]]
_AT_ONCE = 64
"""Signatures that one process takes at a time: some milliseconds of work."""


@contextmanager
def checking(jobs: int) -> Iterator[Check]:
    """Give what checks signatures in so many processes, this one among them."""
    if jobs <= 1:
        yield all_held
        return
    deaf = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)  # this process takes ctrl-C
    spawn = get_context("spawn")
    with ProcessPoolExecutor(jobs - 1, mp_context=spawn, initializer=deaf) as pool:
        yield partial(_shared, pool, jobs)


def _shared(pool: ProcessPoolExecutor, jobs: int, claims: Sequence[Claim]) -> Sequence[bool]:
    """Check every so-manieth part here, while the others are checked elsewhere."""
    parts = [claims[start : start + _AT_ONCE] for start in range(0, len(claims), _AT_ONCE)]
    try:
        sent = {
            place: pool.submit(all_held, part) for place, part in enumerate(parts) if place % jobs
        }
        own = {place: all_held(parts[place]) for place in range(0, len(parts), jobs)}
        found = [own[n] if n in own else sent[n].result() for n in range(len(parts))]
    except BrokenProcessPool:  # somebody ended a process: it is checked here
        return all_held(claims)
    return list(chain.from_iterable(found))
