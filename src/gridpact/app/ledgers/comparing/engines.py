"""Where the month's work is put: each kind of ledger behind the same few questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from gridpact.app.ledgers.hands import Hand
from gridpact.ledger.acts import signed
from gridpact.ledger.entries import Entry
from gridpact.ledger.keys import AuthorityKey, demonstration_key
from gridpact.ledger.kinds.founding import Act
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.port import Ledger

Kind: TypeAlias = Literal["file", "database", "node", "validators"]


class Engine(Hand, Protocol):
    """A kind of ledger with people's keys on it; made empty, measured, and closed."""

    @property
    def name(self) -> str:
        """What it is, in a few words."""
        ...

    @property
    def kind(self) -> Kind:
        """What sort of ledger it is, which decides whom one must trust."""
        ...

    @property
    def validators(self) -> int:
        """How many machines agree on each block; 0 where one keeps a log."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The ledger, whose blocks the first authority seals."""
        ...

    def stored_bytes(self) -> int | None:
        """Bytes on disk by now, of all machines; None where they cannot be looked at."""
        ...

    def gas(self) -> int | None:
        """Gas used by now; None where there is none."""
        ...

    def processes(self) -> Sequence[int]:
        """Processes that work for it besides this one."""
        ...

    def close(self) -> None:
        """Let it go, with all that runs for it."""
        ...


@dataclass
class LocalEngine:
    """The local log, on SQLite or PostgreSQL, its keys drawn from a seed."""

    name: str
    kind: Kind
    address: Path | str
    seed: int = 0
    size: Callable[[], int | None] = lambda: None
    others: Sequence[int] = ()
    validators: int = 0

    def __post_init__(self) -> None:
        """Open the ledger."""
        key = self._key("auth-a")
        self.ledger: LocalLedger = LocalLedger(self.address, key, name="compared")

    def _key(self, name: str) -> AuthorityKey:
        return demonstration_key(self.seed, name)

    def key_of(self, name: str) -> bytes:
        """Public key of somebody."""
        return self._key(name).public.raw

    def signed(self, act: Act, entries: Sequence[Entry]) -> Act:
        """Let all sign who are named."""
        for name in act.by:
            act = signed(act, self.ledger.genesis, name, self._key(name))
        return act

    def stored_bytes(self) -> int | None:
        """Bytes of the database."""
        return self.size()

    def gas(self) -> int | None:
        """None: nothing is paid for."""
        return None

    def processes(self) -> Sequence[int]:
        """Processes of the database, where it runs on this machine."""
        return self.others

    def close(self) -> None:
        """Close the database."""
        self.ledger.close()


def sqlite_engine(folder: Path, seed: int) -> LocalEngine:
    """Make a local log in a file of a folder."""
    path = folder / "compared.db"

    def size() -> int:
        return sum(each.stat().st_size for each in folder.glob("compared.db*"))

    return LocalEngine("local log, SQLite", "file", path, seed, size)
