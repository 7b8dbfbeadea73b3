"""A PDF file of pages, fonts and at most one attachment, by ISO 32000-1 and ISO 19005-3 (PDF/A-3).

What PDF/A-3b asks for and is done here: fonts are embedded, colours are CalRGB and depend on no
device, metadata are XMP, files have an identifier, and attachments say how they relate.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple
from xml.sax.saxutils import escape

import msgspec

from gridpact.app.invoicing.pdf.fonts import Font, fonts

A4 = (595.28, 841.89)
_RGB = (  # sRGB's primaries and white (IEC 61966-2-1), its curve as a power
    b"[/CalRGB << /WhitePoint [0.9505 1 1.089] /Gamma [2.2 2.2 2.2] /Matrix"
    b" [0.4124 0.2126 0.0193 0.3576 0.7152 0.1192 0.1805 0.0722 0.9505] >>]"
)
_FONT_OBJECTS, _QUICK = 6, 1
_RESOURCES = b"<< /Font << /F1 1 0 R /F2 %d 0 R >> /ColorSpace << /C %s >> >>" % (
    _FONT_OBJECTS + 1,
    _RGB,
)


class Attached(msgspec.Struct, frozen=True):
    """A file within the file: its name, what it is, and its content, XML."""

    name: str
    told: str
    data: bytes


class About(msgspec.Struct, frozen=True):
    """What a file says of itself: title, who made it, language, and when [s since the epoch]."""

    title: str
    author: str
    language: str
    made_s: int


def pdf(
    pages: Sequence[bytes],
    about: About,
    more: frozenset[str] = frozenset(),
    attached: Attached | None = None,
) -> bytes:
    """Return a file of pages of A4, each a content stream.

    Content uses fonts ``F1`` and ``F2`` (regular, bold) with the characters ``more`` beside the
    usual, and the colour space ``C`` of red, green, blue from 0 to 1. The same content gives the
    same bytes.
    """
    begun, objects = _begun(more), list[bytes]()
    shared = len(begun.places)
    kids = shared + 1
    numbers = range(kids + 1, kids + 1 + 2 * len(pages), 2)
    listed = b" ".join(b"%d 0 R" % number for number in numbers)
    objects.append(
        b"<< /Type /Pages /Kids [%s] /Count %d /MediaBox [0 0 %.2f %.2f] >>"
        % (listed, len(pages), *A4)
    )
    for number, content in zip(numbers, pages, strict=True):
        told = b"<< /Type /Page /Parent %d 0 R /Resources %d 0 R /Contents %d 0 R >>"
        objects.append(told % (kids, shared, number + 1))
        objects.append(_stream(b"/Filter /FlateDecode", _packed(content)))
    objects.append(_stream(b"/Type /Metadata /Subtype /XML", _metadata(about, attached)))
    catalogue = (
        b"<< /Type /Catalog /Pages %d 0 R /Metadata %d 0 R /Lang (%s)"
        b" /ViewerPreferences << /DisplayDocTitle true >>%s >>"
    )
    meta = shared + len(objects)
    extra = b"" if attached is None else _attach(objects, meta, attached, about.made_s)
    objects.append(catalogue % (kids, meta, about.language.encode(), extra))
    return _written(begun, objects)


class _Begun(NamedTuple):
    """How files with the same fonts begin, and where the objects in it are."""

    data: bytes
    places: tuple[int, ...]


@lru_cache(maxsize=64)
def _begun(more: frozenset[str]) -> _Begun:
    head = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    parts, places = _numbered([*_font_objects(more), _RESOURCES], 1, len(head))
    return _Begun(b"".join([head, *parts]), tuple(places))


def _numbered(objects: Sequence[bytes], first: int, at: int) -> tuple[list[bytes], list[int]]:
    """Return objects as they are written from a place on, with their numbers, and their places."""
    parts, places = [], []
    for number, each in enumerate(objects, start=first):
        part = b"%d 0 obj\n%s\nendobj\n" % (number, each)
        places.append(at)
        parts.append(part)
        at += len(part)
    return parts, places


def _packed(content: bytes) -> bytes:
    """Compress a page quickly: with codes that are the same for all, it is a quarter larger."""
    packing = zlib.compressobj(_QUICK, zlib.DEFLATED, zlib.MAX_WBITS, 8, zlib.Z_FIXED)
    return packing.compress(content) + packing.flush()


def _stream(head: bytes, data: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (head, len(data), data)


def _written(begun: _Begun, objects: Sequence[bytes]) -> bytes:
    """Put objects together to a file; the last is its catalogue."""
    count = len(begun.places) + len(objects) + 1
    parts, places = _numbered(objects, len(begun.places) + 1, len(begun.data))
    at = places[-1] + len(parts[-1])
    mark = hashlib.sha256(b"".join(objects)).hexdigest()[:32].encode()
    rows = b"".join([b"%010d 00000 n \n" % place for place in (*begun.places, *places)])
    end = (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root %d 0 R /ID [<%s> <%s>] >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (count, rows, count, count - 1, mark, mark, at)
    )
    return b"".join([begun.data, *parts, end])


@lru_cache(maxsize=64)
def _font_objects(more: frozenset[str]) -> tuple[bytes, ...]:
    """Return the objects of both fonts, numbered from 1."""
    found: list[bytes] = []
    for font in fonts(more).values():
        found += _one_font(font, len(found) + 1)
    return tuple(found)


def _one_font(font: Font, first: int) -> list[bytes]:
    """Return the objects of a font: itself, its glyphs' font, descriptor, file and two maps."""
    name = font.name.encode()
    widths = b" ".join(b"%d [%d]" % (ord(each), w) for each, w in font.widths.items())
    box = b" ".join(b"%d" % edge for edge in font.box)
    flate = b"/Filter /FlateDecode"
    return [
        b"<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H"
        b" /DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>" % (name, first + 1, first + 5),
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo << /Registry (Adobe)"
        b" /Ordering (Identity) /Supplement 0 >> /FontDescriptor %d 0 R /DW 600 /W [%s]"
        b" /CIDToGIDMap %d 0 R >>" % (name, first + 2, widths, first + 4),
        b"<< /Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [%s] /ItalicAngle 0"
        b" /Ascent %d /Descent %d /CapHeight 729 /StemV 80 /FontFile2 %d 0 R >>"
        % (name, box, font.ascent, font.descent, first + 3),
        _stream(b"%s /Length1 %d" % (flate, font.length), font.file),
        _stream(flate, font.glyphs),
        _stream(flate, font.told),
    ]


