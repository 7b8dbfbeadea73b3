"""``gridpact need``: state, list and withdraw needs of a run that waits for people."""

from __future__ import annotations

import click

from gridpact.app.cli.contracting_layout import aligned
from gridpact.app.cli.needing_add import add
from gridpact.app.cli.needing_list import list_needs
from gridpact.app.cli.needing_remove import remove
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.scheduling.needs.grammar.ebnf import GRAMMAR
from gridpact.scheduling.needs.grammar.examples import EXAMPLES
from gridpact.scheduling.needs.model import Asked


@click.group(
    short_help="State, list and withdraw needs of a paused run.",
    epilog="""\b
Examples:
  gridpact run examples/small.yaml --until 2026-06-15T05:00 --out runs/june
  gridpact need add runs/june "battery >= 80% by 18:00" --owner home-07
  gridpact need list runs/june
  gridpact need remove runs/june need-1
  gridpact need grammar""",
)
def need() -> None:
    """State what people need of their assets, in a sentence, and what the grid allows.

    Needs go into a run that waits: gridpact run SCENARIO --until INSTANT. They stand until they
    are withdrawn, and bind every plan that is made from then on.
    """


@click.command(
    short_help="Print the grammar of sentences, with an example of each kind.",
    epilog="\b\nExample:\n  gridpact need grammar",
)
@output_options
def grammar(as_json: bool, quiet: bool) -> None:
    """Print what can be said: the grammar (EBNF, ISO/IEC 14977) and a sentence of each kind.

    What the plans of a run cannot be held to, such as the temperature of a building of which the
    scenario knows none, is refused with what to ask for instead.
    """
    if as_json:
        say_json({"grammar": GRAMMAR, "examples": [_as_dict(kind) for kind in EXAMPLES]})
    elif not quiet:
        say(GRAMMAR)
        for line in _examples():
            say(line)


def _as_dict(kind: type[Asked]) -> dict[str, object]:
    return {"kind": _name(kind), "sentence": EXAMPLES[kind]}


def _examples() -> list[str]:
    head = ("kind", "a sentence")
    rows = [(_name(kind), words) for kind, words in EXAMPLES.items()]
    return aligned([head, *rows])


def _name(kind: type[Asked]) -> str:
    return str(kind.__struct_config__.tag)


for command in (add, list_needs, remove, grammar):
    need.add_command(command)
