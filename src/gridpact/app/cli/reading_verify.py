"""``gridpact readings verify``: readings that devices signed."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.cli.reading_options import FILE, trust_options
from gridpact.app.readings.signed_files import (
    as_dict,
    read_heads,
    read_key,
    read_statements,
    read_stream,
)
from gridpact.metering.edge.verification import Verified
from gridpact.metering.edge.verification import verify as verified

SHOWN, FEW = 40, 5


@click.command(
    short_help="Verify readings that devices signed.",
    epilog="""\b
Examples:
  gridpact readings verify march.signed --statements devices.jsonl --authority authority.pub
  gridpact readings verify april.signed --statements d.jsonl --authority a.pub --since m.json""",
)
@click.argument("file", type=FILE)
@trust_options
@output_options
def verify(
    file: Path,
    statements: Path,
    authority: Path,
    since: Path | None,
    due: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Check signatures, sequences and hashes of the signed readings in FILE.

    Told are readings that were changed, left out, repeated, or signed by another device than the
    point's, each at its place in FILE, the first being 0. The exit code is then 1.
    """
    known = read_statements(statements, read_key(authority))
    heads, least = (() if path is None else read_heads(path) for path in (since, due))
    done = verified(read_stream(file), known, heads=heads, due=least)
    if as_json:
        say_json(as_dict(done))
    else:
        for line in _lines(done):
            if done.found or not quiet:
                say(line)
    sys.exit(1 if done.found else 0)


def _lines(done: Verified) -> list[str]:
    sound = f"{int(done.sound.sum()):,} of {counted(len(done.sound), 'reading')} are sound"
    return [*found_lines(done), f"{mark(good=not done.found)} {sound}", *_pause_lines(done)]


def _pause_lines(done: Verified) -> list[str]:
    """Lines of the times of which devices signed nothing: no fault, but to be known."""
    shown = done.pauses[:FEW]
    lines = [harmless(f"  {each.point}: {each.words}") for each in shown]
    if len(done.pauses) > FEW:
        lines.append(f"  … and {len(done.pauses) - FEW:,} more pauses: --json")
    return lines


def found_lines(done: Verified) -> list[str]:
    """Lines of a table of what was found, none where nothing was."""
    rows = [("reading", "finding", "point", "")]
    rows += [(f"{each.row:,}", each.kind, each.point, each.words) for each in done.found[:SHOWN]]
    lines = [harmless(line.rstrip()) for line in aligned(rows, right=(0,))] if done.found else []
    if len(done.found) > SHOWN:
        lines.append(f"… and {len(done.found) - SHOWN:,} more findings: --json")
    return lines
