"""Readings of a file signed as a device would sign them, and statements of an authority."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gridpact.app import folder
from gridpact.app.readings.signed_files import read_statements, statement_line
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import iso
from gridpact.base.units import Bools, Ints
from gridpact.metering.edge.findings import Head
from gridpact.metering.edge.records import RECORD, Records, Signer
from gridpact.metering.edge.statements import Statement, Term, problems, state, terms
from gridpact.metering.readings import Intervals, Quality


def add_statement(
    path: Path, authority: Ed25519PrivateKey, point: str, device: bytes, from_s: int
) -> Statement:
    """State that a device reads a point from an instant on, and add that to a file, made if new.

    BadInput where the file, or the new statement beside those in it, cannot stand.
    """
    public = authority.public_key().public_bytes_raw()
    known = read_statements(path, public) if path.exists() else ()
    try:
        made = state(authority, point, device, from_s)
    except ValueError as error:
        fix = "give the name of the metering point"
        raise BadInput([Fault("arguments", 0, "--point", str(error), fix)]) from error
    wrong = [problem for place, problem in problems((*known, made), public) if place == len(known)]
    if wrong:
        fix = "make a key for the new device, or give another --from"
        raise BadInput([Fault(str(path), 0, point, problem, fix) for problem in wrong])
    folder.write_text(path, "".join(statement_line(each) for each in (*known, made)))
    return made


def sign(
    intervals: Intervals,
    named: str | None,
    key: Ed25519PrivateKey,
    statements: Sequence[Statement],
    heads: Sequence[Head],
    file: str,
) -> Records:
    """Sign the readings of a point in the order of their slots: records [readings].

    The point is the one ``named``, or the only one of the file.
    Slots that lack a value of a register are not signed: the device measured nothing then. A
    register that the file does not have counted nothing.

    Raises BadInput where no statement puts the device at the point in one of the slots, or the
    readings begin before those that were signed already ended.
    """
    device = key.public_key().public_bytes_raw()
    point = _point(intervals, named, file)
    term = _term(statements, point, device, file)
    wh, known = _of_point(intervals, point)
    starts = intervals.slots.starts()[known]
    head = next((each for each in heads if (each.point, each.device) == (point, device)), None)
    _check_within(starts, intervals.slots.step, term, head, file)
    if head is None:
        signer = Signer(key, point, term.statement.genesis)
    else:
        signer = Signer(key, point, head.digest, head.sequence + 1)
    columns = (starts.tolist(), *(row[known].tolist() for row in wh))
    step = intervals.slots.step
    signed = [signer.sign(at, step, out, back) for at, out, back in zip(*columns, strict=True)]
    return np.concatenate(signed) if signed else np.zeros(0, RECORD)


def _point(intervals: Intervals, named: str | None, file: str) -> str:
    points = sorted({each.point for each in intervals.channels})
    if named in points or (named is None and len(points) == 1):
        return named or points[0]
    problem = "the file has several points" if named is None else "the file has no such point"
    fix = f"name one of its points: {', '.join(points[:8]) or 'there are none'}"
    raise BadInput([Fault(file, 0, named or "--point", problem, fix)])


def _of_point(intervals: Intervals, point: str) -> tuple[Ints, Bools]:
    """Both registers of a point [2, slots], and where all of them that there are have a value."""
    rows = {one.register: row for row, one in enumerate(intervals.channels) if one.point == point}
    wh = np.zeros((2, intervals.slots.count), np.int64)
    known = np.ones(intervals.slots.count, np.bool_)
    for place, register in enumerate(("withdrawal", "injection")):
        if register in rows:
            wh[place] = intervals.wh[rows[register]]
            known &= intervals.quality[rows[register]] != int(Quality.MISSING)
    return wh, known


def _term(statements: Sequence[Statement], point: str, device: bytes, file: str) -> Term:
    for each in terms(statements):
        if (each.statement.point, each.statement.device) == (point, device):
            return each
    fix = "ask the authority for one: gridpact readings state"
    raise BadInput([Fault(file, 0, point, "no statement puts this device there", fix)])


def _check_within(starts: Ints, step: int, term: Term, head: Head | None, file: str) -> None:
    if not len(starts):
        return
    first, end = int(starts[0]), int(starts[-1]) + step
    begin, until = term.statement.from_s, term.until_s
    if first < begin or (until is not None and end > until):
        problem = f"the device is at {term.statement.point} from {iso(begin)}"
        problem += f" until {iso(until)}" if until is not None else ""
        problem += f", the readings are from {iso(first)} until {iso(end)}"
        fix = "sign readings of those days only"
        raise BadInput([Fault(file, 0, term.statement.point, problem, fix)])
    if head is not None and first < head.end_s:
        problem = f"the readings begin at {iso(first)}, signed already are those until "
        fix = "sign later readings only"
        raise BadInput([Fault(file, 0, head.point, problem + iso(head.end_s), fix)])
