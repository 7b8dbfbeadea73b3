"""Pages drawn from texts and rectangles; lengths in points, downwards from the upper left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from gridpact.app.invoicing.pdf.file import A4
from gridpact.app.invoicing.pdf.fonts import BOLD, REGULAR, Font

INK, SOFT, LINE, TINT, MARK = "#1b1f24", "#57606a", "#d8dee4", "#f3f5f7", "#00704f"
Look: TypeAlias = tuple[str, str]
PLAIN, HEAVY, FAINT, MARKED = (REGULAR, INK), (BOLD, INK), (REGULAR, SOFT), (BOLD, MARK)
LEFT, RIGHT, TOP, BOTTOM = 50.0, 545.0, 50.0, 785.0
FOOT = 812.0
_HEIGHT = A4[1]
_TENTHS = 10  # parts of a point that texts are placed in
_FINE = 50  # whole parts of a point that rectangles are drawn in: quicker to write than decimals


class Drawing:
    """Pages that are drawn one after the other; ``y`` is how far down the page is full."""

    def __init__(self, fonts: Mapping[str, Font]) -> None:
        self.fonts = fonts
        self.y = TOP
        self._pages: list[tuple[list[str], list[str]]] = []
        self.turn()

    def turn(self) -> None:
        """Go on with a new page."""
        self._shapes: list[str] = [f"q {1 / _FINE:g} 0 0 {1 / _FINE:g} 0 0 cm /C cs"]
        self._texts: list[str] = [f"q {1 / _TENTHS:g} 0 0 {1 / _TENTHS:g} 0 0 cm BT /C cs"]
        self._pages.append((self._shapes, self._texts))
        self._filled, self._typed = "", (0.0, PLAIN)
        self.y = TOP

    def room(self, height: float) -> None:
        """Turn the page unless there is room of a height, or the page is empty."""
        if self.y + height > BOTTOM and self.y > TOP:
            self.turn()

    def text(self, x: float, y: float, text: str, size: float = 9, look: Look = PLAIN) -> None:
        """Write a text whose line is at ``y``; ``look`` is font and colour."""
        if (size, look) != self._typed:
            self._typed = (size, look)
            self._texts.append(f"/{look[0]} {_TENTHS * size:g} Tf {_rgb(look[1])} sc")
        code = text.encode("utf-16-be").hex()
        at = f"{int(_TENTHS * x)} {int(_TENTHS * (_HEIGHT - y))}"
        self._texts.append(f"1 0 0 1 {at} Tm<{code}>Tj")

    def right(self, x: float, y: float, text: str, size: float = 9, look: Look = PLAIN) -> None:
        """Write a text that ends at ``x``."""
        self.text(x - self.fonts[look[0]].width(text, size), y, text, size, look)

    def box(self, x: float, y: float, size: tuple[float, float], colour: str) -> None:
        """Fill a rectangle whose upper left is at ``x`` and ``y``, of a width and height."""
        self.boxes([(x, y, *size)], colour)

    def boxes(self, some: Sequence[tuple[float, float, float, float]], colour: str) -> None:
        """Fill rectangles, each with ``x`` and ``y`` of its upper left, width and height."""
        if colour != self._filled:
            self._filled = colour
            self._shapes.append(f"{_rgb(colour)} sc")
        edges = [
            edge for x, y, w, h in some
            for edge in (x * _FINE, (_HEIGHT - y - h) * _FINE, w * _FINE, h * _FINE)
        ]  # fmt: skip
        self._shapes.append("%d %d %d %d re\n" * len(some) % (*edges,) + "f")

    def lines(self, some: Sequence[float], thick: float = 0.5) -> None:
        """Draw lines over the width of the page, each at its ``y``."""
        self.boxes([(LEFT, y, RIGHT - LEFT, thick) for y in some], LINE)

    def wrapped(
        self, x: float, text: str, width: float, size: float = 9, look: Look = PLAIN
    ) -> None:
        """Write a text over as many lines as it needs, from ``y`` on, and go below it."""
        for each in wrap(text, self.fonts[look[0]], size, width):
            self.y += size * 1.35
            self.text(x, self.y, each, size, look)

    def pages(self, foot: str) -> list[bytes]:
        """Return the content of all pages, with a foot that tells ``{page}`` and ``{pages}``."""
        count = len(self._pages)
        found = []
        for number, (shapes, texts) in enumerate(self._pages, start=1):
            self._texts, self._typed = texts, (0.0, PLAIN)
            told = foot.replace("{page}", str(number)).replace("{pages}", str(count))
            self.right(RIGHT, FOOT, told, 7.5, (REGULAR, SOFT))
            found.append("\n".join([*shapes, "Q", *texts, "ET Q"]).encode())
        return found


@lru_cache(maxsize=64)
def _rgb(colour: str) -> str:
    parts = (int(colour[first : first + 2], 16) / 255 for first in (1, 3, 5))
    return " ".join(f"{part:.3f}" for part in parts)


def wrap(text: str, font: Font, size: float, width: float) -> list[str]:
    """Break a text into lines of at most a width; a word that is longer is broken as well."""
    if font.width(text, size) <= width:
        return [text]
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if font.width(longer, size) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        while font.width(word, size) > width and len(word) > 1:
            most = next(
                n
                for n in range(len(word) - 1, 0, -1)
                if n == 1 or font.width(word[:n], size) <= width
            )
            lines.append(word[:most])
            word = word[most:]  # noqa: PLW2901 - what is left of it
        line = word
    return [*lines, line]
