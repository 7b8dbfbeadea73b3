"""``gridpact ledger status``, ``verify`` and ``export``: a ledger looked into and recomputed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click

from gridpact.app import folder
from gridpact.app.cli.layout import counted
from gridpact.app.cli.ledgering_options import FILE, LEDGER
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.ledgers import governing, home
from gridpact.base.errors import LedgerDamaged
from gridpact.base.slots import iso
from gridpact.ledger.chain import Block
from gridpact.ledger.entries import canonical, tag_of
from gridpact.ledger.state.state import State

SEGMENTS = click.option(
    "--segments",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder with segments of the past; again for each.",
)


@click.command(
    short_help="Show where a ledger stands.",
    epilog="\b\nExample:\n  gridpact ledger status runs/demo",
)
@LEDGER
@output_options
def status(place: Path, as_json: bool, quiet: bool) -> None:
    """Show a ledger's last block and root, who keeps it, and what its entries have come to.

    Nothing is recomputed: 'gridpact ledger verify' does that.
    """
    about = home.read(place)
    with home.opened(place) as ledger:
        head, state = ledger.head(), ledger.state()
        at = ledger.block(head.height).at if head.height else None
        kept_by = ledger.public_key
    chain, stopped = dict[str, object](), list[str]()
    if about.chain:
        stopped = governing.front_of(place).stopped()
        chain = {"node": about.chain.node, "contract": str(kept_by), "stopped": stopped}
    facts = {
        "name": about.name,
        "founder": about.founder,
        "blocks": head.height,
        "entries": head.size,
        "root": head.root.hex(),
        "last": None if at is None else iso(at),
        "state": _state(state),
        **chain,
    }
    if as_json:
        say_json(facts)
    elif not quiet:
        say(harmless(f"{about.name}, begun with {about.founder}"))
        last = "" if at is None else f", the last of {iso(at)}"
        say(f"  {counted(head.height, 'block')}, {counted(head.size, 'entry', 'entries')}{last}")
        say(f"  root {head.root.hex()}")
        on_chain = [f"kept by {chain['contract']}, read from {chain['node']}"] if chain else []
        for line in [*on_chain, *_stopped(stopped), *_lines(state)]:
            say(f"  {harmless(line)}")


def _stopped(names: list[str]) -> list[str]:
    """Name what of a ledger on a chain takes nothing now, ``ledger`` for all of it."""
    told = ", ".join("all of it" if name == "ledger" else f"the room {name}" for name in names)
    return [f"stopped: {told}; see 'gridpact ledger govern show'"] if names else []


def _state(state: State) -> dict[str, object]:
    if not state.founded:
        return {}
    return {
        "authorities": sorted(state.authorities),
        "quorum": state.quorum,
        "participants": dict(Counter(p.status for p in state.participants.rows.values())),
        "agreements": len(state.agreements),
        "anchors": len(state.anchors),
        "certificates": len(state.issues),
        "tokens": dict(sorted(state.supply.rows.items())),
        "patches": dict(Counter(p.status for p in state.patches.rows.values())),
    }


def _lines(state: State) -> list[str]:
    if not state.founded:
        return ["kept by this one key: nothing is asked of who acts"]
    names = ", ".join(sorted(state.authorities))
    people = Counter(p.status for p in state.participants.rows.values())
    told = ", ".join(f"{count} {status}" for status, count in sorted(people.items())) or "none"
    found = [f"authorities {names}; {state.quorum} decide together", f"participants: {told}"]
    for noun, table in (
        ("agreement", state.agreements),
        ("anchored root", state.anchors),
        ("certificate", state.issues),
        ("patch", state.patches),
    ):
        if len(table):
            found.append(counted(len(table), noun, "patches" if noun == "patch" else ""))
    found += [f"{units} {token} of tokens" for token, units in sorted(state.supply.rows.items())]
    return found


@click.command(
    short_help="Recompute a ledger from its first entry on.",
    epilog="""\b
Examples:
  gridpact ledger verify lane-ledger --jobs 4
  gridpact ledger verify lane-ledger --segments archive --root 9245bdcb…""",
)
@LEDGER
@SEGMENTS
@click.option("--root", metavar="HEX", default="", help="A root that you saw; it must be there.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    default=1,
    show_default=True,
    help="Check signatures in N processes; what is found is the same.",
)
@output_options
def verify(
    place: Path, segments: tuple[Path, ...], root: str, jobs: int, as_json: bool, quiet: bool
) -> None:
    """Recompute every hash, signature and act of a ledger, and name the first that does not hold.

    Of entries that have left for an archive, blocks are checked in any case, and what is in them
    with --segments.
    """
    with home.opened(place, segments=segments) as ledger:
        found = ledger.examine(jobs=jobs)
        seen = not root or _seen(ledger.block, found.head.height, root)
    if not seen:
        raise LedgerDamaged(f"no block of this ledger has a root that begins with {root}")
    if as_json:
        say_json(
            {
                "blocks": found.head.height,
                "entries": found.head.size,
                "recomputed": found.entries,
                "unread": [each.file for each in found.unread],
                "root": found.head.root.hex(),
            }
        )
    elif not quiet:
        size = counted(found.entries, "entry", "entries")
        say(f"{mark(good=True)} {counted(found.head.height, 'block')} and {size} recomputed")
        for each in found.unread:
            say(f"  entries {each.first_index} to {each.size - 1} are in {each.file}, not read")
        say(f"  root {found.head.root.hex()}")


def _seen(block: Callable[[int], Block], height: int, root: str) -> bool:
    return any(
        block(each).tree_root.hex().startswith(root.lower().rstrip("…"))
        for each in range(height, 0, -1)
    )


@click.command(
    short_help="Write all entries as lines of JSON.",
    epilog="\b\nExample:\n  gridpact ledger export lane-ledger --out entries.jsonl",
)
@LEDGER
@SEGMENTS
@click.option("--out", required=True, type=FILE, help="File to write.")
@output_options
def export(place: Path, segments: tuple[Path, ...], out: Path, as_json: bool, quiet: bool) -> None:
    """Write every entry as it was hashed, a line each: canonical JSON, in order.

    The leaf hash of an entry is the SHA-256 of a zero byte and its line, without the line's end.
    """
    with home.opened(place, segments=segments) as ledger:
        entries = ledger.entries()
    kinds = Counter(map(tag_of, entries))
    folder.write_new(out, b"".join(canonical(entry) + b"\n" for entry in entries))
    if as_json:
        say_json({"file": str(out), "entries": len(entries), "kinds": dict(sorted(kinds.items()))})
    elif not quiet:
        size = counted(len(entries), "entry", "entries")
        say(f"{mark(good=True)} {harmless(str(out))}: {size}")
