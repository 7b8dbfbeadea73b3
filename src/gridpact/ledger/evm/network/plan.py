"""What a network of validators is: whose nodes, where they are, and what they earn."""

from __future__ import annotations

import ipaddress

import msgspec

from gridpact.ledger.evm.rpc import need_web3

PARTICIPANT, THIRD_PARTY = KEEPERS = ("participant", "third party")
"""Who runs a validator: a participant its own, or a third party for it."""
EQUAL, BLOCKS = RULES = ("equal", "blocks")
"""How rewards are shared: the same for each validator, or by the blocks that it proposed."""
PUBLIC_BYTES = 64
FEWEST = 4
"""Validators that a network needs to go on without one of them."""
P2P, RPC = 30303, 8545


class Validator(msgspec.Struct, frozen=True):
    """A node that votes on blocks.

    ``public`` is its public key [64 bytes, uncompressed secp256k1]; the secret one stays with
    whoever keeps the node. ``host`` and ``port`` are where the others reach it, ``rpc`` is the
    port of its JSON-RPC. ``participant`` is who is rewarded for it on the ledger.
    """

    name: str
    keeper: str
    host: str
    public: bytes
    port: int = P2P
    rpc: int = RPC
    participant: str = ""

    @property
    def address(self) -> bytes:
        """The address that stands for it in votes and blocks [20 bytes]."""
        need_web3()
        from eth_keys.datatypes import PublicKey

        return PublicKey(self.public).to_canonical_address()


class Rewards(msgspec.Struct, frozen=True):
    """What validators get of the utility token ``token`` for a period, from ``payer``.

    ``budget`` is in the token's units; ``rule`` is one of ``RULES``.
    """

    token: str
    payer: str
    budget: int
    rule: str = EQUAL


class Network(msgspec.Struct, frozen=True):
    """A chain of authorities: its id, its validators, and the accounts that have fuel at first."""

    name: str
    chain: int
    validators: tuple[Validator, ...]
    block_s: int = 1
    accounts: tuple[bytes, ...] = ()
    rewards: Rewards | None = None

    @property
    def addresses(self) -> list[bytes]:
        """Addresses of the validators, in ascending order as genesis blocks list them."""
        return sorted(validator.address for validator in self.validators)

    @property
    def faulty(self) -> int:
        """How many validators may fail or lie with the network still going on, and right."""
        return (len(self.validators) - 1) // 3


def is_address(host: str) -> bool:
    """Tell an IP address from a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def authority(host: str, port: int) -> str:
    """Write host and port as URLs have them (RFC 3986): an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
