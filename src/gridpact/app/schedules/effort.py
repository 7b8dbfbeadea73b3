"""How a solve works: over how many processes, for how long, and who can stop it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import get_context
from time import monotonic

import msgspec

from gridpact.app.interrupts import interruptible
from gridpact.scheduling.fleet.options import Options

TASKS_PER_PROCESS = 2
"""Tasks a round is cut into for each process, so that none waits long for the slowest."""


class Stop:
    """When a solve is to stop after its round: a person asks, or its time is over.

    ``asked`` is set by the first ctrl-C; ``limit_s`` counts from when the solve begins.
    """

    def __init__(self, limit_s: float | None = None) -> None:
        self.asked = False
        self.limit_s = limit_s
        self._begun: float | None = None

    def begin(self) -> None:
        """Begin to count the time."""
        self._begun = monotonic()

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        if self.limit_s is None or self._begun is None:
            return False
        return monotonic() - self._begun >= self.limit_s

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.asked or self.over


@contextmanager
def working(options: Options, jobs: int, stop: Stop) -> Iterator[Options]:
    """Give options with which a solve works over so many processes, until ``stop`` says so.

    The answer is the same bit for bit over any number of processes.
    """
    with ExitStack() as stack:
        if jobs > 1:
            executor = stack.enter_context(_processes(jobs))
            tasks = max(options.tasks, TASKS_PER_PROCESS * jobs)
            options = msgspec.structs.replace(options, executor=executor, tasks=tasks)
        stack.enter_context(interruptible(stop))
        stop.begin()
        yield msgspec.structs.replace(options, cancelled=stop)


def _processes(jobs: int) -> ProcessPoolExecutor:
    """Start processes that leave ctrl-C to this one, and share nothing that threads hold here."""
    deaf = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=deaf)
