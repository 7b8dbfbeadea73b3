"""What the command line says of a document that is to be proposed, and the document it makes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from gridpact.agreements.checks import succession_faults
from gridpact.agreements.documents import Conditions, Document, propose, verify
from gridpact.agreements.keys import WalletKey
from gridpact.agreements.model import Agreement
from gridpact.app.cli.contracting_files import FILE, Opened, open_document
from gridpact.app.cli.contracting_layout import duration
from gridpact.app.cli.contracting_times import length, moment
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots, iso

_QUARTER_HOUR = 900
_ADDRESS_FILE = 100
"""Bytes of a file that holds no more than an address."""
_NEVER = "never"
_ADD_PARTY = "name each party once, with the address that 'gridpact contract key show' tells"


@dataclass(frozen=True)
class Wanted:
    """Options of a proposal, each None, or empty, where it was not given."""

    others: tuple[str, ...]
    amends: Path | None
    name: str | None
    start: int | None
    end: int | None
    step: int | None
    offer_until: int | None
    leave_after: int | None
    authority: str | None

    def said(self) -> list[str]:
        """Options that were given."""
        given = {field: getattr(self, field) not in (None, ()) for field in _FLAGS}
        return [option for field, option in _FLAGS.items() if given[field]]


def _notice(context: click.Context, option: click.Parameter, text: str | None) -> int | None:
    """Read a notice: a duration, or -1 for never."""
    return -1 if text == _NEVER else length(context, option, text)


_FLAGS = {
    "others": "--party",
    "amends": "--amends",
    "name": "--id",
    "start": "--start",
    "end": "--end",
    "step": "--step",
    "offer_until": "--offer-until",
    "leave_after": "--leave-after",
    "authority": "--authority",
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "others": {
        "multiple": True,
        "metavar": "PARTY=ADDRESS",
        "help": "A party's wallet, or a file that holds its address; --key and --as tell your own.",
    },
    "amends": {
        "type": FILE,
        "metavar": "OLD.json",
        "help": "Signed document that this one takes over from at its start.",
    },
    "name": {"metavar": "ID", "help": "Name of the agreement.  [default: of FILE, or of OLD.json]"},
    "start": {
        "metavar": "INSTANT",
        "callback": moment,
        "help": "First slot, such as 2026-07-01T00:00+02:00.",
    },
    "end": {"metavar": "INSTANT", "callback": moment, "help": "Instant at which it ends."},
    "step": {
        "metavar": "DURATION",
        "callback": length,
        "help": "Length of a slot.  [default: 15 min]",
    },
    "offer_until": {
        "metavar": "INSTANT",
        "callback": moment,
        "help": "Until when to sign.  [default: the start]",
    },
    "leave_after": {
        "metavar": "DURATION",
        "callback": _notice,
        "help": "Notice with which one party may leave alone.  [default: never]",
    },
    "authority": {"metavar": "NAME", "help": "Who may suspend and end it.  [default: nobody]"},
}


def proposal_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a proposal; it gets them as its argument ``wanted``."""

    @functools.wraps(command)
    def collected(**given: Any) -> None:
        wanted = Wanted(**{field.name: given.pop(field.name) for field in fields(Wanted)})
        command(wanted=wanted, **given)

    for field, flag in reversed(_FLAGS.items()):
        collected = click.option(flag, field, **_OPTIONS[field])(collected)
    return collected


