"""The ledger's tables on PostgreSQL, and the check that they are still as they were made."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gridpact.ledger.storage.port import TILED
from gridpact.ledger.storage.rows import Row
from gridpact.ledger.storage.sql import GUARDED

COLUMNS = {
    "format": {"version": "int4"},
    "identity": {"name": "text", "authority": "text"},
    "blocks": {
        "height": "int8",
        "at": "int8",
        "key": "text",
        "first_index": "int8",
        "count": "int8",
        **dict.fromkeys(("tree_root", "prev_hash", "hash", "signature", "edge"), "bytea"),
    },
    "entries": {"idx": "int8", "height": "int8", "body": "bytea", "leaf_hash": "bytea"},
    "subtrees": {"level": "int4", "idx": "int8", "hash": "bytea"},
    "segments": {
        **dict.fromkeys(("first_height", "last_height", "first_index", "size"), "int8"),
        "digest": "bytea",
        "tail": "bytea",
    },
    "snapshots": {
        "height": "int8",
        "kind": "text",
        **dict.fromkeys(("block_hash", "state", "signature"), "bytea"),
    },
}
KEYS = {
    "blocks": ("PRIMARY KEY (height)", "UNIQUE (key)"),
    "entries": ("PRIMARY KEY (idx)",),
    "subtrees": ("PRIMARY KEY (level, idx)",),
    "segments": ("PRIMARY KEY (first_height)",),
    "snapshots": ("PRIMARY KEY (height)",),
}
FUNCTION = "append_only"
BODY = "BEGIN RAISE EXCEPTION 'the ledger is append-only'; END"
_ACTIONS = {"UPDATE": 18, "DELETE": 10, "TRUNCATE": 34}
"""By action, ``tgtype`` of a trigger before it, once per statement (pg_trigger.h)."""

# What the catalogues of the server say, one line per thing, to compare with what was made.
_FOUND = """
SELECT concat('table ', c.relname), concat('kind ', c.relkind, c.relpersistence,
        ' row security ', c.relrowsecurity, ' children ', c.relhassubclass)
    FROM pg_class c WHERE c.relnamespace = ?::regnamespace AND c.relkind NOT IN ('i', 't')
UNION ALL SELECT concat('column ', c.relname, '.', a.attname), concat(t.typname, ' required ',
        a.attnotnull, ' made ', a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '')
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relnamespace = ?::regnamespace AND c.relkind = 'r' AND a.attnum > 0
    AND NOT a.attisdropped
UNION ALL SELECT concat('constraint ', c.relname, ' ', pg_get_constraintdef(k.oid)),
        concat('valid ', k.convalidated)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.connamespace = ?::regnamespace AND k.contype <> 'n'
UNION ALL SELECT concat('trigger ', t.tgname, ' on ', c.relname), concat('calls ', f.proname,
        ' type ', t.tgtype, ' enabled ', t.tgenabled, ' when ', t.tgqual IS NOT NULL)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc f ON f.oid = t.tgfoid
    WHERE c.relnamespace = ?::regnamespace AND NOT t.tgisinternal
UNION ALL SELECT concat('function ', p.proname), p.prosrc
    FROM pg_proc p WHERE p.pronamespace = ?::regnamespace
UNION ALL SELECT concat('rule ', r.rulename, ' on ', c.relname), ''
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    WHERE c.relnamespace = ?::regnamespace"""


def statements() -> list[str]:
    """Return what makes the tables and guards, in a schema that is on the search path."""
    made = []
    for table, columns in COLUMNS.items():
        parts = [f"{name} {kind} NOT NULL" for name, kind in columns.items()]
        made.append(f"CREATE TABLE {table} ({', '.join([*parts, *KEYS.get(table, ())])})")
    made.append(f"CREATE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $${BODY}$$")
    made += [guard(table, action) for table in _guarded() for action in _ACTIONS]
    return [*made, f"INSERT INTO format VALUES ({TILED})"]  # noqa: S608 - a number of ours  # noqa: S608 - a constant


def guard(table: str, action: str) -> str:
    """Return the statement that makes one guard."""
    name = f"{table}_no_{action.lower()}"
    return f"CREATE TRIGGER {name} BEFORE {action} ON {table} EXECUTE FUNCTION {FUNCTION}()"


def differences(
    query: Callable[..., Sequence[Row]], schema: str
) -> list[tuple[str, str | None, str | None]]:
    """List things that are not as they were made: the thing, what is expected, what is there."""
    found = {str(key): str(value) for key, value in query(_FOUND, *[schema] * 6)}
    expected = _expected()
    return [
        (thing, expected.get(thing), found.get(thing))
        for thing in sorted(set(expected) | set(found))
        if expected.get(thing) != found.get(thing)
    ]


def _guarded() -> tuple[str, ...]:
    return ("format", *GUARDED[TILED])


def _expected() -> dict[str, str]:
    plain = "kind rp row security f children f"
    things = {f"table {table}": plain for table in COLUMNS}
    for table, columns in COLUMNS.items():
        things |= {
            f"column {table}.{name}": f"{kind} required t made f" for name, kind in columns.items()
        }
        things |= {f"constraint {table} {key}": "valid t" for key in KEYS.get(table, ())}
    things |= {
        f"trigger {table}_no_{action.lower()} on {table}": f"calls {FUNCTION} type {code} "
        "enabled O when f"
        for table in _guarded()
        for action, code in _ACTIONS.items()
    }
    return {**things, f"function {FUNCTION}": BODY}
