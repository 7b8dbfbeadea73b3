"""Credentials and presentations as files."""

from __future__ import annotations

from pathlib import Path

from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import read_regular
from gridpact.ledger.identity.jose import BadToken, unverified
from gridpact.ledger.identity.sd_jwt import Token, read

MOST_BYTES = 1 << 20


def read_text(path: Path) -> str:
    """Read the text of a credential; BadInput where the file cannot be read or is none."""
    try:
        return read_regular(path, MOST_BYTES).decode("ascii").strip()
    except (OSError, ValueError) as error:
        fix = "name a file that 'gridpact credential issue' or 'present' wrote"
        raise BadInput([Fault(str(path), 0, "", f"is no credential: {error}", fix)]) from error


def read_token(path: Path) -> Token:
    """Read a credential; its signature is not looked at. BadInput where the file holds none."""
    try:
        token = read(read_text(path))
        unverified(token.issued)
    except BadToken as error:
        fix = "take the file from its issuer again"
        raise BadInput([Fault(str(path), 0, "", str(error), fix)]) from error
    return token
