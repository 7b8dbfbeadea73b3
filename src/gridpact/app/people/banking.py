"""Identifiers of accounts, banks, creditors and payers of tax, checked as far as they tell."""

from __future__ import annotations

import re

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_CREDITOR = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")
_VAT = re.compile(r"[A-Z]{2}[0-9A-Z+*]{2,12}")
_MANDATE = re.compile(r"[A-Za-z0-9+?/:().,'-]{1,35}")


def iban_problem(iban: str) -> str:
    """Tell why a text is no IBAN (ISO 13616: check digits modulo 97); ``""`` where it is one."""
    if not _IBAN.fullmatch(iban):
        return "is no IBAN"
    return "" if _rest(iban[4:] + iban[:4]) == 1 else "has wrong check digits: it is no IBAN"


def bic_problem(bic: str) -> str:
    """Tell why a text is no BIC (ISO 9362); ``""`` where it is one."""
    return "" if _BIC.fullmatch(bic) else "is no BIC"


def creditor_problem(creditor: str) -> str:
    """Tell why a text identifies no creditor of direct debits (EPC262-08); ``""`` where it does.

    Its check digits leave out the three characters of the creditor's own business code.
    """
    if not _CREDITOR.fullmatch(creditor):
        return "identifies no creditor"
    fits = _rest(creditor[7:] + creditor[:4]) == 1
    return "" if fits else "has wrong check digits: it identifies no creditor"


def mandate_problem(mandate: str) -> str:
    """Tell why a text cannot refer to a mandate (EPC130-08); ``""`` where it can."""
    return "" if _MANDATE.fullmatch(mandate) else "cannot refer to a mandate"


def vat_problem(number: str) -> str:
    """Tell why a text is no number for value-added tax (EN 16931, BR-CO-09); ``""`` if it is.

    Each country has check digits of its own, which are not looked at.
    """
    fits = _VAT.fullmatch(number) and any(each.isdigit() for each in number)
    return "" if fits else "is no VAT number with its country before it, such as DE123456788"


def _rest(text: str) -> int:
    """Return a text as a number modulo 97, letters counting from 10 (ISO 7064, MOD 97-10)."""
    return int("".join(str(int(letter, 36)) for letter in text)) % 97
