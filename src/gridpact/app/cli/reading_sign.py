"""``gridpact readings key``, ``state``, ``devices`` and ``sign``: readings signed by devices."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gridpact.app import folder
from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.cli.reading_options import AUTHORITY, FILE, SINCE, STATEMENTS
from gridpact.app.readings import device_keys, signed_files, signing
from gridpact.base.slots import iso
from gridpact.metering.edge.records import to_bytes
from gridpact.metering.edge.statements import terms
from gridpact.metering.formats import files
from gridpact.metering.formats import mapping as mappings

KEY = click.option("--key", "key_file", required=True, type=FILE, help="Its secret key.")
LISTED = click.argument("file", metavar="DEVICES", type=FILE)


@click.command(
    short_help="Make a key of a device or an authority.",
    epilog="\b\nExample:\n  gridpact readings key meter.key",
)
@click.argument("file", type=FILE)
@output_options
def key(file: Path, as_json: bool, quiet: bool) -> None:
    """Make an Ed25519 key in the new FILE, readable by you alone; show its public key.

    Keep FILE secret: who has it signs in the device's name. The public key, which others need, is
    also kept in a file beside it, such as meter.pub beside meter.key.
    """
    public = device_keys.create(file)
    if as_json:
        say_json({"file": str(file), "public": public})
    elif not quiet:
        say(public)


@click.command(
    short_help="State which device reads a point.",
    epilog="""\b
Example:
  gridpact readings state d.jsonl --key a.key --point b --device m.pub --from 2026-03-01T00:00""",
)
@LISTED
@KEY
@click.option("--point", required=True, metavar="ID", help="The metering point.")
@click.option(
    "--device", "device", required=True, type=FILE, metavar="FILE", help="Its public key."
)
@click.option("--from", "since", required=True, type=MOMENT, help="First instant, by UTC.")
@output_options
def state(
    file: Path,
    key_file: Path,
    point: str,
    device: Path,
    since: datetime,
    as_json: bool,
    quiet: bool,
) -> None:
    """State, with an authority's key, that a device reads a point, and add that to DEVICES.

    From then on the readings of a device that was there before are no longer the point's.
    """
    authority = device_keys.load(key_file)
    from_s = epoch_of(since, "UTC", "--from")
    public = signed_files.read_key(device)
    made = signing.add_statement(file, authority, point, public, from_s)
    if as_json:
        say_json(_stated(made.point, made.device, made.from_s, None))
    elif not quiet:
        words = f"{made.point} is read by ed25519:{made.device.hex()[:12]}…"
        say(f"{mark(good=True)} {harmless(f'{words} from {iso(made.from_s)} on')}")


@click.command(
    short_help="List which device reads which point.",
    epilog="\b\nExample:\n  gridpact readings devices devices.jsonl --authority authority.pub",
)
@LISTED
@AUTHORITY
@output_options
def devices(file: Path, authority: Path, as_json: bool, quiet: bool) -> None:
    """Check an authority's statements in DEVICES, and list which device reads which point when."""
    known = signed_files.read_statements(file, signed_files.read_key(authority))
    found = [
        (each.statement.point, each.statement.device, each.statement.from_s, each.until_s)
        for each in terms(known)
    ]
    if as_json:
        say_json([_stated(*each) for each in found])
    elif not quiet:
        rows = [("point", "from", "until", "device")]
        for point, device, begin, until in found:
            end = "-" if until is None else iso(until)
            rows.append((point, iso(begin), end, f"ed25519:{device.hex()}"))
        for line in [*aligned(rows), "", counted(len(found), "statement")]:
            say(harmless(line.rstrip()))


def _stated(point: str, device: bytes, from_s: int, until_s: int | None) -> dict[str, object]:
    until = None if until_s is None else iso(until_s)
    public = f"ed25519:{device.hex()}"
    return {"point": point, "device": public, "from": iso(from_s), "until": until}


@click.command(
    short_help="Sign readings as a device would.",
    epilog="""\b
Example:
  gridpact readings sign m.csv --map map.yaml --key m.key --statements d.jsonl --authority a.pub""",
)
@click.argument("file", type=FILE)
@click.option("--map", "map_file", required=True, type=FILE, help="YAML file: how to read FILE.")
@click.option("--point", metavar="ID", help="The metering point.  [default: the only one]")
@KEY
@STATEMENTS
@AUTHORITY
@SINCE
@click.option("--out", type=FILE, metavar="FILE", help="Write here.  [default: FILE as .signed]")
@output_options
def sign(
    file: Path,
    map_file: Path,
    point: str | None,
    key_file: Path,
    statements: Path,
    authority: Path,
    since: Path | None,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Sign the readings of a point in FILE, one after the other, as its device would.

    This is for trying what signatures show. A device signs what it measures as it measures it.
    """
    readings = files.read(file, mappings.load(map_file))
    known = signed_files.read_statements(statements, signed_files.read_key(authority))
    heads = () if since is None else signed_files.read_heads(since)
    private = device_keys.load(key_file)
    records = signing.sign(readings.intervals, point, private, known, heads, str(file))
    out = out or file.with_suffix(".signed")
    folder.write_new(out, to_bytes(records))
    if as_json:
        say_json({"file": str(out), "readings": len(records)})
    elif not quiet:
        told = f"{out}: {counted(len(records), 'signed reading')}"
        say(f"{mark(good=True)} {harmless(told)}")
