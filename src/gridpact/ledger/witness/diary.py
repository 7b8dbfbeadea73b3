"""What a witness keeps of a ledger: every header seen, and the state after the last one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gridpact.base.errors import BadInput, Fault, LedgerDamaged, StoreError
from gridpact.base.files import write_whole
from gridpact.ledger.chain import Block, Walk
from gridpact.ledger.keys import PublicKey
from gridpact.ledger.port import Head
from gridpact.ledger.state.snapshot import frozen, thawed
from gridpact.ledger.witness.heads import Ledger

HEADERS, LATEST = "headers.jsonl", "latest.json"


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A block as it was seen, and whose key [32 bytes] sealed it."""

    block: Block
    sealer: bytes


class Latest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a ledger was followed: which one, and its state after so many headers.

    ``witness`` is who saw it, with ``key``; empty where the folder is of before these were kept.
    """

    genesis: bytes
    founder: str
    height: int
    state: bytes
    witness: str = ""
    key: str = ""


class Diary:
    """A folder; its headers only grow, and ``latest.json`` says how many of them count.

    A crash between the two leaves headers beyond that number, which the next time writes anew.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._latest = self._read(folder / LATEST)
        height = self._latest.height if self._latest else 0
        self._length = 0
        self._owner = self.owner
        self.seen = self._headers(height)

    @property
    def ledger(self) -> Ledger | None:
        """Which ledger is followed; None for none yet."""
        if self._latest is None:
            return None
        return Ledger(self._latest.genesis, PublicKey.parse(self._latest.founder))

    @property
    def owner(self) -> tuple[str, str]:
        """Who saw it, and with which key; two empty texts where that is not known."""
        return (self._latest.witness, self._latest.key) if self._latest else ("", "")

    def hand_over(self, owner: tuple[str, str]) -> None:
        """Note who goes on with this folder, and with which key."""
        self._owner = owner
        if self._latest is not None and self.owner != owner:
            self._keep(msgspec.structs.replace(self._latest, witness=owner[0], key=owner[1]))

    def walk(self, start: Head, founder: PublicKey) -> Walk:
        """Go on where this witness stands."""
        walk = Walk(start, founder)
        if self._latest is not None and self.seen:
            walk.resume(self.seen[-1].block, thawed(self._latest.state))
        return walk

    def add(self, ledger: Ledger, walk: Walk, blocks: Sequence[Seen]) -> None:
        """Keep headers that follow those seen, then how far they reach."""
        if walk.admission is None:
            raise LedgerDamaged("the entries of these blocks were not seen")
        state, height = frozen(walk.admission.state), len(self.seen) + len(blocks)
        latest = Latest(ledger.genesis, str(ledger.founder), height, state, *self._owner)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            length = self._append(b"".join(msgspec.json.encode(each) + b"\n" for each in blocks))
        except OSError as error:
            raise self._unwritten(error) from error
        self._keep(latest)
        self._length = length
        self.seen += blocks

    def _keep(self, latest: Latest) -> None:
        try:
            write_whole(self.folder / LATEST, msgspec.json.encode(latest))
        except OSError as error:
            raise self._unwritten(error) from error
        self._latest = latest

    def _unwritten(self, error: OSError) -> StoreError:
        return StoreError(f"{self.folder}: {error.strerror or error}; follow again")

    def _append(self, lines: bytes) -> int:
        """Write behind the headers that count, over what a crash left there; return the length."""
        path = self.folder / HEADERS
        path.touch()
        with path.open("r+b") as file:
            file.truncate(self._length)
            file.seek(self._length)
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        return self._length + len(lines)

    def _read(self, path: Path) -> Latest | None:
        if not path.exists():
            return None
        try:
            return msgspec.json.decode(path.read_bytes(), type=Latest)
        except (OSError, msgspec.DecodeError) as error:
            raise self._broken(path, str(error)) from error

    def _headers(self, count: int) -> list[Seen]:
        path = self.folder / HEADERS
        if not count:
            return []
        try:
            lines = path.read_bytes().splitlines(keepends=True)[:count]
            self._length = sum(map(len, lines))
            found = [msgspec.json.decode(line, type=Seen) for line in lines]
        except (OSError, msgspec.DecodeError) as error:
            raise self._broken(path, str(error)) from error
        heights = [each.block.height for each in found]
        if heights != list(range(1, count + 1)):
            raise self._broken(path, f"it has not the headers 1 to {count}")
        return found

    def _broken(self, path: Path, why: str) -> BadInput:
        fix = "put it back from a copy, or follow the ledger from its beginning in another folder"
        return BadInput([Fault(str(path), 0, "", f"cannot be read: {why}", fix)])
