"""Which database an address means."""

from __future__ import annotations

from pathlib import Path

from gridpact.ledger.storage.port import Storage
from gridpact.ledger.storage.sqlite import SqliteStorage


def open_storage(address: Path | str, *, writable: bool, wait_s: float) -> Storage:
    """Open the rows of a ledger: a file, or ``":memory:"``.

    Raises StoreError where it cannot be used.
    """
    return SqliteStorage(address, writable=writable, wait_s=wait_s)
