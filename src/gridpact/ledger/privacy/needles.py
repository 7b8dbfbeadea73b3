"""The byte forms in which a personal datum may stand: as text, encoded, or hashed without salt."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote

from gridpact.ledger.privacy.personal import Datum

SHORTEST = 4
"""Bytes that a needle has at least: less is found anywhere by chance."""
UTF_8, AS_IS = "UTF-8", "as it is"
_BOUNDED = 8
_DIGEST = 16
_SEPARATORS = re.compile(r"[\s.\-/:]+")


class Needle(NamedTuple):
    """Bytes to look for. ``datum`` is the number of what they stand for.

    ``folded`` ones are lower-case and stand for any case; ``bounded`` ones count only where no
    letter or digit goes before or after.
    """

    data: bytes
    datum: int
    form: str
    folded: bool
    bounded: bool = False


def _keccak(data: bytes) -> bytes:
    from Crypto.Hash import keccak

    return keccak.new(digest_bits=256, data=data).digest()


def _named(name: str) -> Callable[[bytes], bytes]:
    return lambda data: hashlib.new(name, data, usedforsecurity=False).digest()


def _blake2b(size: int) -> Callable[[bytes], bytes]:
    return lambda data: hashlib.blake2b(data, digest_size=size).digest()


HASHES: dict[str, Callable[[bytes], bytes]] = {
    "SHA-256": _named("sha256"),
    "SHA-1": _named("sha1"),
    "MD5": _named("md5"),
    "SHA-512": _named("sha512"),
    "SHA3-256": _named("sha3_256"),
    "keccak-256": _keccak,
    "BLAKE2b-512": _blake2b(64),
    "BLAKE2b-256": _blake2b(32),
    "BLAKE2s-256": _named("blake2s"),
    "SHA-256 of a tree's leaf": lambda data: hashlib.sha256(b"\0" + data).digest(),
    "SHA-256 twice": lambda data: hashlib.sha256(hashlib.sha256(data).digest()).digest(),
}


def needles(data: Iterable[Datum]) -> tuple[list[Needle], list[int]]:
    """Return all needles of data, and the numbers of data too short to look for as they are.

    Of hashes the first 16 bytes are looked for, so that shortened ones are found too; they are
    looked for whatever the length of the datum.
    """
    found: dict[tuple[bytes, bool], Needle] = {}
    short = []
    for number, datum in enumerate(data):
        plain = list(_plain(number, datum))
        long = [each for each in plain if len(each.data) >= SHORTEST]
        if not any(each.form in (UTF_8, AS_IS) for each in long):
            short.append(number)
        for needle in (*long, *_hashed(number, datum)):
            found.setdefault((needle.data, needle.folded), needle)
    return list(found.values()), short


def variants(text: str) -> list[str]:
    """Ways to write a text: letters' case and form, with and without separators."""
    found = {text: None}
    for each in (text, " ".join(text.split()), _SEPARATORS.sub("", text)):
        for cased in (each, each.lower(), each.upper(), each.title()):
            for form in ("NFC", "NFD"):
                found[unicodedata.normalize(form, cased)] = None
    return [each for each in found if each]


def _preimages(datum: Datum) -> list[bytes]:
    if isinstance(datum.data, bytes):
        return [datum.data]
    texts = variants(datum.data)
    plain = [each.encode() for each in texts]
    own = datum.data
    ended = [own.encode() + b"\n", json.dumps(own).encode(), own.lower().encode() + b"\n"]
    return [*plain, *ended, *(_latin(each) for each in texts)]


def _latin(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _plain(number: int, datum: Datum) -> Iterator[Needle]:
    """Yield a datum as it is, in all encodings."""
    if isinstance(datum.data, bytes):
        yield Needle(datum.data, number, AS_IS, folded=False)
        yield from _wrapped(number, datum.data, AS_IS)
        return
    for text in variants(datum.data):
        data = text.encode()
        yield _text(number, data, UTF_8)
        for name, form in _spelled(text):
            yield _text(number, form, name)
        yield from _wrapped(number, data, UTF_8)


def _spelled(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield other spellings of a text, where they differ from its UTF-8."""
    yield "UTF-16LE", text.encode("utf-16-le")
    yield "UTF-16BE", text.encode("utf-16-be")
    plain = text.encode()
    for name, form in (
        ("Latin-1", _latin(text)),
        ("JSON", json.dumps(text)[1:-1].encode()),
        ("percent-encoding", quote(text, safe="").encode()),
        ("percent-encoding", quote(text, safe="@").replace("%20", "+").encode()),
        ("HTML", html.escape(text).encode("ascii", "xmlcharrefreplace")),
    ):
        if form != plain:
            yield name, form


def _text(number: int, data: bytes, form: str) -> Needle:
    return Needle(data.lower(), number, form, folded=True, bounded=len(data) < _BOUNDED)


def _wrapped(number: int, data: bytes, form: str) -> Iterator[Needle]:
    """Yield bytes as hex and, whatever stands before them, as base64."""
    if len(data) < SHORTEST:
        return
    yield Needle(data.hex().encode(), number, f"{form}, hex", folded=True)
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + data)
        # characters that depend on these bytes alone
        inner = whole[-(-8 * before // 6) : (8 * (before + len(data))) // 6]
        for each in {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}:
            if len(each) >= _BOUNDED:
                yield Needle(each, number, f"{form}, base64", folded=False)


def _hashed(number: int, datum: Datum) -> Iterator[Needle]:
    """Yield hashes of a datum without any salt: raw, hex and base64."""
    for data in dict.fromkeys(_preimages(datum)):
        for name, digest_of in HASHES.items():
            digest = digest_of(data)[:_DIGEST]
            yield Needle(digest, number, f"{name}, raw", folded=False)
            yield Needle(digest.hex().encode(), number, f"{name}, hex", folded=True)
            # 15 bytes are 20 characters whatever follows
            coded = base64.b64encode(digest[:15])
            for each in {coded, coded.replace(b"+", b"-").replace(b"/", b"_")}:
                yield Needle(each, number, f"{name}, base64", folded=False)
