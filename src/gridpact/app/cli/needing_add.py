"""``gridpact need add``: a need in a sentence, into a run that waits."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click
from msgspec import json, to_builtins

from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.needs.acting import Answer, Seen, ask, look
from gridpact.app.needs.reading import message_of, with_options
from gridpact.app.needs.words import in_words
from gridpact.base.errors import BadInput
from gridpact.scheduling.messages import NeedRefused, NeedStated, StateNeed
from gridpact.scheduling.needs.grammar.parse import LEVELS, pointed

RUN = click.Path(path_type=Path, file_okay=False)


@click.command(
    short_help="State a need, in a sentence.",
    epilog="""\b
Examples:
  gridpact need add runs/june "battery >= 80% by 18:00" --owner home-07
  gridpact need add runs/june "car away 08:00-17:00 on weekdays" --owner home-05
  gridpact need add runs/june "zone community <= 4 kW 17:00-20:00" --owner dso --level grid""",
)
@click.argument("path", metavar="RUN", type=RUN)
@click.argument("sentence")
@click.option("--owner", metavar="PARTY", help="Who needs it: a member, or an operator.")
@click.option("--level", type=click.Choice(list(LEVELS)), help="Its level, if SENTENCE says none.")
@click.option("--note", default="", metavar="TEXT", help="A note that only its owner is shown.")
@click.option("--print-message", is_flag=True, help="Print the message and state nothing.")
@output_options
def add(
    path: Path,
    sentence: str,
    owner: str | None,
    level: str | None,
    note: str,
    print_message: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """State a need in the paused RUN, and say what became of it.

    SENTENCE is what gridpact need grammar explains, or a need as JSON, or the message that
    --print-message prints. Words such as car stand for the owner's only one. Times are by the
    community's clock.

    A need stands until it is removed and binds every plan that is made from then on. The same
    need given twice is one need. What no plan can be held to is refused, with what to ask for.
    """
    seen = look(path)
    try:
        message = with_options(message_of(sentence, owner, seen, level), level, note)
    except BadInput as error:
        _point(sentence, error)
        raise
    if print_message:
        say(json.encode(message).decode())
        return
    answer = ask(path, message)
    _tell(answer, message, seen, path, as_json=as_json, quiet=quiet)
    sys.exit(1 if isinstance(answer, NeedRefused) else 0)


def _point(sentence: str, error: BadInput) -> None:
    """Show where a sentence goes wrong, above what is wrong."""
    marks = [pointed(sentence, fault) for fault in error.faults]
    if sentence.isprintable() and (shown := next(filter(None, marks), "")):
        say(shown, err=True)


def _tell(
    answer: Answer, message: StateNeed, seen: Seen, path: Path, *, as_json: bool, quiet: bool
) -> None:
    words = in_words(message.need, seen.community.timezone)
    if as_json:
        say_json(_as_dict(answer, message, words))
    elif isinstance(answer, NeedRefused):
        say(f"{mark(good=False)} {harmless(words)}: refused")
        for fault in answer.faults:
            say(harmless(f"    {fault.where}: {fault.problem}; {fault.fix}"))
    elif not quiet:
        say(f"{mark(good=True)} {harmless(words)}: {answer.id} of {answer.by}")
        for note in answer.notes if isinstance(answer, NeedStated) else ():
            say(harmless(f"    note: {note}"))
        say("    it binds the plans that are made from now on")
        say(f"    to take it back: gridpact need remove {shlex.quote(str(path))} {answer.id}")


def _as_dict(answer: Answer, message: StateNeed, words: str) -> dict[str, object]:
    stands = isinstance(answer, NeedStated)
    return {
        "stated": stands,
        "id": answer.id,
        "revision": answer.revision if isinstance(answer, NeedStated) else 0,
        "owner": message.need.owner,
        "sentence": words,
        "need": to_builtins(message.need),
        "notes": list(answer.notes) if isinstance(answer, NeedStated) else [],
        "faults": to_builtins(answer.faults) if isinstance(answer, NeedRefused) else [],
    }
