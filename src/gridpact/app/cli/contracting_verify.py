"""``gridpact contract verify``: whether a document binds its parties."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gridpact.agreements.documents import verify
from gridpact.app.cli.contracting_files import FILE, open_document
from gridpact.app.cli.output import mark, output_options, say, say_json


@click.command(
    "verify",
    short_help="Check a document and its signatures.",
    epilog="\b\nExample:\n  gridpact contract verify roof.json",
)
@click.argument("file", type=FILE)
@output_options
def verify_document(file: Path, as_json: bool, quiet: bool) -> None:
    """Check everything that makes the document in FILE binding: terms, fields and signatures."""
    checks = verify(open_document(file))
    if as_json:
        say_json([{"name": c.name, "holds": c.holds, "detail": c.detail} for c in checks])
    width = max(len(check.name) for check in checks)
    for check in checks:
        if not as_json and (not quiet or not check.holds):
            say(f"{mark(good=check.holds)} {check.name:<{width}}  {check.detail}")
    sys.exit(0 if all(check.holds for check in checks) else 1)
