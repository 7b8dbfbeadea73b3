"""What validators earn in the utility token: a period's budget, shared exactly.

The rule is stated in the network's configuration: the same for each validator, or in proportion
to the blocks that it proposed in the period (largest remainders, ties to the first by name).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from gridpact.base.rounding import largest_remainder
from gridpact.ledger.evm.network.plan import BLOCKS, Network
from gridpact.ledger.evm.node import NodeTrouble
from gridpact.ledger.evm.rpc import Web3Node
from gridpact.ledger.kinds.money import TokensTransferred


def shares(network: Network, blocks: Mapping[bytes, int]) -> dict[str, int]:
    """Share the network's budget among its validators, by name; they sum to the budget.

    ``blocks`` counts the blocks that each address proposed. Where none was proposed by any of
    them, nobody gets anything.
    """
    if network.rewards is None:
        return {}
    ordered = sorted(network.validators, key=lambda each: each.name)
    by_blocks = network.rewards.rule == BLOCKS
    weights = [blocks.get(each.address, 0) if by_blocks else 1 for each in ordered]
    total = np.array([network.rewards.budget], np.int64)
    shared = largest_remainder(total, np.array(weights, np.int64)[:, None])[:, 0]
    return {each.name: int(units) for each, units in zip(ordered, shared, strict=True)}


def reward_entries(network: Network, blocks: Mapping[bytes, int]) -> list[TokensTransferred]:
    """Make the entries that pay a period's rewards; who pays gets none of its own."""
    if network.rewards is None:
        return []
    token, payer = network.rewards.token, network.rewards.payer
    owners = {each.name: each.participant for each in network.validators}
    units: Counter[str] = Counter()
    for name, share in shares(network, blocks).items():
        units[owners[name]] += share
    return [
        TokensTransferred(token=token, sender=payer, receiver=owner, units=share)
        for owner, share in sorted(units.items())
        if share and owner != payer
    ]


def proposed(node: Web3Node, first: int, last: int) -> Counter[bytes]:
    """Count who proposed the blocks ``first`` to ``last``, by what their headers name."""
    if first < 1 or last < first or last > node.final():
        raise NodeTrouble(
            f"node {node.place}: blocks {first} to {last} are not all final; name others"
        )
    return Counter(node.proposer(number) for number in range(first, last + 1))
