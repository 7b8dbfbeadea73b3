"""Where a ledger is: a folder with ``ledger.json``, or a run's folder."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from gridpact.agreements.addresses import parse_address
from gridpact.app import folder
from gridpact.app.ledgers import keys
from gridpact.app.ledgers.chains import OUTBOX, Chain, ChainLedger, on_chain
from gridpact.app.ledgers.keys import Key
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.ledger.evm.sending import Say
from gridpact.ledger.evm.signing import ChainKey
from gridpact.ledger.keys import PublicKey
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.port import Receipt, Refused

ABOUT, ROWS = "ledger.json", "ledger.db"
_MADE = "name a folder that 'gridpact ledger init' or 'gridpact run' wrote"


class About(msgspec.Struct, frozen=True):
    """What a ledger is called, the key it began with, and where its rows are.

    ``address`` is a file in the folder, or ``postgresql://…`` without a password. Of a ledger on a
    ``chain``, ``founder`` is an address (0x…), and rows are what was followed.
    """

    gridpact: str
    name: str
    founder: str
    address: str = ROWS
    chain: Chain | msgspec.UnsetType = msgspec.UNSET


def read(place: Path) -> About:
    """Read what a ledger is; BadInput where the folder holds none."""
    path = place / ABOUT
    if not path.exists():
        return _of_run(place)
    try:
        about = msgspec.json.decode(path.read_bytes(), type=About)
        parse_address(about.founder) if about.chain else PublicKey.parse(about.founder)
    except (msgspec.DecodeError, ValueError) as error:
        fix = "put back the file as gridpact wrote it"
        raise BadInput([Fault(str(path), 0, "", f"cannot be read: {error}", fix)]) from error
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
    return about


def _of_run(place: Path) -> About:
    if (place / OUTBOX).is_file() and not (place / folder.MANIFEST).exists():
        fix = "give 'gridpact ledger deploy' again; it goes on"
        raise BadInput([Fault(str(place), 0, "", "was deployed in part only", fix)])
    if not (place / folder.LEDGER).is_file() or not (place / folder.MANIFEST).is_file():
        raise BadInput([Fault(str(place), 0, "", "holds no ledger", _MADE)])
    seed = folder.manifest(place).seed
    with folder.ledger(place, seed) as ledger:
        return About("ledger/1", "gridpact", str(ledger.public_key), folder.LEDGER)


def write(place: Path, about: About) -> None:
    """Write what a new ledger is; BadInput where the folder holds one already."""
    for name in (ABOUT, ROWS):
        if (place / name).exists():
            raise _taken(place / name)
    folder.make(place)
    folder.write_json(place / ABOUT, about)


def deployed(
    place: Path,
    name: str,
    chain: Chain,
    key: ChainKey,
    founding: tuple[LedgerFounded, int],
    say: Say | None = None,
) -> Receipt:
    """Put a ledger's contracts on a chain and found it there at an instant [epoch s].

    Done in part before, it goes on. BadInput where the folder holds a ledger already, or the
    founding is refused.
    """
    if (place / ABOUT).exists():
        raise _taken(place / ABOUT)
    chain = on_chain(place, chain, key, say)
    entry, at = founding
    with ChainLedger(place, os.fspath(place / ROWS), chain, key, say) as ledger:
        answer = ledger.commit("founded", [entry], at)
    if isinstance(answer, Refused):
        raise BadInput([Fault("arguments", 0, "", answer.reason, "found it in another folder")])
    note(place, name, chain, key)
    return answer


def note(place: Path, name: str, chain: Chain, key: ChainKey) -> None:
    """Write in a folder which ledger on a chain it is of, by whose key it began."""
    about = About("ledger/1", name, keys.shown(key.public.raw), chain=chain)
    folder.write_json(place / ABOUT, about)


def _taken(path: Path) -> BadInput:
    return BadInput([Fault(str(path), 0, "", "the file exists already", "name another folder")])


def opened(
    place: Path,
    sealer: Key | None = None,
    *,
    segments: tuple[Path, ...] = (),
    say: Say | None = None,
) -> AbstractContextManager[AnyLedger]:
    """Open a ledger to read, or with a key to seal what is committed.

    ``say`` hears of a chain that takes long.
    """
    about = read(place)
    if about.chain is msgspec.UNSET:
        return _log(place, about, sealer, segments)
    key = keys.chain_key(sealer) if sealer else None
    return ChainLedger(place, _rows(place, about), about.chain, key, say)


def opened_log(
    place: Path, sealer: Key | None = None, *, segments: tuple[Path, ...] = ()
) -> LocalLedger:
    """Open a log; BadInput for a ledger on a chain, which has no such thing."""
    about = read(place)
    if about.chain is not msgspec.UNSET:
        fix = "ask whoever runs its nodes"
        raise BadInput([Fault(str(place), 0, "", "is on a chain, which keeps its past", fix)])
    return _log(place, about, sealer, segments)


def _log(place: Path, about: About, sealer: Key | None, segments: tuple[Path, ...]) -> LocalLedger:
    return LocalLedger(
        _rows(place, about),
        PublicKey.parse(about.founder),
        name=about.name,
        sealer=keys.log_key(sealer) if sealer else None,
        archive=segments,
    )


def _rows(place: Path, about: About) -> str:
    where = about.address
    return where if where.startswith("postgresql://") else os.fspath(place / where)
