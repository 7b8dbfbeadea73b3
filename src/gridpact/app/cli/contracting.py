"""``gridpact contract``: write, read, price, value, sign and check contracts."""

from __future__ import annotations

import click

from gridpact.app.cli.contracting_keys import key
from gridpact.app.cli.contracting_new import list_products, new
from gridpact.app.cli.contracting_obligations import show_obligations
from gridpact.app.cli.contracting_price import price
from gridpact.app.cli.contracting_reading import hash_terms, show, show_needs
from gridpact.app.cli.contracting_signing import sign, typed_data
from gridpact.app.cli.contracting_value import value_contract
from gridpact.app.cli.contracting_verify import verify_document


@click.group(
    short_help="Write, read, price, value and sign contracts.",
    epilog="""\b
Examples:
  gridpact contract list
  gridpact contract show examples/contracts/roof.yaml
  gridpact contract price examples/contracts/roof.yaml --on examples/contracts/roof.csv""",
)
def contract() -> None:
    """Write, read, price, value and sign contracts about energy.

    A contract is one value with three readings: what it pays, what it obliges, what it needs.
    """


for command in (
    list_products,
    new,
    show,
    show_needs,
    show_obligations,
    price,
    value_contract,
    hash_terms,
    key,
    sign,
    typed_data,
    verify_document,
):
    contract.add_command(command)
