"""Fields of entries: what each may hold, said once beside its type.

A field's type is ``Annotated`` with the check of its value, which returns the problem and its fix,
or None. :func:`checks_of` reads them off a kind, so that a struct alone says what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, TypeAlias, get_args, get_type_hints

import msgspec

from gridpact.base.ids import PATTERN, well_formed
from gridpact.base.units import INT64_MAX
from gridpact.contracts.observables import NAME

Problem: TypeAlias = "tuple[str, str] | None"  # what is wrong, how to mend it
Check: TypeAlias = Callable[[Any], Problem]

HASH_BYTES = 32
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,126}"
WORDS_PATTERN = r"[A-Za-z0-9][A-Za-z0-9 .,:;()_/+-]{0,254}"
_NAME = re.compile(NAME_PATTERN)
_WORDS = re.compile(WORDS_PATTERN)
_CURRENCY = re.compile(r"[A-Z]{3}")
_EARLIEST = -INT64_MAX
_KEPT = 1 << 16
"""Texts whose check is remembered: the same names come again and again."""


class Kind(msgspec.Struct, frozen=True, tag_field="entry", forbid_unknown_fields=True, gc=False):
    """Base of all kinds of entries; none can hold itself, so nothing is to be collected."""


@lru_cache(maxsize=_KEPT)
def _is_identifier(text: str) -> bool:
    return well_formed(text) and not text.endswith("\n")


@lru_cache(maxsize=_KEPT)
def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def _identifier(text: object) -> Problem:
    if isinstance(text, str) and _is_identifier(text):
        return None
    return f"{text!r} is no identifier", f"use {PATTERN}"


def _name(text: object) -> Problem:
    if isinstance(text, str) and _is_name(text):
        return None
    return f"{text!r} is no name", f"use {NAME_PATTERN}"


def _agreement(text: object) -> Problem:
    if isinstance(text, str) and NAME.fullmatch(text):
        return None
    return f"{text!r} is no name", f"use {NAME.pattern}"


def _words(text: object) -> Problem:
    if isinstance(text, str) and _WORDS.fullmatch(text):
        return None
    return f"{text!r} is no reason", f"use {WORDS_PATTERN}"


def _currency(text: object) -> Problem:
    if isinstance(text, str) and _CURRENCY.fullmatch(text):
        return None
    return f"{text!r} is no currency", "use three capitals (ISO 4217)"


def whole(number: object, low: int) -> Problem:
    """Check a whole number from ``low`` to the largest of 64 bits."""
    if type(number) is int and low <= number <= INT64_MAX:
        return None
    return f"{number!r} is out of range", f"give a whole number from {low} to 2^63-1"


def _count(number: object) -> Problem:
    return whole(number, 0)


def _positive(number: object) -> Problem:
    return whole(number, 1)


def _instant(number: object) -> Problem:
    return whole(number, _EARLIEST)


def sized(what: str, length: int) -> Check:
    """Make the check of bytes of one length."""

    def check(value: object) -> Problem:
        if isinstance(value, bytes) and len(value) == length:
            return None
        return f"is not {what}", f"give {length} bytes"

    return check


def one_of(*words: str) -> Check:
    """Make the check of a word from a list."""

    def check(value: object) -> Problem:
        if value in words:
            return None
        return f"{value!r} is unknown", f"use one of {', '.join(words)}"

    return check


Identifier = Annotated[str, _identifier]
Name = Annotated[str, _name]
AgreementName = Annotated[str, _agreement]
Words = Annotated[str, _words]
Currency = Annotated[str, _currency]
Count = Annotated[int, _count]
Positive = Annotated[int, _positive]
Instant = Annotated[int, _instant]
Digest = Annotated[bytes, sized("a SHA-256 hash", HASH_BYTES)]
Keccak = Annotated[bytes, sized("a keccak-256 hash", HASH_BYTES)]
Key = Annotated[bytes, sized("an Ed25519 public key", HASH_BYTES)]
Wallet = Annotated[bytes, sized("a wallet's address", 20)]


def checks_of(kind: type[Kind]) -> tuple[tuple[str, Check], ...]:
    """Return each field of a kind that has a check, with it, in the fields' order."""
    hints = get_type_hints(kind, include_extras=True)
    found = ((name, get_args(hints[name])) for name in kind.__struct_fields__)
    return tuple((name, args[1]) for name, args in found if len(args) > 1 and callable(args[1]))
