from collections.abc import Sequence

import pytest

from gridpact.base.errors import Fault
from gridpact.ledger.acts import drafted, signed
from gridpact.ledger.entries import canonical
from gridpact.ledger.keys import AuthorityKey, demonstration_key
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.merkle import leaf_hash
from gridpact.ledger.state.admission import Admission, Offered

LEDGER = bytes(range(32))
AUTHORITIES = ("auth-a", "auth-b", "auth-c")


def key_of(name: str) -> AuthorityKey:
    return demonstration_key(11, name)


class Desk:
    """Drafts, signs and hands in acts; keeps what was taken."""

    ledger, authorities = LEDGER, AUTHORITIES
    key_of = staticmethod(key_of)

    def __init__(self, quorum: int = 2, skew_s: int = 300) -> None:
        self.admission = Admission(LEDGER)
        self.now = 1_000_000
        self.taken: list[Offered] = []
        names = tuple((name, key_of(name).public.raw) for name in AUTHORITIES)
        assert self.hand_in(LedgerFounded(names, quorum, skew_s)) == ()

    @property
    def state(self):
        return self.admission.state

    def act(self, by: str | Sequence[str], *entries, at=None, sequence=None, keys=None):
        """Return a signed act with the entries that it covers."""
        names = (by,) if isinstance(by, str) else tuple(by)
        due = self.state.sequences.at(names[0], 0) + 1
        act = drafted(
            names,
            entries,
            sequence=due if sequence is None else sequence,
            at=self.now if at is None else at,
            why="as decided",
        )
        for name in names:
            act = signed(act, LEDGER, name, (keys or {}).get(name) or key_of(name))
        return (act, *entries)

    def hand_in(self, *entries, at=None, sealer="auth-a") -> tuple[Fault, ...]:
        leaves = [leaf_hash(canonical(entry)) for entry in entries]
        block = Offered(entries, leaves, at or self.now, key_of(sealer).public.raw)
        found = self.admission.take(block)
        if not found:
            self.taken.append(block)
        return found

    def do(self, by: str | Sequence[str], *entries, **how) -> tuple[Fault, ...]:
        """Hand in one act."""
        return self.hand_in(*self.act(by, *entries, **how))

    def join(self, name: str, *roles: str) -> None:
        """Admit a participant with roles and a key."""
        admitted = [ParticipantAuthorised(name, role) for role in roles]
        found = self.do("auth-a", *admitted, KeyBound(name, key_of(name).public.raw))
        assert found == ()


@pytest.fixture(scope="session")
def desks():
    """Make desks: the class."""
    return Desk


@pytest.fixture
def desk():
    found = Desk()
    found.join("lane", "operator")
    found.join("ada", "prosumer")
    found.join("bob", "prosumer")
    return found
