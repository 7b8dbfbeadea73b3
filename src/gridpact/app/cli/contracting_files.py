"""What a FILE of ``gridpact contract`` holds: a contract, whichever of its forms it is in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from gridpact.agreements.documents import Document
from gridpact.agreements.files import SCHEMA as SIGNED
from gridpact.agreements.files import from_text
from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import check_regular, read_regular
from gridpact.base.slots import Slots
from gridpact.contracts.canonical import SCHEMA, from_bytes, keccak256
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.evaluate import Known, World
from gridpact.contracts.files import read_contract
from gridpact.contracts.files.titles import TITLE_FIX, title_problem
from gridpact.contracts.legs import legs
from gridpact.contracts.needs import Needs, needs
from gridpact.contracts.sheet import from_term_sheet
from gridpact.contracts.sheet.names import HEADINGS
from gridpact.contracts.tables import read_world
from gridpact.contracts.terms import Contract

FILE = click.Path(path_type=Path, dir_okay=False)
MAX_BYTES = 16 * 1024 * 1024
_CONTRACT = re.compile(rb"^gridpact\s*:", re.MULTILINE)
_HEADING = re.compile(rf"^{re.escape(HEADINGS[0])}\s*$".encode(), re.MULTILINE)
_TABLES = (b"slot_start", b"path,", b"PAR1")
_SIGNED = re.compile(rf'"document"\s*:\s*"{re.escape(SIGNED.partition("/")[0])}/'.encode())


@dataclass(frozen=True)
class Opened:
    """A contract, the title that its file gives it, and the document where it is in one."""

    path: Path
    title: str
    contract: Contract
    document: Document | None = None


def open_contract(path: Path) -> Opened:
    """Read a contract file, canonical bytes, a document of parties, or a term sheet.

    Which of them it is, is told by its content. Raises BadInput with every fault, also for terms
    that no reading makes sense of and for a document whose terms are not those that were signed.
    """
    opened = _opened(path)
    _check_terms(opened)
    return opened


def _opened(path: Path) -> Opened:
    data = _bytes(path)
    start = data.lstrip()
    if _is_signed(data):
        document = from_text(data, str(path))
        _check_hash(path, document)
        with placed(path):
            return Opened(path, document.agreement.id, document.agreement.contract(), document)
    if start.startswith(b"{") and SCHEMA.partition("/")[0].encode() in start[:60]:
        with placed(path):
            return Opened(path, "", from_bytes(data.removesuffix(b"\n")))
    if _HEADING.search(data) and not _CONTRACT.search(data):
        return _sheet(path, data)
    if start.startswith(_TABLES):
        fix = "name the contract first, and the table with --on or --scenarios"
        raise _fault(path, "", "this is a table of data, not a contract", fix)
    found = read_contract(path)
    return Opened(path, found.title, found.contract)


def _check_hash(path: Path, document: Document) -> None:
    agreement = document.agreement
    if keccak256(agreement.terms) != agreement.terms_hash:
        problem = "the terms do not hash to what was signed"
        fix = (
            f"get the document again from who signed it; gridpact contract verify {path} tells more"
        )
        raise _fault(path, "agreement.terms_hash", problem, fix)


def _check_terms(opened: Opened) -> None:
    """Refuse terms that can be written down but not read: what counts in what must agree."""
    faults = []
    for read in (legs, needs):
        try:
            read(opened.contract)
        except IllFormed as error:
            faults.append(Fault(str(opened.path), 0, "terms", str(error), "correct the terms"))
    if faults:
        raise BadInput(faults)


def open_document(path: Path) -> Document:
    """Read a document that parties sign, also one whose terms or signatures do not hold."""
    data = _bytes(path)
    if not _is_signed(data):
        fix = "name a document that 'gridpact contract sign' wrote"
        raise _fault(path, "", "this is no document that parties sign", fix)
    return from_text(data, str(path))


def _is_signed(data: bytes) -> bool:
    return data.lstrip().startswith(b"{") and _SIGNED.search(data) is not None


def _bytes(path: Path) -> bytes:
    try:
        return read_regular(path, MAX_BYTES)
    except OSError as error:
        raise _unreadable(path, error) from error


def _sheet(path: Path, data: bytes) -> Opened:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fault = Fault(str(path), line, "", "this line is not UTF-8 text", "save it as UTF-8")
        raise BadInput([fault]) from error
    first = text.strip().partition("\n\n")[0]
    title = " ".join(first.partition(":")[2].split())
    if problem := title_problem(title):
        raise BadInput([Fault(str(path), 1, "title", problem, TITLE_FIX)])
    return Opened(path, title, from_term_sheet(text, str(path)))


def open_data(
    path: Path, required: Needs, *, open_choices: bool = False, paths: bool = False
) -> tuple[World, Slots]:
    """Read a table of data; BadInput where it has scenario paths and these make no sense."""
    try:
        check_regular(path)
        world, slots = read_world(path, required, open_choices=open_choices)
    except OSError as error:
        raise _unreadable(path, error) from error
    shapes = [np.shape(each.values if isinstance(each, Known) else each) for each in world.values()]
    if not paths and any(len(shape) > 1 for shape in shapes):
        fix = "give a table without the column path, or use 'gridpact contract value'"
        raise BadInput([Fault(str(path), 1, "path", "the table holds scenario paths", fix)])
    return world, slots


@contextmanager
def placed(path: Path) -> Iterator[None]:
    """Give faults in terms the name of the file that holds them."""
    try:
        yield
    except BadInput as error:
        faults = [
            Fault(str(path), fault.line, fault.where, fault.problem, fault.fix)
            for fault in error.faults
        ]
        raise BadInput(faults) from error


def _fault(path: Path, where: str, problem: str, fix: str) -> BadInput:
    return BadInput([Fault(str(path), 0, where, problem, fix)])


def _unreadable(path: Path, error: OSError) -> BadInput:
    problem = f"the file cannot be read: {error.strerror or error}"
    return _fault(path, "", problem, "correct the path, or the permissions of the file")
