"""Which oracles answer so quickly that they are asked several times a round.

Each further answer is a column more for the masters, and spares rounds in which all are asked. How
long oracles take is told by their class, not by a clock: the same fleet is asked the same way
everywhere.
"""

from __future__ import annotations

from gridpact.scheduling.fleet.curtailable import CurtailableOracle
from gridpact.scheduling.fleet.groups import Block
from gridpact.scheduling.fleet.one_way import OneWayOracle
from gridpact.scheduling.fleet.oracles import Oracle
from gridpact.scheduling.fleet.run_programmes import RunOracle
from gridpact.scheduling.fleet.steady_storage import SteadyStorageOracle
from gridpact.scheduling.fleet.storage import StorageOracle

MICROSECONDS: dict[type, float] = {
    OneWayOracle: 0.1,
    CurtailableOracle: 0.1,
    RunOracle: 0.4,
    SteadyStorageOracle: 2.0,
    StorageOracle: 4.0,
}
"""What an asset's answer over a day of quarter-hours takes, about."""
OTHERS = 20.0
"""The same of all other classes."""
SHARE = 0.3
"""Most that the quick oracles may take together, as a part of what all take."""


def quick(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The quickest of these blocks, in their order; none where they are alike."""
    effort = {number: _effort(block) for number, block in enumerate(blocks)}
    left, chosen = SHARE * sum(effort.values()), set()
    for number in sorted(effort, key=lambda number: (_each(blocks[number].oracle), number)):
        left -= effort[number]
        if left < 0.0:
            break
        chosen.add(number)
    return tuple(block for number, block in enumerate(blocks) if number in chosen)


def _effort(block: Block) -> float:
    return _each(block.oracle) * len(block.layout.rows)


def _each(oracle: Oracle) -> float:
    return MICROSECONDS.get(type(oracle), OTHERS)
