"""``gridpact contract show``, ``hash`` and ``needs``: what the terms alone say."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.agreements.documents import life_lines
from gridpact.app.cli.contracting_documents import agreement_lines, open_and_warn
from gridpact.app.cli.contracting_files import FILE, Opened
from gridpact.app.cli.contracting_layout import duration, heading, unit_for_people
from gridpact.app.cli.layout import aligned
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.contracts.canonical import terms_hash, to_bytes
from gridpact.contracts.files import write_contract
from gridpact.contracts.needs import Needs, factors, needs, nodes
from gridpact.contracts.observables import CHOICE_PREFIX, Choice
from gridpact.contracts.python_form import to_python
from gridpact.contracts.sheet import term_sheet
from gridpact.contracts.terms import Contract
from gridpact.contracts.unit_algebra import ONE

_FORMS = ["sheet", "yaml", "python", "wire"]


@click.command(
    "show",
    short_help="Show a contract as a term sheet, or in another form.",
    epilog="""\b
Examples:
  gridpact contract show examples/contracts/roof.yaml
  gridpact contract show examples/contracts/roof.yaml --as python""",
)
@click.argument("file", type=FILE)
@click.option(
    "--as",
    "form",
    type=click.Choice(_FORMS),
    default="sheet",
    show_default=True,
    help="A term sheet, a contract file, Python, or the canonical bytes that are hashed.",
)
@output_options
def show(file: Path, form: str, as_json: bool, quiet: bool) -> None:
    """Show the contract in FILE in plain English, generated from its terms alone.

    FILE is a contract file, canonical bytes, a document that parties sign, or a term sheet. Of a
    document, what is agreed beside the terms stands above the sheet.
    """
    opened = open_and_warn(file)
    text = _form(opened, form)
    if as_json:
        say_json({"form": form, "text": text, "hash": _hash(opened), **_agreement(opened)})
    elif not quiet:
        if form == "sheet" and opened.document is not None:
            say("\n".join([*agreement_lines(opened.document), ""]))
        say(text.rstrip("\n"))


def _agreement(opened: Opened) -> dict[str, object]:
    if opened.document is None:
        return {}
    lines = life_lines(opened.document)
    return {"agreement": [{"label": label, "text": text} for label, text in lines]}


def _form(opened: Opened, form: str) -> str:
    if form == "yaml":
        return write_contract(opened.contract, opened.title)
    if form == "python":
        return to_python(opened.contract)
    if form == "wire":
        return to_bytes(opened.contract).decode("ascii")
    return term_sheet(opened.contract, opened.title)


@click.command(
    "hash",
    short_help="Print the hash that identifies the terms.",
    epilog="\b\nExample:\n  gridpact contract hash examples/contracts/roof.yaml",
)
@click.argument("file", type=FILE)
@output_options
def hash_terms(file: Path, as_json: bool, quiet: bool) -> None:
    """Print the keccak-256 of the canonical bytes of the contract in FILE.

    Every form of one contract has the same hash; its title is not part of the terms.
    """
    opened = open_and_warn(file)
    if as_json:
        say_json({"hash": _hash(opened), "bytes": len(to_bytes(opened.contract))})
    elif not quiet:
        say(_hash(opened))


def _hash(opened: Opened) -> str:
    return "0x" + terms_hash(opened.contract).hex()


@click.command(
    "needs",
    short_help="List the data and decisions that a contract requires.",
    epilog="\b\nExample:\n  gridpact contract needs examples/contracts/roof.yaml",
)
@click.argument("file", type=FILE)
@output_options
def show_needs(file: Path, as_json: bool, quiet: bool) -> None:
    """List every series that the contract in FILE needs, and every choice that a party makes."""
    opened = open_and_warn(file)
    found = needs(opened.contract)
    if as_json:
        say_json(_needs_dict(found))
    elif not quiet:
        for line in _needs_lines(opened, found):
            say(line)


def _needs_dict(found: Needs) -> dict[str, object]:
    return {
        "series": {need.name: need.unit for need in found.series},
        "choices": {
            need.label: {"by": need.by, "notice_s": need.notice_s, "unit": need.unit}
            for need in found.choices
        },
        "columns": _columns(found),
    }


def _columns(found: Needs) -> list[str]:
    """Return the headers of a table that holds all that is needed."""
    series = [f"{need.name} [{need.unit}]" for need in found.series]
    choices = [
        CHOICE_PREFIX + need.label + ("" if need.unit == ONE else f" [{need.unit}]")
        for need in found.choices
    ]
    return ["slot_start", *series, *choices]


def _choice_units(contract: Contract) -> dict[str, str]:
    """Return what each choice is decided in; one that is on or off is a yes or no."""
    choices = [node for node in nodes(factors(contract)) if isinstance(node, Choice)]
    return {
        choice.label: "yes or no" if choice.is_mask else unit_for_people(choice.unit)
        for choice in choices
    }


def _needs_lines(opened: Opened, found: Needs) -> list[str]:
    lines = [heading(opened)]
    if found.series:
        rows = [(need.name, unit_for_people(need.unit)) for need in found.series]
        lines += ["", *aligned([("series", "unit"), *rows])]
    if found.choices:
        units = _choice_units(opened.contract)
        made = [
            (need.label, units[need.label], need.by, duration(need.notice_s))
            for need in found.choices
        ]
        lines += ["", *aligned([("choice", "unit", "decided by", "before the slot"), *made])]
    if not found.series and not found.choices:
        return [*lines, "", "needs nothing: the terms say it all"]
    return [*lines, "", "a table of data begins with the line", ",".join(_columns(found))]
