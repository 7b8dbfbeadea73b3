"""Signed updates of payment channels a second on one core, beside the library's bare work.

One till pays, another receives; CPU time of each, apart and together, with updates journalled in
batches over many channels (one fsync a batch) and one by one. Beside it what the library alone
takes to sign a digest and to recover its key, and how long as many bare writes with fsync take.
Goal: 5,000 updates a second to sign, and 5,000 to check. Run ``python benchmarks/channels.py``;
``--quick`` for fewer.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

from coincurve import PrivateKey, PublicKey

from gridpact.agreements.keys import WalletKey
from gridpact.ledger.evm.channels import NAME, Channel, Signed
from gridpact.ledger.evm.tills import Till
from gridpact.ledger.evm.typed import Domain

UPDATES, CHANNELS, GOAL = 20_000, 100, 5_000
DOMAIN = Domain(NAME, 1_337, b"\x11" * 20)
KEYS = [WalletKey(bytes([number]) * 32) for number in (1, 2)]


class Spent(NamedTuple):
    """CPU seconds and wall seconds."""

    cpu: float
    wall: float

    @classmethod
    def of(cls, work: Callable[[], object]) -> Spent:
        """Take the time of some work."""
        cpu, wall = process_time(), perf_counter()
        work()
        return cls(process_time() - cpu, perf_counter() - wall)


def channels() -> list[Channel]:
    keys = KEYS[0].address, KEYS[1].address
    first, second, asset = (bytes([number]) * 32 for number in (3, 4, 5))
    return [
        Channel(first, second, *keys, asset, 10**12, 0, 3_600, number.to_bytes(32, "big"))
        for number in range(CHANNELS)
    ]


def paid(updates: int, batch: int, folder: Path) -> tuple[Spent, Spent]:
    """Pay and receive, over ``batch`` channels at a time; what both sides spent."""
    giver, taker = (Till(folder / f"{batch}-{at}", KEYS[at], DOMAIN) for at in (0, 1))
    opened = channels()
    for channel in opened:
        giver.open(channel)
        taker.open(channel)
    made: list[list[Signed]] = []

    def pay() -> None:
        for number in range(updates // batch):
            some = opened[number * batch % CHANNELS :][:batch]
            found = giver.pay({channel.id: 1 for channel in some})
            made.append([each for each in found if isinstance(each, Signed)])

    def receive() -> None:
        for some in made:
            if taker.receive(some) != some:
                raise RuntimeError("an update was declined")

    spent = Spent.of(pay), Spent.of(receive)
    giver.close()
    taker.close()
    return spent


def bare(updates: int) -> tuple[Spent, Spent]:
    """Sign digests and recover their keys with the library, and nothing else."""
    key, digests = (
        PrivateKey(b"\x01" * 32),
        [number.to_bytes(32, "big") for number in range(updates)],
    )
    made: list[bytes] = []

    def sign() -> None:
        made.extend(key.sign_recoverable(each, hasher=None) for each in digests)

    def recover() -> None:
        for signature, each in zip(made, digests, strict=True):
            PublicKey.from_signature_and_message(signature, each, hasher=None)

    return Spent.of(sign), Spent.of(recover)


def synced(updates: int, folder: Path) -> Spent:
    """Write as many records of the same length with fsync."""

    def write() -> None:
        with (folder / "bare").open("ab") as file:
            for _ in range(updates):
                file.write(bytes(130))
                file.flush()
                os.fsync(file.fileno())

    return Spent.of(write)


def show(name: str, count: int, sign: Spent, check: Spent) -> None:
    """Print one row."""
    both = sign.cpu + check.cpu
    print(
        f"{name:34} {count / sign.cpu:9,.0f} {count / check.cpu:9,.0f} {count / both:9,.0f}"
        f" {count / (sign.wall + check.wall):9,.0f}"
    )


def main() -> None:
    updates = UPDATES // 10 if "--quick" in sys.argv else UPDATES
    single = updates // 10
    print(f"updates a second of one core, CPU time; goal {GOAL:,} to sign and to check\n")
    print(f"{'':34} {'sign':>9} {'check':>9} {'both':>9} {'both wall':>9}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show("the library alone", updates, *bare(updates))
        show(f"tills, {CHANNELS} channels a batch", updates, *paid(updates, CHANNELS, folder))
        show("tills, one by one", single, *paid(single, 1, folder))
        alone = synced(single, folder)
    print(
        f"\nfsync alone: {single / alone.wall:,.0f} a second, {single / alone.cpu:,.0f} of CPU time"
    )


if __name__ == "__main__":
    main()
