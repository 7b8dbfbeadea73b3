"""How acts on a chain are signed: EIP-712 digests, compact secp256k1 signatures.

A ledger's genesis hash is the domain separator of its front contract, so an act signed for one
contract on one chain is none elsewhere. Signers vouch for the entries (by the digest over their
leaves) and for what contracts reckon with (by the hash of their words).

Sources: EIP-712 (R. Bloemen and others, 2017); EIP-2098, compact signatures (R. Moore, N. Johnson,
2019): r, then s whose highest bit is the parity of the point; only the lower s counts (EIP-2).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from gridpact.agreements.addresses import ORDER, signer
from gridpact.agreements.keys import WalletKey
from gridpact.contracts.canonical import keccak256
from gridpact.ledger.acts import Claim, Scheme, with_signature
from gridpact.ledger.evm.accounts import Account
from gridpact.ledger.evm.typed import Domain, compact, digest, words
from gridpact.ledger.evm.words import id_of, operations_hash
from gridpact.ledger.keys import PublicKey, derived_secret
from gridpact.ledger.kinds.fields import Kind
from gridpact.ledger.kinds.founding import Act, AuthorityAdded, LedgerFounded
from gridpact.ledger.kinds.participants import KeyBound

ADDRESS_BYTES = 20
SIGNATURE_BYTES = 64
_PADDING = bytes(12)
_PARITY = 1 << 255
_ACT = keccak256(
    b"Act(bytes32 signers,uint64 sequence,int64 at,bytes32 why,bytes32 digest,bytes32 operations)"
)
_GOVERN = keccak256(b"Govern(uint256 nonce,uint8 action,uint256 room,address successor)")


def genesis_of(chain: int, contract: bytes) -> bytes:
    """Domain separator of a front contract [20 bytes] on a chain: the ledger's genesis hash."""
    return Domain("gridpact ledger", chain, contract).separator


def act_message(ledger: bytes, act: Act, entries: Sequence[Kind]) -> bytes:
    """Return the digest [32 bytes] that every signer of an act over these entries signs."""
    signers = keccak256(b"".join(map(id_of, act.by)))
    struct = words(signers, act.sequence, act.at, id_of(act.why), act.digest)
    return digest(ledger, keccak256(_ACT + struct + operations_hash(entries)))


def governing_message(
    ledger: bytes, nonce: int, action: int, room: int, successor: bytes = bytes(ADDRESS_BYTES)
) -> bytes:
    """Return the digest that a quorum signs to pause, resume or replace a room."""
    return digest(ledger, keccak256(_GOVERN + words(nonce, action, room, successor)))


def padded(address: bytes) -> bytes:
    """Write an address [20 bytes] as entries hold a key [32 bytes]."""
    return _PADDING + address


def address_in(key: bytes) -> bytes:
    """Return the address in a key of a ledger on a chain; ValueError where it is none."""
    if not is_padded(key):
        raise ValueError("a key on a chain is 12 zero bytes and an address")
    return key[len(_PADDING) :]


def is_padded(key: bytes) -> bool:
    """Tell whether a key of an entry [32 bytes] is an address, and not the empty one."""
    return key.startswith(_PADDING) and any(key)


def keys_in(entry: Kind) -> tuple[tuple[str, bytes], ...]:
    """Return the keys that an entry brings, each with its field."""
    if isinstance(entry, LedgerFounded):
        return tuple((f"authorities[{row}]", key) for row, (_, key) in enumerate(entry.authorities))
    return (("key", entry.key),) if isinstance(entry, AuthorityAdded | KeyBound) else ()


def recovered(message: bytes, signature: bytes) -> bytes | None:
    """Return the address that made a compact signature of a digest, None where none did."""
    if len(signature) != SIGNATURE_BYTES:
        return None
    tail = int.from_bytes(signature[32:], "big")
    s, parity = tail & (_PARITY - 1), tail >> 255
    if not 0 < s <= ORDER // 2:
        return None
    return signer(message, signature[:32] + words(s) + bytes([27 + parity]))


def holds(claim: Claim) -> bool:
    """Tell whether a compact signature is of the address in its key."""
    return is_padded(claim.key) and recovered(claim.message, claim.signature) == claim.key[12:]


def all_hold(claims: Sequence[Claim]) -> list[bool]:
    """Tell of each signature whether it is of its key."""
    return list(map(holds, claims))


SCHEME = Scheme(act_message, all_hold)


class ChainKey:
    """A secp256k1 key that signs acts and transactions on a chain."""

    def __init__(self, entropy: bytes) -> None:
        """Make the key of 32 secret bytes; the caller draws them from the system's generator."""
        self.wallet = WalletKey(entropy)
        self.address = self.wallet.address
        self.public = PublicKey(padded(self.address))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key file that a wallet's key was saved in."""
        made = cls.__new__(cls)
        made.wallet = WalletKey.load(path)
        made.address = made.wallet.address
        made.public = PublicKey(padded(made.address))
        return made

    def account(self) -> Account:
        """Return the account on the chain that is this key's."""
        return Account(self.wallet.secret())

    def sign(self, message: bytes) -> bytes:
        """Sign a digest [32 bytes]: a compact signature [64 bytes]."""
        return b"".join(compact(self.wallet.sign(message)))


def demonstration_key(seed: int, name: str = "authority") -> ChainKey:
    """Key of a simulated run; whoever knows the seed can sign."""
    return ChainKey(derived_secret(seed, "chain key", name))


def signed(act: Act, ledger: bytes, name: str, key: ChainKey, entries: Sequence[Kind]) -> Act:
    """Add the signature of one signer; ValueError where the act does not name them."""
    return with_signature(act, name, key.sign(act_message(ledger, act, entries)))
