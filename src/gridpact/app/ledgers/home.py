"""Where a ledger is: a folder with ``ledger.json``, or a run's folder."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from gridpact.app import folder
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.ledger.keys import AuthorityKey, PublicKey
from gridpact.ledger.local import LocalLedger

ABOUT, ROWS = "ledger.json", "ledger.db"
_MADE = "name a folder that 'gridpact ledger init' or 'gridpact run' wrote"


class About(msgspec.Struct, frozen=True):
    """What a ledger is called, the key it began with, and where its rows are.

    ``address`` is a file in the folder, or ``postgresql://…`` without a password.
    """

    gridpact: str
    name: str
    founder: str
    address: str = ROWS


def read(place: Path) -> About:
    """Read what a ledger is; BadInput where the folder holds none."""
    path = place / ABOUT
    if not path.exists():
        return _of_run(place)
    try:
        about = msgspec.json.decode(path.read_bytes(), type=About)
        PublicKey.parse(about.founder)
    except (msgspec.DecodeError, ValueError) as error:
        fix = "put back the file as gridpact wrote it"
        raise BadInput([Fault(str(path), 0, "", f"cannot be read: {error}", fix)]) from error
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
    return about


def _of_run(place: Path) -> About:
    if not (place / folder.LEDGER).is_file() or not (place / folder.MANIFEST).is_file():
        raise BadInput([Fault(str(place), 0, "", "holds no ledger", _MADE)])
    seed = folder.manifest(place).seed
    with folder.ledger(place, seed) as ledger:
        return About("ledger/1", "gridpact", str(ledger.public_key), folder.LEDGER)


def write(place: Path, about: About) -> None:
    """Write what a new ledger is; BadInput where the folder holds one already."""
    for name in (ABOUT, ROWS):
        if (place / name).exists():
            fix = "name another folder"
            raise BadInput([Fault(str(place / name), 0, "", "the file exists already", fix)])
    folder.make(place)
    folder.write_json(place / ABOUT, about)


def opened(
    place: Path, sealer: AuthorityKey | None = None, *, segments: tuple[Path, ...] = ()
) -> LocalLedger:
    """Open a ledger to read, or with a key to seal what is committed."""
    about = read(place)
    where = about.address
    address = where if where.startswith("postgresql://") else os.fspath(place / where)
    return LocalLedger(
        address,
        PublicKey.parse(about.founder),
        name=about.name,
        sealer=sealer,
        archive=segments,
    )
