"""Identifiers of metering points and of operations: CUPS and CAU of Spain.

A CUPS has the country ES, 16 digits, two control letters, and a digit and letter for the point of
measurement. The control letters follow from the digits: their remainder by 529 in base 23, in the
alphabet of the national identity number. A CAU, the code of a self-consumption operation, is a CUPS
with the letter A and three digits.
"""

from __future__ import annotations

import re

_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_CUPS = re.compile(r"ES([0-9]{16})([A-Z]{2})[0-9][FPRCXYZ]")
_CAU = re.compile(r"(.{22})A[0-9]{3}", re.DOTALL)


def control_letters(digits: str) -> str:
    """Return the two control letters of the 16 digits of a CUPS."""
    high, low = divmod(int(digits) % 529, 23)
    return _LETTERS[high] + _LETTERS[low]


def cups_problem(text: str) -> tuple[str, str] | None:
    """Say what is wrong with a CUPS of 22 characters and how to put it right; None for nothing."""
    match = _CUPS.fullmatch(text)
    if match is None:
        fix = "write 22 characters such as ES1234123456789012JY0F"
        return f"{text[:40]!r} is not a CUPS of 22 characters", fix
    letters = control_letters(match[1])
    if match[2] != letters:
        fix = f"correct a digit, or the letters to {letters}"
        return f"the control letters of {text} do not belong to its digits", fix
    return None


def cau_problem(text: str) -> tuple[str, str] | None:
    """Say what is wrong with a CAU of 26 characters and how to put it right; None for nothing."""
    match = _CAU.fullmatch(text)
    if match is None:
        fix = "write 26 characters such as ES1234123456789012JY0FA000"
        return f"{text[:40]!r} is not a CAU of 26 characters", fix
    return cups_problem(match[1])
