"""Run the Python examples of the documentation and write below each what it prints.

An example is a ``python`` block with a ``text`` block right below it. Blocks of a page share their
names, so a later one may go on from an earlier. A page whose examples need an optional library that
is not here stays as it is.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys

from docs_blocks import ROOT, Pages, main

from gridpact.base.errors import BadInput

BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```\n(?:\n^```text\n(?P<shown>.*?)^```$)?", re.DOTALL | re.MULTILINE
)


def printed(code: str, names: dict[str, object]) -> str:
    """What a piece of code prints; its names are added to ``names``."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(code, names)  # noqa: S102 - the documentation's own code
    return told.getvalue()


def with_output(page: str) -> str:
    """A page with what its examples print now."""
    names: dict[str, object] = {"__name__": "example"}

    def block(found: re.Match[str]) -> str:
        now, shown = printed(found["code"], names), found["shown"]
        if shown is None:
            return found[0]
        return found[0].replace(f"```text\n{shown}", f"```text\n{now}")

    return BLOCK.sub(block, page)


def refreshed() -> Pages:
    """Every page that has examples with output."""
    pages = {}
    for path in sorted((ROOT / "docs").glob("*.md")):
        page = path.read_text(encoding="utf-8")
        if any(found["shown"] is not None for found in BLOCK.finditer(page)):
            try:
                pages[path] = with_output(page)
            except BadInput as missing:
                print(f"{path.name} stays as it is: {missing.faults[0].problem}", file=sys.stderr)
    return pages


if __name__ == "__main__":
    main(__doc__, refreshed)
