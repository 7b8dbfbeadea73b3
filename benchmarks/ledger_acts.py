"""Acts: operations a second with signatures, checked, folded, stored and verified again."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gridpact.ledger.acts import Claim, drafted, holds, signed, signed_bytes
from gridpact.ledger.entries import Entry
from gridpact.ledger.keys import AuthorityKey, demonstration_key
from gridpact.ledger.kinds.founding import Act, LedgerFounded
from gridpact.ledger.kinds.money import TokensMinted, TokensTransferred
from gridpact.ledger.kinds.participants import KeyBound, ParticipantAuthorised
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.port import Receipt

MEMBERS, AT = 200, 1_000_000
BLOCK = 10_000


def acts(quick: bool) -> None:
    """Print operations a second, by how many one act covers, beside signatures and fsync alone."""
    operations = 20_000 if quick else 200_000
    print(f"{operations:,} token transfers among {MEMBERS} members, blocks of {BLOCK:,}, one fsync")
    print(
        "an act covers    in/s  entries verified/s  signatures alone s  2 processes/s wall"
        "  commit s  fsync alone s"
    )
    for covers in (1, 10, 100, 1000):
        some = operations if covers > 1 else operations // 10
        _section(covers, some)


def _section(covers: int, operations: int) -> None:
    key = demonstration_key(1, "operator")
    with tempfile.TemporaryDirectory() as folder:
        with _founded(Path(folder) / "ledger.db", key) as ledger:
            made = _made(ledger, key, covers, operations)
            commit = _timed(lambda: _committed(ledger, made))
            verify, entries = _timed(ledger.verify), ledger.head().size
            begin = time.perf_counter()
            ledger.examine(jobs=2)
            shared = time.perf_counter() - begin
            claims = _claims(ledger, key, made)
            alone = _timed(lambda: _held(claims))
        synced = _synced(Path(folder) / "bare", len(made))
    print(
        f"{covers:13,}  {operations / commit:6,.0f}  {entries / verify:18,.0f}"
        f"  {alone:18.2f}  {entries / shared:17,.0f}  {commit:8.2f}  {synced:13.3f}"
    )


def _founded(place: Path, key: AuthorityKey) -> LocalLedger:
    authority = demonstration_key(1)
    ledger = LocalLedger(place, authority, name="bench")
    founded = LedgerFounded((("authority", authority.public.raw),), 1, 300)
    admitted: list[Entry] = [
        *(ParticipantAuthorised(f"home-{row}", "prosumer") for row in range(MEMBERS)),
        ParticipantAuthorised("operator", "operator"),
        KeyBound("operator", key.public.raw),
    ]
    act = drafted(["authority"], admitted, sequence=1, at=AT, why="begins")
    act = signed(act, ledger.genesis, "authority", authority)
    _taken(ledger.commit("founded", [founded, act, *admitted], AT))
    minted = [TokensMinted("eur", f"home-{row}", 10**12, f"in-{row}") for row in range(MEMBERS)]
    act = drafted(["operator"], minted, sequence=1, at=AT, why="deposits")
    act = signed(act, ledger.genesis, "operator", key)
    _taken(ledger.commit("minted", [act, *minted], AT))
    return ledger


def _made(
    ledger: LocalLedger, key: AuthorityKey, covers: int, operations: int
) -> list[list[Entry]]:
    """Sign acts ahead, as those who act do on machines of their own; blocks of entries."""
    blocks: list[list[Entry]] = [[]]
    for number in range(operations // covers):
        entries = [
            TokensTransferred("eur", f"home-{row % MEMBERS}", f"home-{(row * 7 + 1) % MEMBERS}", 5)
            if row % MEMBERS != (row * 7 + 1) % MEMBERS
            else TokensTransferred("eur", "home-0", "home-1", 5)
            for row in range(number * covers, (number + 1) * covers)
        ]
        act = drafted(["operator"], entries, sequence=number + 2, at=AT, why="trades")
        blocks[-1] += [signed(act, ledger.genesis, "operator", key), *entries]
        if len(blocks[-1]) >= BLOCK:
            blocks.append([])
    return [block for block in blocks if block]


def _committed(ledger: LocalLedger, blocks: list[list[Entry]]) -> None:
    for number, block in enumerate(blocks):
        _taken(ledger.commit(f"block/{number}", block, AT))


def _taken(answer: object) -> None:
    if not isinstance(answer, Receipt):
        raise RuntimeError(f"refused: {answer}")


def _claims(ledger: LocalLedger, key: AuthorityKey, blocks: list[list[Entry]]) -> list[Claim]:
    """Lay the signatures of all acts ready, with what they are of."""
    found = [each for block in blocks for each in block if isinstance(each, Act)]
    return [
        Claim(key.public.raw, signed_bytes(ledger.genesis, act), act.signatures[0]) for act in found
    ]


def _held(claims: list[Claim]) -> None:
    """Check signatures with the library, and nothing else."""
    if not all(map(holds, claims)):
        raise RuntimeError("a signature does not hold")


def _synced(path: Path, count: int) -> float:
    """Seconds of as many bare writes with fsync as there were blocks."""
    begin = time.perf_counter()
    with path.open("ab") as file:
        for _ in range(count):
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    return time.perf_counter() - begin


def _timed(work: Callable[[], object]) -> float:
    """CPU seconds of some work."""
    begin = time.process_time()
    work()
    return time.process_time() - begin
