"""Validators join and retire by the votes of more than half of those there are.

A vote is put to the keeper's own node; it stands in the blocks that the node proposes.
"""

from __future__ import annotations

from typing import NamedTuple

from gridpact.ledger.evm.node import NodeTrouble
from gridpact.ledger.evm.rpc import Web3Node


class Methods(NamedTuple):
    """What a kind of node calls a vote, its end, and the list of validators."""

    vote: str
    withdraw: str
    validators: str


BY_ENGINE = {
    "besu": Methods(
        "qbft_proposeValidatorVote",
        "qbft_discardValidatorVote",
        "qbft_getValidatorsByBlockNumber",
    ),
    "clique": Methods("clique_propose", "clique_discard", "clique_getSigners"),
}
"""The test network's own votes go through Kaia's governance; see :func:`vote`."""
LOCAL = "local"
_ADD, _REMOVE = "governance.addvalidator", "governance.removevalidator"


def validators(node: Web3Node, engine: str) -> list[bytes]:
    """Return the addresses of those who vote on the next block, in ascending order."""
    method = "istanbul_getValidators" if engine == LOCAL else BY_ENGINE[engine].validators
    found = node.request(method, ["latest"])
    if not isinstance(found, list):
        raise NodeTrouble(f"node {node.place}: {method} gave no list of validators")
    return sorted(bytes.fromhex(str(each).removeprefix("0x")) for each in found)


def vote(node: Web3Node, engine: str, validator: bytes, *, joins: bool) -> None:
    """Put the keeper's vote to its node: that a validator joins, or that it retires."""
    address = f"0x{validator.hex()}"
    if engine == LOCAL:
        said = node.request("governance_vote", [_ADD if joins else _REMOVE, address])
        if not str(said).startswith("Your vote is prepared"):
            raise NodeTrouble(f"node {node.place}: {said}")
        return
    said = node.request(BY_ENGINE[engine].vote, [address, joins])
    if said is False:
        raise NodeTrouble(f"node {node.place}: it did not take the vote")
