"""A book's double entry as a *fichier des écritures comptables* of the French tax office.

Source: arrêté du 29 juillet 2013 (Livre des procédures fiscales, article A. 47 A-1): eighteen
fields in this order with their names in the first line, one separator, days as AAAAMMJJ, decimal
commas, entries numbered without a gap in the order in which they were validated. A file is named by
the SIREN and the day on which the accounting year ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TypeAlias

from gridpact.app.books.accounting import decimal, local_day, source_of, transfers
from gridpact.app.books.entries import Node
from gridpact.base.documents import read_mapping
from gridpact.base.errors import BadInput, Fault
from gridpact.settlement.accounts.chart import BACKING, BANK, SUSPENSE, holder_of
from gridpact.settlement.accounts.opening import OPENING
from gridpact.settlement.accounts.postings import Postings
from gridpact.settlement.periods.rules import Rules

FIELDS = (
    *("JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib"),
    *("CompAuxNum", "CompAuxLib", "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit"),
    *("EcritureLet", "DateLet", "ValidDate", "Montantdevise", "Idevise"),
)
Plan: TypeAlias = Mapping[str, tuple[str, str]]
"""Number and name of an account by kind of account here."""
PLAN: Plan = {
    BANK: ("512000", "Banques"),
    SUSPENSE: ("471000", "Comptes d'attente"),
    BACKING: ("419700", "Clients - Autres avoirs"),
    "member": ("411000", "Clients"),
    "supplier": ("401000", "Fournisseurs"),
    "dso": ("401000", "Fournisseurs"),
    "state": ("447000", "Autres impôts, taxes et versements assimilés"),
    "operator": ("467000", "Autres comptes débiteurs ou créditeurs"),
    "responsible": ("467000", "Autres comptes débiteurs ou créditeurs"),
    "other": ("467000", "Autres comptes débiteurs ou créditeurs"),
    "deposit": ("165000", "Dépôts et cautionnements reçus"),
    "prepayment": ("419100", "Clients - Avances et acomptes reçus"),
    "tax": ("445710", "TVA collectée"),
}
"""Accounts of the French plan comptable général by kind of account here."""
_ENCODING = "iso8859-15"
_ACCOUNT = re.compile(r"[1-9][0-9]{2,11}")
_JOURNALS = {
    "run": ("DE", "Décomptes d'énergie"),
    "received": ("BQ", "Banque"),
    "made": ("BQ", "Banque"),
    OPENING: ("AN", "À nouveaux"),
}
_OTHER = ("OD", "Opérations diverses")
_LUHN = 10


def siren_problem(siren: str) -> str:
    """Tell why a text is no SIREN (nine digits, the last by Luhn's rule); ``""`` where it is."""
    if not re.fullmatch(r"[0-9]{9}", siren):
        return "is no SIREN: it has nine digits"
    doubled = (int(each) * (1 + place % 2) for place, each in enumerate(reversed(siren)))
    total = sum(each - 9 if each > 9 else each for each in doubled)
    return "" if total % _LUHN == 0 else "has a wrong check digit: it is no SIREN"


def name_of(siren: str, last: date) -> str:
    """Return the name of a file, such as ``732829320FEC20261231.txt``."""
    return f"{siren}FEC{last:%Y%m%d}.txt"


def read_plan(path: Path) -> Plan:
    """Read which account of the plan comptable général stands for which kind of account.

    Kinds that a file does not name keep those of :data:`PLAN`. BadInput lists every fault.
    """
    begin = "gridpact: plan/1"
    document, root = read_mapping(path, "accounts", begin)
    top = Node(document, (), root)
    top.known(("gridpact", "accounts"))
    if root.get("gridpact") != "plan/1":
        top.fault("gridpact", "this is not plan/1", f"write {begin}")
    found = dict(PLAN)
    node = top.node("accounts")
    if node is not None:
        node.known(tuple(PLAN))
        for kind in {*node.value} & {*PLAN}:
            text = str(node.value[kind])
            if not _ACCOUNT.fullmatch(text):
                problem = f"{text[:20]!r} is no account"
                node.fault(kind, problem, "begin it with three digits of the plan, such as 411000")
            found[kind] = (text, PLAN[kind][1])
    if document.faults:
        raise BadInput(document.faults)
    return found


def fec(postings: Postings, rules: Rules, plan: Plan = PLAN) -> bytes:
    """Return legs as a file of entries, tabs between fields.

    Tokens are left out: they are no money. Raises BadInput for a book that is not kept in euros.
    """
    if rules.currency != "EUR":
        problem = f"a FEC is in euros, and the book is kept in {rules.currency}"
        raise BadInput([Fault(rules.name, 0, "currency", problem, "take another format")])
    unit = postings.currencies.index("EUR") if "EUR" in postings.currencies else -1
    money = postings.where(postings.currency == unit)
    lines = ["\t".join(FIELDS)]
    for number, legs in enumerate(_validated(money), start=1):
        lines += ["\t".join(_line(money, leg, rules, plan, number)) for leg in legs]
    return ("\r\n".join(lines) + "\r\n").encode(_ENCODING, "replace")


def _validated(postings: Postings) -> Iterator[list[int]]:
    """Yield the legs of each transfer, balances brought forward first, then as they were booked."""
    parts = [*transfers(postings)]
    yield from sorted(
        parts,
        key=lambda legs: (
            source_of(postings, legs[0]) != OPENING,
            int(postings.known_s[legs[0]]),
            int(postings.value_s[legs[0]]),
        ),
    )


def _line(postings: Postings, leg: int, rules: Rules, plan: Plan, number: int) -> tuple[str, ...]:
    account, source = postings.accounts[int(postings.account[leg])], source_of(postings, leg)
    minor, day = int(postings.minor[leg]), f"{local_day(postings.value_s[leg], rules):%Y%m%d}"
    code, title = _JOURNALS.get(source, _JOURNALS.get(source.partition(" ")[0], _OTHER))
    kind = account if account in plan else account.partition(":")[0]
    aux = "" if account in plan else holder_of(account)
    sides = (max(minor, 0), max(-minor, 0))
    amounts = (decimal(each, rules).replace(".", ",") for each in sides)
    valid = f"{local_day(postings.known_s[leg], rules):%Y%m%d}"
    told = " ".join(source.split())
    piece = (told, day, told)
    names = (code, title, str(number), day, *plan[kind], aux, aux)
    return (*names, *piece, *amounts, "", "", valid, "", "")
