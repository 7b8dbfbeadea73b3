"""What the documentation scripts share: pages, marked blocks, and writing or checking pages.

A marked block is the text between ``<!-- begin NAME … -->`` and ``<!-- end NAME -->``. A script
owns the text inside; people write everything around it.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).resolve().parents[1]
Pages: TypeAlias = Mapping[Path, str]


def pages(root: Path = ROOT) -> list[Path]:
    """Every page of the documentation, README first."""
    tops = [root / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    return [*(page for page in tops if page.exists()), *sorted((root / "docs").rglob("*.md"))]


def _marks(name: str) -> re.Pattern[str]:
    begin, end = rf"<!-- begin {name}\b[^>]*-->\n", rf"<!-- end {name} -->"
    return re.compile(rf"(?P<begin>{begin})(?P<body>.*?)(?P<end>{end})", re.DOTALL)


def block(text: str, name: str) -> str:
    """Return the inside of a marked block; ValueError where there is not exactly one."""
    found = list(_marks(name).finditer(text))
    if len(found) != 1:
        raise ValueError(f"{len(found)} blocks named {name}; there must be one")
    return found[0]["body"]


def with_block(text: str, name: str, body: str) -> str:
    """Return the page with another inside in a marked block."""
    block(text, name)
    return _marks(name).sub(lambda found: f"{found['begin']}{body}{found['end']}", text)


def stale(written: Pages) -> list[str]:
    """Differences between pages as they are and as they should be, one text a stale page."""
    found = []
    for page, text in written.items():
        have = page.read_text(encoding="utf-8") if page.exists() else ""
        if have != text:
            lines = have.splitlines(), text.splitlines()
            found.append("\n".join(difflib.unified_diff(*lines, str(page), "refreshed", n=0)))
    return found


def main(description: str | None, refreshed: Callable[[], Pages]) -> None:
    """Write the pages that a script refreshes, or with ``--check`` only tell what is stale."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail if stale")
    check = parser.parse_args().check
    try:
        written = refreshed()
    except ValueError as error:
        sys.exit(str(error))
    found = stale(written)
    if check and found:
        sys.exit("\n".join([*found, "The documentation is stale: make docs"]))
    for page, text in written.items():
        page.write_text(text, encoding="utf-8", newline="\n")
