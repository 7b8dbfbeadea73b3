"""``gridpact need grammar``: what can be said, and an example of each kind."""

from __future__ import annotations

import click

from gridpact.app.cli.layout import aligned
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.scheduling.needs.grammar.ebnf import GRAMMAR
from gridpact.scheduling.needs.grammar.examples import EXAMPLES
from gridpact.scheduling.needs.model import Asked


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
