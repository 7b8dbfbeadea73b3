"""Payouts under a root that attesters vouch for: what they sign, and what an account claims with.

The other side is ``Attested.vy``. Leaves are those of :mod:`gridpact.ledger.leaves`: kind, account
and period, and two numbers, the leaf's index and its units, salted with a secret of the account. So
a leaf tells nobody anything before its account shows it, and nothing after its salt is destroyed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.contracts.canonical import keccak256
from gridpact.ledger.evm.typed import Domain, digest, words
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.leaves import leaves, salt
from gridpact.ledger.merkle import Tree, leaf_hashes

NAME = "gridpact attested"
LONGEST_ACCOUNT, LONGEST_WHAT, MOST_UNITS = 64, 128, (1 << 63) - 1
MOST_LEAVES = (1 << 32) - 1
_ROOT = keccak256(
    b"Root(bytes32 subject,bytes32 what,bytes32 asset,uint32 count,uint64 total,bytes32 root)"
)
_DECIDE = keccak256(b"Decide(bytes32 id,bool void)")


class Root(NamedTuple):
    """What attesters vouch for, as ``attest`` takes it; ids are keccak-256 of names.

    ``what`` is the keccak-256 of kind and period as :func:`what` writes them.
    """

    subject: bytes
    what: bytes
    asset: bytes
    leaves: int
    total: int
    root: bytes

    @property
    def id(self) -> bytes:
        """Return the root's name in the contract: one for each subject, kind, period and asset."""
        return keccak256(self.subject + self.what + self.asset)

    def digest(self, domain: Domain) -> bytes:
        """Return what each attester signs."""
        return digest(domain.separator, keccak256(_ROOT + words(*self)))


class Leaf(NamedTuple):
    """One leaf opened, as ``dispute`` takes it: its place in the tree, the index that it states."""

    account: bytes
    place: int
    stated: int
    units: int
    salt: bytes
    path: tuple[bytes, ...]


def what(kind: str, period: str) -> bytes:
    """Write kind and period as they stand in a leaf: each behind its length in one byte."""
    return b"".join(bytes([len(text)]) + text.encode("ascii") for text in (kind, period))


def decision(domain: Domain, root: bytes, *, void: bool) -> bytes:
    """Return what each attester signs to void a root that was objected to, or let it stand."""
    return digest(domain.separator, keccak256(_DECIDE + words(root, int(void))))


class Payouts:
    """Units of an asset that a subject pays to accounts for a period, and their tree.

    Parameters
    ----------
    subject, kind, period, asset
        Who pays, such as the community's operator; for what; of when; in which token.
    units
        Units of each account, in the order of the leaves.
    secrets
        The secret of each account, which salts its leaf.

    Raises BadInput with every fault.
    """

    def __init__(
        self,
        named: tuple[str, str, str, str],
        units: Mapping[str, int],
        secrets: Mapping[str, bytes],
    ) -> None:
        self.subject, self.kind, self.period, self.asset = named
        self.accounts, self._units = tuple(units), tuple(units.values())
        if faults := list(self._faults(secrets)):
            raise BadInput(faults)
        rows = np.array(list(enumerate(self._units)), dtype=np.int64)
        self._salts = [salt(secrets[each], self.kind, each, self.period) for each in self.accounts]
        made = leaves(self.kind, self.period, self.accounts, secrets, rows)
        self.tree = Tree(leaf_hashes(made))

    def _faults(self, secrets: Mapping[str, bytes]) -> Iterator[Fault]:
        """Tell what the contract would not take."""
        where = f"{self.kind} of {self.period}"
        if not self.accounts or sum(self._units) > MOST_UNITS or len(self.accounts) > MOST_LEAVES:
            fix = f"pay somebody, at most {MOST_UNITS} units in all"
            yield Fault("payouts", 0, where, "nobody is paid, or too much", fix)
        if not where.isascii() or len(self.kind) + len(self.period) > LONGEST_WHAT - 2:
            fix = f"ASCII, at most {LONGEST_WHAT - 2} characters together"
            yield Fault("payouts", 0, where, "kind and period are too long", fix)
        for account, units in zip(self.accounts, self._units, strict=True):
            if not 0 < units <= MOST_UNITS:
                yield Fault("payouts", 0, account, f"is paid {units}", "pay whole units above 0")
            if not account.isascii() or not 0 < len(account) <= LONGEST_ACCOUNT:
                fix = f"ASCII, 1 to {LONGEST_ACCOUNT} characters"
                yield Fault("payouts", 0, account, "is no name of an account", fix)
            if account not in secrets:
                yield Fault("payouts", 0, account, "has no secret", "draw one, or leave it out")

    @cached_property
    def root(self) -> Root:
        """What attesters sign."""
        held = keccak256(what(self.kind, self.period))
        names = id_of(self.subject), held, id_of(self.asset)
        return Root(*names, len(self.accounts), sum(self._units), self.tree.root())

    def leaf(self, account: str) -> Leaf:
        """Open the leaf of one account; KeyError where it has none."""
        if account not in self.accounts:
            raise KeyError(account)
        index = self.accounts.index(account)
        path = self.tree.inclusion(index)
        units, salted = self._units[index], self._salts[index]
        return Leaf(account.encode("ascii"), index, index, units, salted, path)

    def claim(self, account: str) -> Sequence[object]:
        """Return the arguments of ``claim`` for one account; KeyError where it has none."""
        leaf = self.leaf(account)
        named = self.root.subject, what(self.kind, self.period), self.root.asset
        return (*named, leaf.account, leaf.stated, leaf.units, leaf.salt, leaf.path)
