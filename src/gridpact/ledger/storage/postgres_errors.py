"""What PostgreSQL and its driver say, as one line that a person can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gridpact.base.errors import LedgerDamaged, StoreError

if TYPE_CHECKING:
    from pg8000.exceptions import DatabaseError

_DAMAGED = ("XX001", "XX002", "42P01", "42703")
"""Corrupt data, corrupt index, missing table, missing column."""
_ADVICE = {
    "25006": "the server is read-only; give the address of the one that writes",
    "28": "the server does not let this user in; give the right user and password",
    "3D000": "there is no such database; make it or give another",
    "42501": "this user may not; let the schema's owner grant it",
    "53100": "the server's disk is full; free space and commit again",
    "53300": "the server has too many connections; let others end and commit again",
    "53": "the server lacks resources; commit again later",
    "55P03": "another process holds it; let that finish and commit again",
    "57": "the server was stopped or ended the connection; commit again under the same key",
    "58": "the server's disk reports an error; check its space, quota and health",
}
"""By SQLSTATE, or its class (PostgreSQL, appendix A)."""


def explained(place: str, error: DatabaseError) -> StoreError:
    """Turn an error that the server told into ours."""
    told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    code, said = str(told.get("C", "")), " ".join(str(told.get("M", error)).split())
    if code in _DAMAGED:
        return LedgerDamaged(f"ledger {place}: {said}; restore the last copy that verifies")
    advice = _ADVICE.get(code) or _ADVICE.get(code[:2], "what was acknowledged before is intact")
    return StoreError(f"ledger {place}: {said}; {advice}")


def refusal(error: BaseException) -> DatabaseError | None:
    """Find what the server said before it closed the connection, on which the driver failed."""
    from pg8000.exceptions import DatabaseError

    found: BaseException | None = error
    while found is not None and not isinstance(found, DatabaseError):
        found = found.__cause__ or found.__context__
    return found


def unreachable(place: str, error: Exception) -> StoreError:
    """Turn a failure to reach the server, or the loss of the connection, into ours."""
    why = error.__cause__ or error
    said = " ".join(str(why).split()) or type(why).__name__
    return StoreError(
        f"ledger {place}: the server is away ({said}); start it or correct the address, and "
        "commit again under the same key"
    )
