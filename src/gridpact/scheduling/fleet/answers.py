"""Ask all oracles for their best answers, in this process or spread over an executor."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats
from gridpact.scheduling.fleet.groups import Block, Groups
from gridpact.scheduling.fleet.oracles import Answers, Oracle


class Answered(msgspec.Struct, frozen=True):
    """Answers of the groups that were asked [groups]; zero for the others.

    ``value`` is the least cost at the prices given, less what the answer may be above it [¤].
    """

    asked: Bools
    energy: Floats
    own_cost: Floats
    value: Floats


def ask(
    groups: Groups, blocks: tuple[Block, ...], prices: Floats, spread: tuple[Executor | None, int]
) -> Answered:
    """Ask these blocks at prices [groups, slots]; ``spread`` is the executor and its tasks."""
    executor, tasks = spread
    asked = np.zeros(len(groups.cell), np.bool_)
    answers: Iterator[Answers]
    energy, own, value = np.zeros(prices.shape), np.zeros(len(asked)), np.zeros(len(asked))
    if executor is None:
        places = [block.place for block in blocks]
        answers = (_best(block.oracle, prices[block.place]) for block in blocks)
    else:
        parts = [(block, cut) for block in blocks for cut in _cuts(block, tasks)]
        places = [block.place[cut] for block, cut in parts]
        oracles = [block.oracle.part(cut) for block, cut in parts]
        answers = executor.map(_best, oracles, [prices[place] for place in places])
    for place, answer in zip(places, answers, strict=True):
        asked[place], energy[place], own[place] = True, answer.energy, answer.own_cost
        paid = np.einsum("gt,gt->g", prices[place], answer.energy)
        value[place] = answer.own_cost + paid - answer.slack
    return Answered(asked, energy, own, value)


def _best(oracle: Oracle, prices: Floats) -> Answers:
    return oracle.best(prices)


def _cuts(block: Block, tasks: int) -> Iterator[slice]:
    """Cut a block's groups into tasks of about as many assets each."""
    first = block.layout.first
    wanted = first[-1] * np.arange(1, tasks) / tasks
    ends = np.unique(np.concatenate([[0], np.searchsorted(first, wanted), [len(first) - 1]]))
    for begin, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        yield slice(begin, end)
