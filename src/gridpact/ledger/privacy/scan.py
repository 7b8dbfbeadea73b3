"""Whether anything personal, or an unsalted hash of it, stands on a ledger.

A hash without salt of a name, an IBAN or a meter number is no protection: whoever can guess the
datum can compute the hash. Salted leaves and roots over them are found by no such search, because
the salt has 256 bits that only the subject's space holds.

Identifiers of participants are on the ledger by design. They are pseudonyms: who is behind them is
told in ``people.yaml`` alone, which is erased. The scan counts them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from gridpact.ledger.privacy.haystack import Piece, pieces
from gridpact.ledger.privacy.matching import Matcher
from gridpact.ledger.privacy.needles import SHORTEST, Needle, needles
from gridpact.ledger.privacy.personal import Datum

MOST = 1_000
"""Findings that are listed; the rest is cut off, as one is too many already."""
PSEUDONYM = "identifier"


class Finding(msgspec.Struct, frozen=True, order=True):
    """Something personal that was found: where [byte], what and whose it is, in which form."""

    place: str
    at: int
    whose: str
    what: str
    form: str

    def __str__(self) -> str:
        """Say it in a line, without the datum itself."""
        return f"{self.place}, byte {self.at}: {self.what} of {self.whose} ({self.form})"


class Report(msgspec.Struct, frozen=True):
    """What a scan found in ``size`` bytes, by ``needles`` many forms.

    ``pseudonyms`` counts identifiers that stand there by design. ``short`` are data of less than
    four bytes, which were looked for as hashes alone. ``cut`` says that there is more.
    """

    findings: tuple[Finding, ...]
    pseudonyms: int
    size: int
    needles: int
    short: tuple[tuple[str, str], ...]
    cut: bool = False

    @property
    def clean(self) -> bool:
        """Whether nothing personal was found."""
        return not self.findings


def scan(data: Sequence[Datum], paths: Iterable[Path], pseudonyms: Sequence[str] = ()) -> Report:
    """Look for all data in files and folders: ledgers with what lies beside them, archives.

    ``pseudonyms`` are identifiers that may stand there. StoreError where something cannot be read.
    """
    wanted, short = _wanted(data, pseudonyms)
    longest = max((len(each.data) for each in wanted), default=1)
    return _scanned(data, wanted, short, (p for path in paths for p in pieces(path, longest - 1)))


def scan_pieces(
    data: Sequence[Datum], found: Iterable[Piece], pseudonyms: Sequence[str] = ()
) -> Report:
    """Look for all data in bytes from elsewhere, such as the rows of a database server."""
    wanted, short = _wanted(data, pseudonyms)
    return _scanned(data, wanted, short, found)


def _wanted(data: Sequence[Datum], pseudonyms: Sequence[str]) -> tuple[list[Needle], list[int]]:
    """Return needles; those of pseudonyms have the number −1."""
    wanted, short = needles(data)
    known = {each.data for each in wanted}
    for name in pseudonyms:
        text = name.encode().lower()
        if len(text) >= SHORTEST and text not in known:
            wanted.append(Needle(text, -1, PSEUDONYM, folded=True, bounded=True))
    return wanted, short


def _scanned(
    data: Sequence[Datum], wanted: Sequence[Needle], short: Sequence[int], found: Iterable[Piece]
) -> Report:
    matcher = Matcher(wanted)
    findings: set[Finding] = set()
    size = by_design = 0
    for piece in found:
        size += len(piece.data)
        for at, needle in matcher.hits(piece.data):
            if needle.datum < 0:
                by_design += 1
            elif len(findings) < MOST:
                datum = data[needle.datum]
                where = piece.place, piece.first + at
                findings.add(Finding(*where, datum.whose, datum.what, needle.form))
    told = tuple((data[number].what, data[number].whose) for number in short)
    cut = len(findings) == MOST
    return Report(tuple(sorted(findings)), by_design, size, len(wanted), told, cut)
