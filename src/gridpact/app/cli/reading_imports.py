"""``gridpact readings imports``: which files a store's readings came from."""

from __future__ import annotations

import click
from msgspec import to_builtins

from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.base.slots import iso
from gridpact.metering.store.log import Imported
from gridpact.metering.store.store import Store


@click.command(
    short_help="List what was imported.",
    epilog="\b\nExample:\n  gridpact readings imports readings",
)
@click.argument("url", metavar="STORE")
@output_options
def imports(url: str, as_json: bool, quiet: bool) -> None:
    """List what was imported into STORE, when it became known, and how much it changed."""
    found = Store.open(url).log.imports
    if as_json:
        say_json([{**to_builtins(one), "known_at": iso(one.known_s)} for one in found])
    elif not quiet:
        for line in _lines(found):
            say(harmless(line))


def _lines(found: tuple[Imported, ...]) -> list[str]:
    if not found:
        return ["nothing was imported yet"]
    head = ("import", "file", "known since", "new", "corrected", "same", "SHA-256")
    rows = [
        (
            str(one.number),
            one.source,
            iso(one.known_s),
            *(f"{count:,}" for count in (one.new, one.corrected, one.same)),
            f"{one.digest[:12]}…",
        )
        for one in found
    ]
    return [*aligned([head, *rows], right=(0, 3, 4, 5)), "", counted(len(found), "import")]
