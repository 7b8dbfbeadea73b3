"""Keys of accounts and nodes, and the plan of a test network on this machine."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from gridpact.agreements.keys import KEY_BYTES
from gridpact.ledger.evm.accounts import Account
from gridpact.ledger.evm.network.plan import PARTICIPANT, Network, Validator

HERE = "127.0.0.1"


def new_key() -> Account:
    """Make a key from the system's generator."""
    return Account(secrets.token_bytes(KEY_BYTES))


def local_network(
    count: int, chain: int, port: int, accounts: Sequence[bytes]
) -> tuple[Network, dict[str, Account]]:
    """Plan a network on this machine; JSON-RPC is at ``port`` and the ports after it."""
    keys = {f"node-{place + 1}": new_key() for place in range(count)}
    validators = tuple(
        Validator(name, PARTICIPANT, HERE, key.public, port + count + place, port + place)
        for place, (name, key) in enumerate(keys.items())
    )
    return Network("test", chain, validators, accounts=tuple(accounts)), keys
