"""What any ledger of authorities must do, whatever keeps it.

An adapter takes part by a class like :class:`Local`: it makes an empty ledger, takes blocks sealed
by one key or another, and tells its state.
"""

import itertools
from collections.abc import Sequence

import pytest

from gridpact.agreements.addresses import ORDER
from gridpact.base.errors import Fault
from gridpact.ledger.acts import ED25519, Scheme, drafted, with_signature
from gridpact.ledger.entries import canonical, faults
from gridpact.ledger.evm.signing import SCHEME
from gridpact.ledger.keys import AuthorityKey, demonstration_key
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import leaf_hash
from gridpact.ledger.port import Refused
from gridpact.ledger.state.admission import Admission, Offered

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493  # of Ed25519
AUTHORITIES = ("auth-a", "auth-b", "auth-c")


def key_of(name: str) -> AuthorityKey:
    return demonstration_key(11, name)


class Bare:
    """The rules alone, in memory."""

    genesis = bytes(range(32))

    def __init__(self, scheme: Scheme = ED25519) -> None:
        self.admission = Admission(self.genesis, scheme=scheme)

    @property
    def state(self):
        return self.admission.state

    def commit(self, entries, at, sealer) -> tuple[Fault, ...]:
        leaves = [leaf_hash(canonical(entry)) for entry in entries]
        offered = Offered(entries, leaves, at, sealer.public.raw)
        return faults(entries) or self.admission.take(offered)

    def size(self):
        return self.admission.state.size


class Local:
    """A local ledger; each authority seals with a connection of its own."""

    def __init__(self, place) -> None:
        self._place, self._open = place, {}
        self._keys = itertools.count()
        self._first = self._sealing(key_of("auth-a"))
        self.genesis = self._first.genesis

    def _sealing(self, sealer):
        if sealer.public not in self._open:
            founder = key_of("auth-a")
            self._open[sealer.public] = (
                LocalLedger(self._place, founder, name="lane")
                if sealer.public == founder.public
                else LocalLedger(self._place, founder.public, name="lane", sealer=sealer)
            )
        return self._open[sealer.public]

    @property
    def state(self):
        return self._first.state()

    def commit(self, entries, at, sealer) -> tuple[Fault, ...]:
        answer = self._sealing(sealer).commit(f"block/{next(self._keys)}", entries, at)
        return answer.faults if isinstance(answer, Refused) else ()

    def size(self):
        return self._first.verify().size

    def close(self):
        for each in self._open.values():
            each.close()


class Desk:
    """Drafts, signs and hands in acts; keeps what was taken."""

    authorities = AUTHORITIES
    key_of = staticmethod(key_of)
    on, scheme = Bare, ED25519
    examples = 60
    """How often the model is tried."""

    def __init__(self, quorum: int = 2, skew_s: int = 300) -> None:
        self.ledger = self.on()
        self.now = 1_000_000
        self.taken: list[tuple] = []
        names = tuple((name, self.key_of(name).public.raw) for name in AUTHORITIES)
        assert self.hand_in(LedgerFounded(names, quorum, skew_s)) == ()

    @property
    def genesis(self):
        return self.ledger.genesis

    @property
    def state(self):
        return self.ledger.state

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
            act = self.signed(act, entries, name, key=(keys or {}).get(name))
        return (act, *entries)

    def signed(self, act, entries, name, *, ledger=None, key=None):
        """Add a signature, by the signer's own key for this ledger unless told otherwise."""
        message = self.scheme.message(ledger or self.genesis, act, entries)
        return with_signature(act, name, (key or self.key_of(name)).sign(message))

    def other_form(self, signature: bytes) -> bytes:
        """The other form of a signature, which verifies where a library does not look.

        Of Ed25519, S and S + the group's order (RFC 8032, 5.1).
        """
        scalar = int.from_bytes(signature[32:], "little") + GROUP_ORDER
        return signature[:32] + scalar.to_bytes(32, "little")

    def hand_in(self, *entries, at=None, sealer="auth-a") -> tuple[Fault, ...]:
        when = at or self.now
        found = self.ledger.commit(entries, when, self.key_of(sealer))
        if not found:
            self.taken.append((entries, when, self.key_of(sealer)))
        return found

    def replayed(self):
        """The state of a ledger that begins anew and takes all that was taken here."""
        again = Bare(self.scheme)
        again.admission.ledger = self.genesis
        for entries, at, sealer in self.taken:
            assert again.commit(entries, at, sealer) == ()
        return again.state

    def do(self, by: str | Sequence[str], *entries, **how) -> tuple[Fault, ...]:
        """Hand in one act."""
        return self.hand_in(*self.act(by, *entries, **how))

    @classmethod
    def joined(cls) -> "Desk":
        """A desk where an operator and two prosumers have joined."""
        found = cls()
        found.join("lane", "operator")
        found.join("ada", "prosumer")
        found.join("bob", "prosumer")
        return found

    def join(self, name: str, *roles: str) -> None:
        """Admit a participant with roles and a key."""
        admitted = [ParticipantAuthorised(name, role) for role in roles]
        found = self.do("auth-a", *admitted, KeyBound(name, self.key_of(name).public.raw))
        assert found == ()


class ChainDesk(Desk):
    """A desk whose signers sign as on a chain; ``on`` and ``key_of`` come with the chain."""

    scheme, examples = SCHEME, 1
    lane, again = None, {}

    @classmethod
    def joined(cls):
        """As any other; from the second time on the chain is rewound to where they had joined."""
        if not cls.lane.has("joined"):
            found = super().joined()
            cls.lane.mark("joined")
            cls.again.update(now=found.now, taken=found.taken.copy())
            return found
        found = cls.__new__(cls)
        found.ledger, found.now = found.on("joined"), cls.again["now"]
        found.taken = cls.again["taken"].copy()
        return found

    def other_form(self, signature: bytes) -> bytes:
        """Of secp256k1, s and the group's order − s, where that fits beside the parity."""
        tail = int.from_bytes(signature[32:], "big")
        s, parity = tail % 2**255, tail >> 255
        return signature[:32] + ((ORDER - s) ^ ((1 - parity) << 255)).to_bytes(32, "big")


@pytest.fixture(params=["bare", "sqlite", "postgres", "evm"])
def desks(request, tmp_path):
    """Make desks over one kind of ledger: a class."""
    if request.param == "bare":
        yield Desk
        return
    files, made = itertools.count(), []
    if request.param == "evm":
        chains, lane = request.getfixturevalue("chains"), request.getfixturevalue("lane")

        def on_chain(_, begins="empty"):
            made.append(chains.Chain(lane, begins))
            return made[-1]

        own = {"on": on_chain, "key_of": staticmethod(chains.key_of), "lane": lane}
        yield type("Desk", (ChainDesk,), own)
        for each in made:
            each.close()
        return

    def on(_):
        place = tmp_path / f"{next(files)}.db"
        if request.param == "postgres":
            place = request.getfixturevalue("postgres").address()
        made.append(Local(place))
        return made[-1]

    yield type("Desk", (Desk,), {"examples": 6, "on": on})
    for each in made:
        each.close()


@pytest.fixture
def desk(desks):
    return desks.joined()
