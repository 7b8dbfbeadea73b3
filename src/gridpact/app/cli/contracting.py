"""``gridpact contract``: write, read, price, value, sign and check contracts."""

from __future__ import annotations

import click

from gridpact.app.cli.late import LateGroup, Later

COMMANDS = {
    "list": Later("contracting_new:list_products", "List the products."),
    "new": Later("contracting_new:new", "Write the contract file of a product."),
    "show": Later(
        "contracting_reading:show", "Show a contract as a term sheet, or in another form."
    ),
    "needs": Later(
        "contracting_reading:show_needs", "List the data and decisions that a contract requires."
    ),
    "obligations": Later(
        "contracting_obligations:show_obligations", "List what is to be delivered."
    ),
    "price": Later("contracting_price:price", "Work out every payment on a table of data."),
    "value": Later("contracting_value:value_contract", "Value a contract over scenario paths."),
    "settle": Later(
        "contracting_settle:settle_agreements",
        "Settle what was agreed in a run, with what was told.",
    ),
    "hash": Later("contracting_reading:hash_terms", "Print the hash that identifies the terms."),
    "key": Later("contracting_keys:key", "Make and look at keys that sign."),
    "sign": Later(
        "contracting_signing:sign", "Propose a contract for signature, or sign a document."
    ),
    "typed-data": Later("contracting_signing:typed_data", "Print what a wallet signs."),
    "verify": Later("contracting_verify:verify_document", "Check a document and its signatures."),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
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
