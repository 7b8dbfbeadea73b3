"""What any ledger of authorities must do, whatever keeps it.

An adapter takes part by a class like :class:`Local`: it makes an empty ledger, takes blocks sealed
by one key or another, and tells its state.
"""

import itertools
from collections.abc import Sequence

import pytest

from gridpact.base.errors import Fault
from gridpact.ledger.acts import drafted, signed
from gridpact.ledger.entries import canonical, faults
from gridpact.ledger.keys import AuthorityKey, demonstration_key
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import leaf_hash
from gridpact.ledger.port import Refused
from gridpact.ledger.state.admission import Admission, Offered

AUTHORITIES = ("auth-a", "auth-b", "auth-c")


def key_of(name: str) -> AuthorityKey:
    return demonstration_key(11, name)


class Bare:
    """The rules alone, in memory."""

    genesis = bytes(range(32))

    def __init__(self) -> None:
        self.admission = Admission(self.genesis)

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
    on, quick = Bare, True

    def __init__(self, quorum: int = 2, skew_s: int = 300) -> None:
        self.ledger = self.on()
        self.now = 1_000_000
        self.taken: list[tuple] = []
        names = tuple((name, key_of(name).public.raw) for name in AUTHORITIES)
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
            act = signed(act, self.genesis, name, (keys or {}).get(name) or key_of(name))
        return (act, *entries)

    def hand_in(self, *entries, at=None, sealer="auth-a") -> tuple[Fault, ...]:
        when = at or self.now
        found = self.ledger.commit(entries, when, key_of(sealer))
        if not found:
            self.taken.append((entries, when, key_of(sealer)))
        return found

    def replayed(self):
        """The state of a ledger that begins anew and takes all that was taken here."""
        again = Bare()
        again.admission.ledger = self.genesis
        for entries, at, sealer in self.taken:
            assert again.commit(entries, at, sealer) == ()
        return again.state

    def do(self, by: str | Sequence[str], *entries, **how) -> tuple[Fault, ...]:
        """Hand in one act."""
        return self.hand_in(*self.act(by, *entries, **how))

    def join(self, name: str, *roles: str) -> None:
        """Admit a participant with roles and a key."""
        admitted = [ParticipantAuthorised(name, role) for role in roles]
        found = self.do("auth-a", *admitted, KeyBound(name, key_of(name).public.raw))
        assert found == ()


@pytest.fixture(params=["bare", "sqlite", "postgres"])
def desks(request, tmp_path):
    """Make desks over one kind of ledger: a class."""
    if request.param == "bare":
        yield Desk
        return
    files, made = itertools.count(), []

    def on(_):
        place = tmp_path / f"{next(files)}.db"
        if request.param == "postgres":
            place = request.getfixturevalue("postgres").address()
        made.append(Local(place))
        return made[-1]

    yield type("Desk", (Desk,), {"quick": False, "on": on})
    for each in made:
        each.close()


@pytest.fixture
def desk(desks):
    found = desks()
    found.join("lane", "operator")
    found.join("ada", "prosumer")
    found.join("bob", "prosumer")
    return found
