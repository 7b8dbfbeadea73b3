"""The local log in a schema of PostgreSQL that is made for a comparison, and dropped after it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from gridpact.app.ledgers.comparing.engines import LocalEngine
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.storage.addresses import Address, parse_address
from gridpact.ledger.storage.postgres import connect

_WAIT_S = 5.0
_SIZE = """SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :schema AND c.relkind = 'r'"""


class PostgresEngine(LocalEngine):
    """Drops the schema when it is closed."""

    def close(self) -> None:
        """Close the ledger and take its schema away."""
        super().close()
        _drop(parse_address(str(self.address)))


def postgres_engine(address: str, seed: int) -> PostgresEngine:
    """Make a local log in a new schema; BadInput where the schema is there already."""
    where = parse_address(address)
    if _run(where, "SELECT 1 FROM pg_namespace WHERE nspname = :schema", schema=where.schema):
        fix = "name a schema that is not there yet: it is dropped afterwards"
        problem = f"{where.schema!r} exists in {where.database}"
        raise BadInput([Fault("arguments", 0, "--postgres schema", problem, fix)])

    def size() -> int:
        return int(_run(where, _SIZE, schema=where.schema)[0][0])

    name = "local log, PostgreSQL"
    try:
        return PostgresEngine(name, "database", address, seed, size, _server(where))
    except BaseException:
        _drop(where)  # it may have been made before the server was found unfit
        raise


def _drop(where: Address) -> None:
    _run(where, f"DROP SCHEMA IF EXISTS {where.schema} CASCADE")


def _run(where: Address, statement: str, **values: object) -> list[list[int]]:
    with closing(connect(where, _WAIT_S)) as connection:
        return connection.run(statement, **values) or []


def _server(where: Address) -> tuple[int, ...]:
    """Return the server's own process, where it is on this machine and tells."""
    try:
        lines = Path(f"{where.socket}.lock").read_text().splitlines()
        return (int(lines[0]),)
    except (OSError, ValueError, IndexError):
        return ()
