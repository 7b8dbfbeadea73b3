"""Fonts as they are embedded: DejaVu Sans, cut down to the characters that bills need.

Every character is its own code in a text (its number in Unicode), so that a text is written
without looking anything up, and copied from a page as it was written. The fonts come with
matplotlib; their licence lets documents embed them.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

REGULAR, BOLD = "F1", "F2"
_FILES = {REGULAR: "DejaVuSans", BOLD: "DejaVuSans-Bold"}
_TABLES = ("GlyphOrder", "cmap", "glyf", "head", "hhea", "hmtx", "loca", "maxp")
UNKNOWN = "\ufffd"
LATIN = frozenset(
    [*map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x218, 0x21C))), UNKNOWN]
) | frozenset("–—‘’‚“”„•…→−€\u202f")
"""Characters that are always there: those of Latin languages of Europe, and signs."""
_EM, _PLANE, _PART, _SEEN = 1000, 0x10000, 100, 4096


class Font(msgspec.Struct, frozen=True):
    """A font as it is embedded.

    ``widths`` of characters are in thousandths of its size, ``box``, ``ascent`` and ``descent``
    too. ``file``, ``glyphs`` (from codes to glyphs) and ``told`` (from codes to characters) are
    compressed; the file has ``length`` bytes when it is not. ``seen`` remembers how wide texts are.
    """

    name: str
    widths: dict[str, int]
    file: bytes
    length: int
    glyphs: bytes
    told: bytes
    box: tuple[int, ...]
    ascent: int
    descent: int
    seen: dict[str, int] = msgspec.field(default_factory=dict)

    def width(self, text: str, size: float) -> float:
        """Return the width of a text [pt]."""
        units = self.seen.get(text)
        if units is None:
            if len(self.seen) >= _SEEN:
                self.seen.clear()
            units = self.seen[text] = sum(map(self.widths.__getitem__, text))
        return units * size / _EM


@lru_cache(maxsize=64)
def fonts(more: frozenset[str] = frozenset()) -> dict[str, Font]:
    """Return the regular and the bold font, by name, with some more characters than usual."""
    return {name: _font(file, LATIN | more) for name, file in _FILES.items()}


def shown(text: str) -> str:
    """Return a text with a sign for what no page can show: control characters, other planes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        each if each in LATIN or (each.isprintable() and ord(each) < _PLANE) else UNKNOWN
        for each in text
    )


def _font(name: str, characters: frozenset[str]) -> Font:
    import matplotlib as mpl
    from fontTools import subset
    from fontTools.ttLib import TTFont

    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    font = TTFont(path, recalcTimestamp=False)
    options = subset.Options(hinting=False, layout_features=[], notdef_outline=True)
    options.drop_tables = [tag for tag in font.keys() if tag not in _TABLES]  # noqa: SIM118
    options.recalc_timestamp = False
    there = font.getBestCmap()
    cut = subset.Subsetter(options)
    cut.populate(unicodes=sorted(ord(each) for each in characters if ord(each) in there))
    cut.subset(font)
    return _parts(font, name, characters)


def _parts(font: TTFont, name: str, characters: frozenset[str]) -> Font:
    """Take a font that was cut down to pieces."""
    names, metrics, scale = font.getBestCmap(), font["hmtx"].metrics, font["head"].unitsPerEm
    place = font.getReverseGlyphMap()
    widths, glyphs = {}, np.zeros(max(map(ord, characters)) + 1, ">u2")
    for each in sorted(characters):
        glyph = names.get(ord(each), names[ord(UNKNOWN)])
        widths[each] = round(metrics[glyph][0] * _EM / scale)
        glyphs[ord(each)] = place[glyph]
    del font["cmap"]
    stream = io.BytesIO()
    font.save(stream)
    head, line = font["head"], font["hhea"]
    return Font(
        name=f"{_mark(characters)}+{name}",
        widths=widths,
        file=zlib.compress(stream.getvalue(), 9),
        length=len(stream.getvalue()),
        glyphs=zlib.compress(glyphs.tobytes(), 9),
        told=zlib.compress(_unicode(characters), 9),
        box=tuple(round(e * _EM / scale) for e in (head.xMin, head.yMin, head.xMax, head.yMax)),
        ascent=round(line.ascent * _EM / scale),
        descent=round(line.descent * _EM / scale),
    )


def _mark(characters: Iterable[str]) -> str:
    """Return the six letters by which a part of a font is told from others (ISO 32000, 9.6.4)."""
    told = hashlib.sha256("".join(sorted(characters)).encode()).digest()
    return "".join(chr(ord("A") + byte % 26) for byte in told[:6])


def _unicode(characters: Iterable[str]) -> bytes:
    """Return the map from codes to characters, which are the same (ISO 32000, 9.10.3)."""
    codes = [f"<{ord(each):04x}> <{ord(each):04x}>" for each in sorted(characters)]
    parts = [codes[first : first + _PART] for first in range(0, len(codes), _PART)]
    listed = "".join(
        f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar\n" for part in parts
    )
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
        f"{listed}endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode()