def _attach(objects: list[bytes], count: int, attached: Attached, made_s: int) -> bytes:
    """Add an attachment after ``count`` objects; return what the catalogue says of it."""
    day = datetime.fromtimestamp(made_s, UTC).strftime("D:%Y%m%d%H%M%SZ").encode()
    params = b"/Params << /Size %d /ModDate (%s) >>" % (len(attached.data), day)
    head = b"/Type /EmbeddedFile /Subtype /text#2Fxml /Filter /FlateDecode %s" % params
    objects.append(_stream(head, zlib.compress(attached.data)))
    name, file = attached.name.encode(), count + 1
    objects.append(
        b"<< /Type /Filespec /F (%s) /UF (%s) /Desc (%s) /AFRelationship /Alternative"
        b" /EF << /F %d 0 R /UF %d 0 R >> >>" % (name, name, attached.told.encode(), file, file)
    )
    told = count + 2
    return b" /AF [%d 0 R] /Names << /EmbeddedFiles << /Names [(%s) %d 0 R] >> >>" % (
        told,
        name,
        told,
    )


def _metadata(about: About, attached: Attached | None) -> bytes:
    made = _instant(about.made_s)
    told = _template("metadata.xml").format(
        title=escape(about.title),
        author=escape(about.author),
        made=made,
        attached="" if attached is None else _template("facturx.xml").format(name=attached.name),
    )
    return told.encode()


@lru_cache(maxsize=64)
def _instant(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=2)
def _template(name: str) -> str:
    return files("gridpact.app.invoicing").joinpath(f"templates/{name}").read_text("utf-8")
