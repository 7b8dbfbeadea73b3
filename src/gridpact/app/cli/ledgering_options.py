"""Options that the commands on ledgers, authorities and members share."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import click
from msgspec.structs import replace

from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.ledgers import acting, home, keys
from gridpact.app.ledgers.acting import Draft, Signer
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import iso
from gridpact.ledger.entries import Entry
from gridpact.ledger.evm.sending import Say
from gridpact.ledger.kinds.founding import SKEW_S
from gridpact.ledger.merkle import HASH_BYTES

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, dir_okay=False)
LEDGER = click.argument("place", metavar="LEDGER", type=click.Path(path_type=Path, file_okay=False))
AS = click.option(
    "--as",
    "signers",
    multiple=True,
    required=True,
    metavar="NAME=KEY",
    help="Who acts, and the file of the key; again for each who signs as well.",
)
AT = click.option("--at", "moment", type=MOMENT, help="When, by UTC.  [default: now]")
SEAL = click.option(
    "--seal",
    type=FILE,
    help="Key of the authority that seals the block.  [default: of who acts]",
)


class Acting(NamedTuple):
    """Who acts, why and when, who seals it, and what becomes of the act."""

    signers: tuple[str, ...]
    asked: tuple[str, ...]
    why: str
    moment: datetime | None
    seal: Path | None
    once: str
    draft: Path | None
    as_json: bool
    quiet: bool


def acting_options(command: F) -> F:
    """Give a command ``doing``: who acts, why, when, and whether the act is only drafted."""

    @functools.wraps(command)
    def taking(**given: Any) -> Any:
        doing = Acting(*(given.pop(field) for field in Acting._fields))
        return command(doing=doing, **given)

    found = cast("F", output_options(taking))
    for option in (
        click.option("--draft", type=FILE, help="Write the act to a file for others to sign."),
        click.option(
            "--once",
            default="",
            metavar="NAME",
            help="Do it once under this name; again, tell where it stands.",
        ),
        SEAL,
        AT,
        click.option("--why", required=True, metavar="WORDS", help="Why; it stays on the ledger."),
        click.option(
            "--with", "asked", multiple=True, metavar="NAME", help="Who is to sign the draft, too."
        ),
        AS,
    ):
        found = option(found)
    return found


def signers_of(texts: Sequence[str]) -> list[Signer]:
    """Read ``NAME=KEYFILE``; BadInput lists each text that is none, and each unfit file."""
    fix = "write a name, =, and the file of its key, such as auth-a=a.key"
    wrong = [text for text in texts if not all(text.partition("="))]
    if wrong:
        raise BadInput(
            Fault("arguments", 0, "--as", f"{text!r} names no key", fix) for text in wrong
        )
    found, faults = list[Signer](), list[Fault]()
    for name, _, path in (text.partition("=") for text in texts):
        try:
            found.append(Signer(name, keys.load(Path(path))))
        except BadInput as error:
            faults += error.faults
    if faults:
        raise BadInput(faults)
    return found


def at_of(moment: datetime | None) -> int:
    """Return an instant [s since the epoch]; now where none is given."""
    return int(time.time()) if moment is None else epoch_of(moment, "UTC", "--at")


def done_at(moment: datetime | None) -> int:
    """Return when an act is done [s since the epoch]; BadInput where that is yet to come.

    No block may be before the last one, so that a ledger would stand still until then.
    """
    now, at = at_of(None), at_of(moment)
    if at > now + SKEW_S:
        fix = f"give one that has passed, or set this machine's clock, which has {iso(now)}"
        raise BadInput([Fault("arguments", 0, "--at", f"{iso(at)} is yet to come", fix)])
    return at


def slowness(*, as_json: bool, quiet: bool) -> Say | None:
    """Return what tells a person that a chain takes long; None for programs, and in silence."""
    return None if as_json or quiet else lambda text: say(harmless(text), err=True)


def _signed(
    ledger: AnyLedger, doing: Acting, signers: Sequence[Signer], entries: Sequence[Entry], at: int
) -> Draft:
    """Make an act on a ledger, signed by all whose keys are here."""
    found = acting.draft(ledger, _by(doing, signers), entries, doing.why, at)
    for signer in signers:
        found = acting.sign(found, signer)
    return replace(found, once=doing.once)


def _by(doing: Acting, signers: Sequence[Signer]) -> tuple[str, ...]:
    return (*(each.name for each in signers), *doing.asked)


@contextmanager
def _opened(place: Path, doing: Acting) -> Iterator[tuple[AnyLedger, list[Signer], int]]:
    """Open a ledger for what is to be done: with who signs here, and the instant."""
    signers, at = signers_of(doing.signers), done_at(doing.moment)
    sealer = keys.load(doing.seal) if doing.seal else signers[0].key
    slow = slowness(as_json=doing.as_json, quiet=doing.quiet)
    with home.opened(place, sealer, say=slow) as ledger:
        yield ledger, signers, at


def act(place: Path, doing: Acting, entries: Sequence[Entry], told: str) -> None:
    """Make an act, sign it, and commit it or write it to a file.

    What was done under the same name before is told again, and not done.
    """
    with _opened(place, doing) as (ledger, signers, at):
        by, found = _by(doing, signers), None
        receipt = acting.done(ledger, doing.once, by, entries) if doing.once else None
        if receipt is None:
            found = _signed(ledger, doing, signers, entries, at)
            if doing.draft is not None:
                acting.write(doing.draft, found)
                say_draft(doing.draft, found, as_json=doing.as_json, quiet=doing.quiet)
                return
            receipt = acting.commit(ledger, found, at)
        stands = ledger.block(receipt.height).at if doing.once else at
        if doing.as_json:
            say_json({"block": receipt.height, "entry": receipt.first_index + 1, "at": iso(stands)})
        elif not doing.quiet:
            told = f"{told}, by {', '.join(by)}, in block {receipt.height}"
            say(f"{mark(good=True)} {harmless(told)}")
        if found is not None:
            acting.told(ledger, found)


def rehearse(place: Path, doing: Acting, entries: Sequence[Entry]) -> None:
    """Raise what :func:`act` would, and change nothing: for what cannot be taken back."""
    with _opened(place, doing) as (ledger, signers, at):
        acting.rehearse(ledger, _signed(ledger, doing, signers, entries, at), at)


def say_draft(path: Path, found: Draft, *, as_json: bool, quiet: bool) -> None:
    """Say who has yet to sign an act in a file."""
    if as_json:
        say_json({"file": str(path), "by": found.act.by, "missing": found.missing})
    elif not quiet:
        left = ", ".join(found.missing)
        say(harmless(f"{path}: {f'to be signed by {left}' if left else 'signed by all'}"))


def named_key(text: str, option: str) -> tuple[str, bytes]:
    """Read ``NAME=PUB``, a name and the file of its public key; BadInput where it is none."""
    name, _, path = text.partition("=")
    if not name or not path:
        fix = "write a name, =, and the file of its public key, such as c=c.pub"
        raise BadInput([Fault("arguments", 0, option, f"{text!r} names no key", fix)])
    return name, keys.public_of(Path(path))


def hash_of(text: str, option: str) -> bytes:
    """Read a hash of 32 bytes in hex, with or without 0x; BadInput where it is none."""
    digits = text.removeprefix("0x")
    try:
        if len(digits) == 2 * HASH_BYTES:
            return bytes.fromhex(digits)
    except ValueError:
        pass
    fix = f"write the {2 * HASH_BYTES} hex digits of the hash"
    raise BadInput([Fault("arguments", 0, option, f"{text[:80]!r} is no hash", fix)])
