"""What a document adds to its terms: an agreement, its signatures, and the slots that it fixes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gridpact.agreements.documents import Document, life_lines, verify
from gridpact.agreements.model import Agreement
from gridpact.app.cli.contracting_evaluating import at_slots
from gridpact.app.cli.contracting_files import Opened, open_contract
from gridpact.app.cli.contracting_layout import duration
from gridpact.app.cli.layout import aligned
from gridpact.app.cli.output import harmless, say
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots, iso

_SIGNATURE = "signature of "


def open_and_warn(path: Path) -> Opened:
    """Open a contract; tell on standard error what keeps a document from binding its parties."""
    opened = open_contract(path)
    if opened.document is not None and (lacking := list(_lacking(opened.document))):
        told = "; ".join(lacking)
        told = f"warning: {path}: {told}; check it: gridpact contract verify {path}"
        say(harmless(told), err=True)
    return opened


def agreement_lines(document: Document) -> list[str]:
    """Return what is agreed beside the terms, a line for each."""
    return aligned(life_lines(document))


def check_slots(opened: Opened, data: Path, slots: Slots) -> None:
    """Refuse a table whose slots are not those of the agreement that a document holds."""
    if opened.document is None:
        return
    agreement = opened.document.agreement
    if fault := _slot_fault(agreement, data, slots):
        raise BadInput([fault])


def _lacking(document: Document) -> Iterator[str]:
    signed = {each.party for each in document.signatures}
    unsigned = [each for each in document.agreement.names if each not in signed]
    if unsigned:
        yield f"not yet signed by {', '.join(unsigned)}"
    for check in verify(document):
        if not check.holds and check.name.removeprefix(_SIGNATURE) not in unsigned:
            yield f"{check.name} does not hold ({check.detail})"


def _slot_fault(agreement: Agreement, data: Path, slots: Slots) -> Fault | None:
    if slots.step != agreement.step:
        agreed = duration(agreement.step)
        problem = f"the table has slots of {duration(slots.step)}, {agreement.id} has {agreed}"
        return Fault(str(data), 0, "slot_start", problem, f"give data in slots of {agreed}")
    starts = slots.starts()
    outside = starts[(starts < agreement.start) | (starts >= agreement.end)]
    if not np.size(outside):
        return None
    runs = f"{agreement.id} runs from {iso(agreement.start)} until {iso(agreement.end)}"
    problem = f"{runs}, not in {at_slots(tuple(outside.tolist()))}"
    return Fault(str(data), 0, "slot_start", problem, "leave out what is before or after")
