"""Tables for people: aligned columns, and money with every decimal it has and none it lacks."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from gridpact.base.units import NANO_PER_UNIT

_DIGITS = len(str(NANO_PER_UNIT)) - 1
_FEWEST = 2
WIDTH = 92


def aligned(rows: Sequence[Sequence[str]], right: Sequence[int] = (), indent: int = 0) -> list[str]:
    """Return rows as lines whose columns are as wide as their widest cell; some to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(" " * indent + "  ".join(cells).rstrip())
    return lines


def wrapped(text: str) -> list[str]:
    """Break a text at its spaces into lines of at most WIDTH characters."""
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def command_lines(command: str, words: Sequence[str]) -> list[str]:
    """Return a command of the shell with its words, continued where a line would be too long."""
    lines = [command]
    for word in words:
        if len(lines[-1]) + len(word) + 3 > WIDTH:
            lines[-1] += " \\"
            lines.append(f"    {word}")
        else:
            lines[-1] += f" {word}"
    return lines


def counted(count: int, what: str, several: str = "") -> str:
    """Write how many of something there are; ``several`` where it is not ``what`` with an s."""
    return f"{count:,} {what if count == 1 else several or f'{what}s'}"


def money(values: Sequence[int]) -> list[str]:
    """Write amounts [nano-¤] of one column, exactly and with as many decimals each."""
    digits = max([_FEWEST, *(_decimals(value) for value in values)])
    return [_exact(value, digits) for value in values]


def _decimals(nano: int) -> int:
    digits = str(abs(nano) % NANO_PER_UNIT).rjust(_DIGITS, "0").rstrip("0")
    return len(digits)


def _exact(nano: int, digits: int) -> str:
    whole, rest = divmod(abs(nano), NANO_PER_UNIT)
    decimals = str(rest).rjust(_DIGITS, "0")[:digits]
    return f"{'-' if nano < 0 else ''}{whole:,}.{decimals}"
