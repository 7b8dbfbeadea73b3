"""Which database an address means."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from gridpact.base.errors import StoreError
from gridpact.ledger.storage.addresses import SCHEMES
from gridpact.ledger.storage.port import Storage
from gridpact.ledger.storage.sqlite import SqliteStorage


def open_storage(address: Path | str, *, writable: bool, wait_s: float) -> Storage:
    """Open the rows of a ledger: a file, ``":memory:"``, or ``postgresql://…/db?schema=lane``.

    Raises StoreError where it cannot be used, BadInput where the address makes no sense.
    """
    if not (isinstance(address, str) and address.partition("://")[0] in SCHEMES):
        return SqliteStorage(address, writable=writable, wait_s=wait_s)
    if importlib.util.find_spec("pg8000") is None:
        raise StoreError("ledgers on PostgreSQL need an extra: pip install 'gridpact[postgres]'")
    from gridpact.ledger.storage.postgres import PostgresStorage

    return PostgresStorage(address, writable=writable, wait_s=wait_s)
