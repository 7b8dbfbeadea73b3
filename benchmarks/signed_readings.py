"""Verification of signed readings in batches beside the signature library alone.

Readings are of 100 devices in turn. ``library`` checks every signature with messages, keys and
signatures laid ready in lists; ``verify`` begins with the bytes of a file and finds gaps, forks,
replays and clocks as well. CPU seconds, the median of turns. Run
``python benchmarks/signed_readings.py``; ``--quick`` for 20,000 readings in place of a million.
"""

from __future__ import annotations

import sys
from functools import partial
from hashlib import sha256

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from gridpact.metering.edge.records import DOMAIN, RECORD, Signer, bodies, from_bytes, to_bytes
from gridpact.metering.edge.statements import Statement, state
from gridpact.metering.edge.verification import verify
from timing import median_seconds

DEVICES, STEP, ROUNDS = 100, 900, 3


def key(name: str) -> Ed25519PrivateKey:
    """Make a key of a name, the same for the same name."""
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def signed(readings: int) -> tuple[bytes, list[Statement]]:
    """Return a file of readings, those of all devices slot by slot, and what was stated."""
    authority, stated, signers = key("authority"), list[Statement](), list[Signer]()
    for number in range(DEVICES):
        own, point = key(f"device {number}"), f"point-{number:03}"
        stated.append(state(authority, point, own.public_key().public_bytes_raw(), 0))
        signers.append(Signer(own, point, stated[-1].genesis))
    records = np.zeros(readings, RECORD)
    for row in range(readings):
        slot, number = divmod(row, DEVICES)
        records[row] = signers[number].sign(slot * STEP, STEP, 100 + row % 700, row % 3)[0]
    return to_bytes(records), stated


Ready = list[tuple[Ed25519PublicKey, bytes, bytes]]


def laid_ready(data: bytes, stated: list[Statement]) -> Ready:
    """Return key, signature and signed bytes of every reading of a file."""
    records = from_bytes(data).records
    keys = {each.device: key(f"device {number}").public_key() for number, each in enumerate(stated)}
    signers = [keys[device] for device in records["body"]["device"].tolist()]
    messages = [DOMAIN + body for body in bodies(records)]
    return list(zip(signers, records["signature"].tolist(), messages, strict=True))


def by_library(ready: Ready) -> None:
    """Check every signature, which raises where one does not hold."""
    for public, signature, message in ready:
        public.verify(signature, message)


def in_batches(data: bytes, stated: list[Statement]) -> None:
    """Verify a file of which nothing is wrong."""
    done = verify(from_bytes(data), stated)
    if done.found or not done.sound.all():
        raise RuntimeError(f"good readings are found wrong: {done.found[:3]}")


def main() -> None:
    """Print seconds and their ratio."""
    data, stated = signed(20_000 if "--quick" in sys.argv else 1_000_000)
    ready = laid_ready(data, stated)
    count = len(ready)
    calls = [partial(by_library, ready), partial(in_batches, data, stated)]
    library, whole = median_seconds(calls, ROUNDS)
    print(f"{count:,} readings of {DEVICES} devices, CPU seconds")
    print(f"  library {library:8.2f}  {count / library:10,.0f} readings a second")
    print(f"  verify  {whole:8.2f}  {count / whole:10,.0f} readings a second")
    print(f"  ratio   {whole / library:8.2f}")


if __name__ == "__main__":
    main()