def proposed(
    opened: Opened, wanted: Wanted, wallet: WalletKey | None = None, party: str | None = None
) -> Document:
    """Write a document of a contract, unsigned; raises BadInput listing what is missing.

    ``wallet`` is of ``party``, named first; all others are told by their addresses. What amends
    another document takes from it what is not said: parties, step, end, notice and authority.
    """
    before = None if wanted.amends is None else _before(wanted.amends)
    faults, own = _own(wallet, party, before)
    more, parties = _parties(wanted, before, own)
    faults += more
    step = wanted.step or (before.step if before else _QUARTER_HOUR)
    start, end = wanted.start, wanted.end
    end = before.end if before and end is None else end
    faults += _slot_faults(start, end, step)
    if faults or start is None or end is None:
        raise BadInput(faults)
    name = wanted.name or (before.id if before else opened.path.name.partition(".")[0].lower())
    slots = Slots(start, step, (end - start) // step)
    document = propose(opened.contract, name, parties, slots, _conditions(wanted, before))
    if before and (wrong := succession_faults(before, document.agreement)):
        raise BadInput(Fault(str(wanted.amends), 0, *fault) for fault in wrong)
    return document


def fixed(file: Path, wanted: Wanted) -> list[Fault]:
    """List a fault for each option of a proposal that was given beside a document."""
    fix = "leave it out, or propose another document from the contract file"
    problem = "is fixed in a document that is signed"
    return [Fault(str(file), 0, option, problem, fix) for option in wanted.said()]


def _before(path: Path) -> Agreement:
    """Read the version that is amended, which all its parties signed."""
    document = open_document(path)
    fix = "name a document that 'gridpact contract verify' finds nothing wrong with"
    if wrong := [check for check in verify(document) if not check.holds]:
        raise BadInput(Fault(str(path), 0, check.name, check.detail, fix) for check in wrong)
    return document.agreement


def _conditions(wanted: Wanted, before: Agreement | None) -> Conditions:
    notice, authority = wanted.leave_after, wanted.authority
    if before is not None:
        notice = before.termination_notice_s if notice is None else notice
        authority = before.authority if authority is None else authority
    return Conditions(
        offer_until=-1 if wanted.offer_until is None else wanted.offer_until,
        termination_notice_s=-1 if notice is None else notice,
        authority=authority or "",
        amends=before,
    )


def _own(
    wallet: WalletKey | None, party: str | None, before: Agreement | None
) -> tuple[list[Fault], dict[str, str | bytes]]:
    """Return who signs; nobody where a wallet elsewhere does, or a party of what is amended."""
    if wallet is not None and party is not None:
        return [], {party: wallet.address}
    kept = [each.address for each in before.parties] if before else []
    if wallet is None or wallet.address in kept:
        return [], {}
    problem, fix = "is missing: a key signs for a party", "add --as PARTY"
    return [Fault("arguments", 0, "--as", problem, fix)], {}


def _parties(
    wanted: Wanted, before: Agreement | None, own: dict[str, str | bytes]
) -> tuple[list[Fault], dict[str, str | bytes]]:
    faults, said = [], dict(own)
    for other in wanted.others:
        name, sign, address = other.partition("=")
        if not sign or name in said:
            problem = f"{other[:80]!r} is not PARTY=ADDRESS" if not sign else f"{name} comes twice"
            faults.append(Fault("arguments", 0, "--party", problem, _ADD_PARTY))
        said.setdefault(name, _address(address))
    kept = {party.name: party.address for party in before.parties} if before else {}
    return faults, {**kept, **said}


def _address(text: str) -> str:
    """Return an address, read from a file where one is named."""
    path = Path(text)
    if text.startswith("0x") or not path.is_file() or path.stat().st_size > _ADDRESS_FILE:
        return text
    return path.read_text(encoding="ascii", errors="replace").strip()


def _slot_faults(start: int | None, end: int | None, step: int) -> list[Fault]:
    faults = []
    for option, at in (("--start", start), ("--end", end)):
        if at is None:
            problem, fix = "is missing: a document says for how long", "add it: 2026-07-01T00:00Z"
            faults.append(Fault("arguments", 0, option, problem, fix))
        elif at % step:
            problem = f"{iso(at)} does not begin a slot of {duration(step)}"
            fix = "give the begin of a slot, or another --step"
            faults.append(Fault("arguments", 0, option, problem, fix))
    if start is not None and end is not None and end <= start:
        faults.append(Fault("arguments", 0, "--end", "is not after the start", "end later"))
    return faults
