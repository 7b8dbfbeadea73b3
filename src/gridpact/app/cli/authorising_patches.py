"""``gridpact authority patch``: patches of rules and software, which a quorum decides on."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import click

from gridpact.app.cli.layout import aligned
from gridpact.app.cli.ledgering_options import FILE, LEDGER, Acting, act, acting_options
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.ledgers import home
from gridpact.base.errors import StoreError
from gridpact.base.files import read_regular
from gridpact.ledger.kinds.patches import (
    STEPS,
    PatchActivated,
    PatchApproved,
    PatchProposed,
    PatchUndone,
)

MOST_BYTES = 1 << 30
PATCH = click.argument("patch", metavar="PATCH")


@click.group(short_help="Propose, approve, activate and undo patches.")
def patch() -> None:
    """Change rules or software by patches: proposed by one authority, approved by a quorum.

    The ledger holds the SHA-256 of the file that says what changes, and who approved when and why.
    """


@patch.command(
    short_help="Propose a patch, and approve of it.",
    epilog="""\b
Example:
  gridpact authority patch propose l rules/7 --content rules.diff --as a=a.key --why faster""",
)
@LEDGER
@PATCH
@click.option("--content", required=True, type=FILE, help="The file that says what changes.")
@acting_options
def propose(place: Path, patch: str, content: Path, doing: Acting) -> None:
    """Propose PATCH, a new name; whoever proposes approves of it."""
    try:
        digest = sha256(read_regular(content, MOST_BYTES)).digest()
    except OSError as error:
        raise StoreError(f"cannot read {content}: {error.strerror or error}") from error
    act(place, doing, [PatchProposed(patch, digest)], f"patch {patch} is proposed")


@patch.command(
    short_help="Approve that a patch is activated, or undone.",
    epilog="""\b
Example:
  gridpact authority patch approve lane-ledger rules/7 --as b=b.key --why tested""",
)
@LEDGER
@PATCH
@click.option("--step", type=click.Choice(STEPS), default="activate", show_default=True)
@acting_options
def approve(place: Path, patch: str, step: str, doing: Acting) -> None:
    """Approve of PATCH, each authority once for each step."""
    told = f"patch {patch}: it is approved to {step} it"
    act(place, doing, [PatchApproved(patch, step)], told)


@patch.command(
    short_help="Let an approved patch apply.",
    epilog="""\b
Example:
  gridpact authority patch activate lane-ledger rules/7 --as a=a.key --why approved""",
)
@LEDGER
@PATCH
@acting_options
def activate(place: Path, patch: str, doing: Acting) -> None:
    """Let PATCH apply from now on, which a quorum approved."""
    act(place, doing, [PatchActivated(patch)], f"patch {patch} is active")


@patch.command(
    short_help="Let a patch apply no longer.",
    epilog="""\b
Example:
  gridpact authority patch undo lane-ledger rules/7 --as a=a.key --why broken""",
)
@LEDGER
@PATCH
@acting_options
def undo(place: Path, patch: str, doing: Acting) -> None:
    """Let PATCH apply no longer, which a quorum approved with --step undo."""
    act(place, doing, [PatchUndone(patch)], f"patch {patch} is undone")


@patch.command(
    "list",
    short_help="List patches and who approved.",
    epilog="\b\nExample:\n  gridpact authority patch list lane-ledger",
)
@LEDGER
@output_options
def list_(place: Path, as_json: bool, quiet: bool) -> None:
    """List all patches, how each stands, and who approved of its next step."""
    with home.opened(place) as ledger:
        state = ledger.state()
    rows = [
        (name, one.status, one.content.hex(), state.approvals.at((name, step), ()))
        for name, one in sorted(state.patches.rows.items())
        for step in ("activate" if one.status == "proposed" else "undo",)
    ]
    if as_json:
        names = ("patch", "status", "content", "approved")
        say_json([dict(zip(names, row, strict=True)) for row in rows])
    elif not quiet:
        lines = [(name, status, ", ".join(by)) for name, status, _, by in rows]
        for line in aligned([("patch", "is", "next step approved by"), *lines]):
            say(harmless(line))
