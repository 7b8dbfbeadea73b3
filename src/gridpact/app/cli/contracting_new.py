"""``gridpact contract list`` and ``new``: products, their parameters, and files of them."""

from __future__ import annotations

import difflib
import shlex
from pathlib import Path

import click

from gridpact.app import folder
from gridpact.app.cli.contracting_files import FILE
from gridpact.app.cli.layout import aligned, command_lines, wrapped
from gridpact.app.cli.output import F, output_options, say, say_json
from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import in_the_way
from gridpact.contracts.canonical import terms_hash
from gridpact.contracts.catalogue import Parameter, Product
from gridpact.contracts.files import product_file, read_contract
from gridpact.contracts.products import CATALOGUE

_KINDS = {"whole": "whole number", "count": "whole number", "notice": "duration"}
_AMOUNTS = {
    "Wh": "energy",
    "W": "power",
    "micro/kWh": "price of energy",
    "micro/kW": "price of power",
    "micro/g": "price of carbon",
    "nano": "money",
    "mg": "mass of CO2",
    "g/kWh": "carbon intensity",
    "mK": "temperature",
    "ppm": "share",
    "s": "duration",
    "1": "mask or number",
    "": "price or share",
}


@click.command(
    "list",
    short_help="List the products.",
    epilog="""\b
Examples:
  gridpact contract list
  gridpact contract list --json""",
)
@output_options
def list_products(as_json: bool, quiet: bool) -> None:
    """List every product with what it is, in one line each."""
    if as_json:
        say_json([_as_dict(product) for product in CATALOGUE.values()])
    elif not quiet:
        for line in aligned([(name, product.summary) for name, product in CATALOGUE.items()]):
            say(line)
        say("\nparameters of one: gridpact contract new PRODUCT")


@click.command(
    "new",
    short_help="Write the contract file of a product.",
    epilog="""\b
Examples:
  gridpact contract new forward
  gridpact contract new contract-for-difference seller=park buyer=bakery spot=spot
      generation=metered:generation strike='70 EUR/MWh' currency=EUR --out cfd.yaml""",
)
@click.argument("product")
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--title", default="", metavar="TEXT", help="What people call the contract.")
@click.option("--out", type=FILE, help="New file for the contract.  [default: standard output]")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@output_options
def new(
    product: str,
    arguments: tuple[str, ...],
    title: str,
    out: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the contract file of a PRODUCT with its arguments.

    Without arguments, show what the product is and which parameters it has.
    """
    found = _product(product)
    if not arguments:
        _show(found, as_json=as_json, quiet=quiet)
        return
    text = product_file(product, _given(arguments), title=title)
    if out is not None:
        keep_new(out, text, force=force)
    if as_json:
        digest = terms_hash(read_contract(text).contract)
        say_json({"text": text, "hash": "0x" + digest.hex(), "file": str(out) if out else None})
    elif not quiet:
        told = f"written to {out}; read it: gridpact contract show {out}"
        say(text.rstrip("\n") if out is None else told)


def page_options(command: F) -> F:
    """Give a command ``--report`` and ``--force``: a page beside what it prints."""
    force = click.option("--force", is_flag=True, help="Replace the page if there is one.")
    told = "Also write a page to look at (HTML)."
    return click.option("--report", type=FILE, metavar="FILE", help=told)(force(command))


def keep_new(path: Path, text: str, *, force: bool) -> None:
    """Write a file whole or not at all; refuse to replace one unless told to, and all else ever."""
    check_new(path, force=force)
    folder.write_text(path, text)


def check_new(path: Path, *, force: bool) -> None:
    """Refuse a file that is there already, unless told to replace it, and all else ever."""
    if kind := in_the_way(path):
        problem = f"it is {kind}, which is not replaced"
        raise BadInput([Fault(str(path), 0, "", problem, "name a file")])
    if path.exists() and not force:
        fix = "choose another name, or add --force"
        raise BadInput([Fault(str(path), 0, "", "the file exists already", fix)])


def _product(name: str) -> Product:
    if name not in CATALOGUE:
        near = difflib.get_close_matches(name[:80], CATALOGUE, n=1, cutoff=0.5)
        fix = f"write {near[0]}" if near else "choose one of: gridpact contract list"
        raise BadInput([Fault("PRODUCT", 0, "", f"there is no product {name[:80]!r}", fix)])
    return CATALOGUE[name]


def _given(arguments: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    faults = []
    for argument in arguments:
        key, sign, value = argument.partition("=")
        if not sign or not key:
            fix = "write KEY=VALUE, in quotes where it has spaces"
            faults.append(Fault("arguments", 0, argument[:80], "is not KEY=VALUE", fix))
        elif key in found:
            faults.append(Fault("arguments", 0, key[:80], "is given twice", "keep one"))
        found[key] = value
    if faults:
        raise BadInput(faults)
    return found


def _show(product: Product, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        say_json(_as_dict(product))
        return
    for line in () if quiet else _lines(product):
        say(line)


def _lines(product: Product) -> list[str]:
    heads = ("parameter", "expects", "such as", "default", "meaning")
    rows = [
        (each.name, _expected(each), each.example, _default(each), each.meaning)
        for each in product.parameters
    ]
    words = [
        f"{each.name}={shlex.quote(each.example)}"
        for each in product.parameters
        if each.default is None
    ]
    return [
        *wrapped(f"{product.name}: {product.summary}"),
        *wrapped(f"Source: {product.source}"),
        "",
        *aligned([heads, *rows]),
        "",
        *command_lines(f"gridpact contract new {product.name}", words),
    ]


def _expected(parameter: Parameter) -> str:
    if parameter.kind == "amount":
        return _AMOUNTS.get(parameter.unit, f"amount [{parameter.unit}]")
    return _KINDS.get(parameter.kind, parameter.kind)


def _default(parameter: Parameter) -> str:
    if parameter.default is None:
        return ""
    return parameter.default or "none"


def _as_dict(product: Product) -> dict[str, object]:
    return {
        "name": product.name,
        "summary": product.summary,
        "source": product.source,
        "parameters": [
            {
                "name": each.name,
                "kind": each.kind,
                "unit": each.unit,
                "meaning": each.meaning,
                "example": each.example,
                "default": each.default,
            }
            for each in product.parameters
        ],
    }
