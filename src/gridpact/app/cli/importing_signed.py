"""``gridpact import signed``: readings that devices signed, into a store."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from gridpact.app.cli.importing_lines import as_dict, lines_of
from gridpact.app.cli.layout import counted
from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.cli.reading_options import FILE, trust_options
from gridpact.app.cli.reading_verify import found_lines
from gridpact.app.readings import signed_files
from gridpact.app.readings.importing import known_since
from gridpact.app.readings.importing_signed import SignedImported, import_signed
from gridpact.app.readings.signed_news import Trust
from gridpact.app.readings.witness_file import Testimony, read_witnesses
from gridpact.base.slots import iso
from gridpact.metering.store.store import Store
from gridpact.metering.witnesses import Dispute

DISPUTES_SHOWN = 12
GAPS_SHOWN = 12


@click.command(
    short_help="Import readings that devices signed.",
    epilog="""\b
Examples:
  gridpact import signed m.signed --statements d.jsonl --authority a.pub --into store
  gridpact import signed m.signed --statements d.jsonl --authority a.pub --into store --commit""",
)
@click.argument("file", type=FILE)
@trust_options
@click.option("--witnesses", type=FILE, metavar="FILE", help="YAML file of who measured as well.")
@click.option("--into", "url", required=True, metavar="STORE", help="Store: a folder or URL.")
@click.option("--commit", is_flag=True, help="Store the readings.")
@click.option("--known-at", type=MOMENT, help="When the file became known, by UTC.  [default: now]")
@output_options
def signed(
    file: Path,
    statements: Path,
    authority: Path,
    since: Path | None,
    due: Path | None,
    witnesses: Path | None,
    url: str,
    commit: bool,
    known_at: datetime | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Verify the signed readings in FILE, hold them against witnesses, and store them.

    STORE remembers the chains of devices: what it has already changes nothing, and gaps and forks
    are found over several files. What no signature vouches for is left out. What a device
    contradicts itself in, and what witnesses dispute, is stored as suspect. The exit code is 1
    where anything is found. With --commit, FILE is stored whole or not at all.

    --since says where chains ended of which STORE knows nothing.
    """
    trust = Trust(
        statements=signed_files.read_statements(statements, signed_files.read_key(authority)),
        heads=() if since is None else signed_files.read_heads(since),
        due=() if due is None else signed_files.read_heads(due),
        witnesses=None if witnesses is None else read_witnesses(witnesses),
    )
    store = Store.open(url)
    given = None if known_at is None else epoch_of(known_at, "UTC", "--known-at")
    done = import_signed(store, file, trust, known_since(store, given), commit=commit)
    if as_json:
        say_json(_as_dict(done))
    elif not quiet:
        first, *rest = _lines(done)
        say(f"{mark(good=not done.verified.found)} {harmless(first)}")
        for line in rest:
            say(line)
        if not commit:
            say("nothing was stored: add --commit to store this")
    disputes = done.testimony.attested.disputes if done.testimony else ()
    sys.exit(1 if done.verified.found or disputes else 0)


def _lines(done: SignedImported) -> list[str]:
    verified = done.verified
    first, *rest = lines_of(done.imported)
    sound = f"{int(verified.sound.sum()):,} of {counted(len(verified.sound), 'reading')} are sound"
    said = _said(done.testimony) if done.testimony else []
    rest = [harmless(line) for line in (*rest, *said)]
    return [first, *rest, *found_lines(verified), sound, *_chain_lines(done)]


def _chain_lines(done: SignedImported) -> list[str]:
    """What the store had of it already, and which gaps of the chains are closed or open."""
    known = f"{done.known:,} of {counted(len(done.verified.sound), 'reading')} were stored before"
    filled = [
        f"  {point}: {_span(first, last)} came late and {_are(first, last)} there now"
        for point, first, last in done.filled
    ]
    still = [
        f"  {chain.point}: {_span(first, last)} {_are(first, last)} still missing"
        for chain in done.chains
        for first, last in chain.missing()
    ]
    more = len(still) - GAPS_SHOWN
    rest = [f"  … and {more:,} more gaps: --json"] if more > 0 else []
    lines = [*([known] if done.known else []), *filled, *still[:GAPS_SHOWN], *rest]
    return [harmless(line) for line in lines]


def _span(first: int, last: int) -> str:
    return f"sequence {first}" if first == last else f"sequences {first} to {last}"


def _are(first: int, last: int) -> str:
    return "is" if first == last else "are"


def _said(testimony: Testimony) -> list[str]:
    """What witnesses confirm and dispute, and who is suspected."""
    attested = testimony.attested
    confirmed, told = int(attested.confirmed.sum()), int((attested.asked > 0).sum())
    disputes = attested.disputes
    slots = counted(len(disputes), "slot")
    lines = [f"    witnesses: {confirmed:,} of {told:,} values confirmed, {slots} disputed"]
    lines += [f"      {_dispute(testimony, each)}" for each in disputes[:DISPUTES_SHOWN]]
    more = len(disputes) - DISPUTES_SHOWN
    return [*lines, *([f"      … and {more:,} more: --json"] if more > 0 else [])]


def _dispute(testimony: Testimony, dispute: Dispute) -> str:
    at = iso(int(testimony.slots.starts()[dispute.slot]))
    verb = "disagrees" if len(dispute.witnesses) == 1 else "disagree"
    blamed = " or ".join(" with ".join(each) for each in _names(testimony, dispute))
    why = f"an error of {blamed} would explain it" if blamed else "more than two must err"
    return f"{at}: {', '.join(dispute.witnesses)} {verb}; {why}"


def _names(testimony: Testimony, dispute: Dispute) -> list[list[str]]:
    """Explanations, each a list of suspects; those that nothing tells apart are joined by a /."""
    return [
        [
            "/".join((*(testimony.points[row] for row in one.points), *one.witnesses))
            for one in explanation
        ]
        for explanation in dispute.explanations
    ]


def _as_dict(done: SignedImported) -> dict[str, object]:
    found = {
        **signed_files.as_dict(done.verified),
        "known": done.known,
        "filled": [
            {"point": point, "first": first, "last": last} for point, first, last in done.filled
        ],
        "missing": [
            {"point": chain.point, "first": first, "last": last}
            for chain in done.chains
            for first, last in chain.missing()
        ],
        "import": as_dict(done.imported),
    }
    if done.testimony is not None:
        said = done.testimony
        found["witnesses"] = {
            "confirmed": int(said.attested.confirmed.sum()),
            "asked": int((said.attested.asked > 0).sum()),
            "disputes": [
                {
                    "slot": iso(int(said.slots.starts()[each.slot])),
                    "witnesses": each.witnesses,
                    "explanations": _names(said, each),
                }
                for each in said.attested.disputes
            ],
        }
    return found
