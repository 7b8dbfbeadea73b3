"""``gridpact certificates statement``: an operation, or the sources of a member, in writing."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from gridpact.app.certificates.disclosing import disclosed_by
from gridpact.app.certificates.folder import RegisterFolder
from gridpact.app.certificates.metered import Meters
from gridpact.app.certificates.papers import (
    Paper,
    disclosure_paper,
    operation_paper,
    table_rows,
    words,
)
from gridpact.app.certificates.rules_file import RegisterRules, read_mix
from gridpact.app.cli.certifying_words import MIX, READINGS, REGISTER, Faults, instant
from gridpact.app.cli.layout import aligned
from gridpact.app.cli.moments import MOMENT
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.base.errors import BadInput, StoreError
from gridpact.base.files import write_whole
from gridpact.settlement.certificates.register import Register

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(
    short_help="State an operation, or sources.",
    epilog="""\b
Examples:
  gridpact certificates statement -r lane --operation cancel-3 --out papers
  gridpact certificates statement -r go --member pub --period 2026 --readings db --mix mix.yaml""",
)
@REGISTER
@click.option("--operation", default="", metavar="NAME", help="Of which operation.")
@click.option("--member", default="", metavar="ID", help="Whose sources.")
@click.option("--period", default="", help="Of which local days: 2026, 2026-03, 2026-03-15.")
@READINGS
@MIX
@click.option("--as-of", type=MOMENT, help="Readings as known then.  [default: now]")
@click.option("--out", type=FOLDER, metavar="FOLDER", help="Write HTML, CSV and JSON there.")
@output_options
def statement(
    folder: Path,
    operation: str,
    member: str,
    period: str,
    readings: str | None,
    residual: Path | None,
    as_of: datetime | None,
    out: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """State what an operation did, or disclose the sources of a member's consumption.

    A disclosure tells what was cancelled for the member in the period, by source; the rest of the
    consumption is of the residual mix. Sources add up to the consumption, to the Wh.
    """
    place = RegisterFolder.open(folder)
    rules, register = place.rules(), place.register()
    if operation:
        _check_alone(register, operation, member, folder)
        paper = operation_paper(register, register.operations[operation], rules.name)
        name = operation.replace("/", "-")
    else:
        as_of_s = instant(as_of, rules, "--as-of")
        given = (readings or "", residual)
        paper = _disclosed(register, rules, (member, period), given, as_of_s)
        name = f"{member}-{period}"
    written = [] if out is None else write_paper(paper, out, name)
    if as_json:
        say_json(paper.as_dict())
    elif not quiet:
        for line in [*_lines(paper), *map(str, written)]:
            say(harmless(line))


def _check_alone(register: Register, operation: str, member: str, folder: Path) -> None:
    faults = Faults()
    if member:
        faults.add("--member", "an operation is asked for already", "ask for one of the two")
    if operation not in register.operations:
        fix = f"list them: gridpact certificates operations --register {folder}"
        faults.add("--operation", f"there is no operation {operation[:40]!r}", fix)
    faults.check()


def _disclosed(
    register: Register,
    rules: RegisterRules,
    asked: tuple[str, str],
    given: tuple[str, Path | None],
    as_of_s: int,
) -> Paper:
    """Return the disclosure of a member and period, from a store and a residual mix."""
    (member, period), (readings, residual), faults = asked, given, Faults()
    needed = (("--member", member), ("--period", period), ("--readings", readings))
    for where, text in (*needed, ("--mix", str(residual or ""))):
        if not text:
            faults.add(where, "is missing", "give it, or an --operation")
    faults.known("--member", member, tuple(rules.points))
    if faults.found or residual is None:
        raise BadInput(faults.found)
    mix = read_mix(residual)
    meters = Meters(readings, period, rules.terms.timezone, as_of_s, rules.quality)
    told = next(disclosed_by(register, rules, meters, mix, (member,)))
    return disclosure_paper(told, mix, rules.name, rules.terms.timezone)


def write_paper(paper: Paper, folder: Path, name: str) -> list[Path]:
    """Write a statement as HTML, CSV and JSON; StoreError where it cannot be."""
    told = json.dumps(paper.as_dict(), indent=2, ensure_ascii=False) + "\n"
    found = {"html": paper.as_html(), "csv": paper.as_csv(), "json": told}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for ending, text in found.items():
            write_whole(folder / f"{name}.{ending}", text.encode())
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or error}") from error
    return [folder / f"{name}.{ending}" for ending in found]


def _lines(paper: Paper) -> list[str]:
    facts = {name: paper.facts[name] for name in paper.facts}
    head = [f"{paper.title}: {paper.kind.lower()}"]
    pairs = table_rows({name: name for name in facts}, [facts])[0]
    labels = (words(name) for name in facts)
    head += aligned(list(zip(labels, pairs, strict=True)), indent=2)
    if not paper.records:
        return head
    rows = [tuple(paper.shown), *table_rows(paper.shown, paper.records)]
    keys = list(paper.shown.values())
    right = [at for at, key in enumerate(keys) if not isinstance(paper.records[0][key], str)]
    return [*head, "", *aligned(rows, right=right, indent=2)]
