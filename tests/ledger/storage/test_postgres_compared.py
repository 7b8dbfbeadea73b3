"""A month's work compared on PostgreSQL: the same log as on SQLite, and no trace of it after."""

import pytest

from gridpact.app.ledgers.comparing import engines
from gridpact.app.ledgers.comparing.databases import postgres_engine
from gridpact.app.ledgers.comparing.engines import sqlite_engine
from gridpact.app.ledgers.comparing.month import Month
from gridpact.app.ledgers.comparing.running import run
from gridpact.base.errors import BadInput, StoreError
from gridpact.ledger.local import LocalLedger


def test_both_databases_come_to_one_root_and_the_schema_is_gone(postgres, tmp_path):
    month, address = Month(members=5, days=1), postgres.address()
    engine = postgres_engine(address, 1)
    on_server = run(engine, month)
    with pytest.raises(BadInput, match="exists in postgres"):
        postgres_engine(address, 1)
    engine.close()
    postgres_engine(address, 1).close()
    file = sqlite_engine(tmp_path, 1)
    on_disk = run(file, month)
    file.close()
    assert on_server.root == on_disk.root
    assert on_server.bytes_stored > 100_000
    assert engine.processes() == (postgres.process.pid,)


def test_an_unfit_server_keeps_nothing_of_it(postgres, monkeypatch):
    """The schema is made before the server is looked at: it goes again, so that one can repeat."""
    address = postgres.address()

    class Unfit(LocalLedger):
        def __init__(self, *given, **how):
            super().__init__(*given, **how)
            self.close()
            raise StoreError("the server does not fsync")

    with monkeypatch.context() as patched:
        patched.setattr(engines, "LocalLedger", Unfit)
        with pytest.raises(StoreError, match="does not fsync"):
            postgres_engine(address, 1)
    postgres_engine(address, 1).close()
