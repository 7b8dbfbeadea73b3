"""``gridpact order cancel``: take an order back, as far as it has not traded."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gridpact.app.cli.output import mark, output_options, say, say_json
from gridpact.app.orders.acting import Answer, Waiting, act, look
from gridpact.app.orders.words import energy
from gridpact.market.book import name_of, open_blocks
from gridpact.market.explanations import explain_cancel
from gridpact.market.messages import CancelOrder
from gridpact.market.session_words import When

RUN = click.Path(path_type=Path, file_okay=False)


@click.command(
    short_help="Take an order back.",
    epilog="\b\nExample:\n  gridpact order cancel runs/june --member home-01 lunch",
)
@click.argument("path", metavar="RUN", type=RUN)
@click.argument("key")
@click.option("--member", required=True, metavar="MEMBER", help="Whose order it is.")
@click.option("--session", metavar="SESSION", help="The session that has it, if not clear.")
@output_options
def cancel(
    path: Path, key: str, member: str, session: str | None, as_json: bool, quiet: bool
) -> None:
    """Take back the order under KEY in the paused RUN, as far as it has not traded.

    Its key cannot be used again.
    """
    waiting = look(path)
    name = session or waiting.session_of(member, key)
    (answer,) = act(path, [CancelOrder(session=name, participant=member, key=key)])
    reasons = _reasons(answer, waiting)
    if as_json:
        say_json(_as_dict(answer, reasons))
    elif reasons:
        say(f"{mark(good=False)} {key} of {member}: not cancelled")
        for text in reasons:
            say(f"    {text}")
    elif not quiet:
        back = f"{energy(answer.cancelled_wh)} taken back" if answer.cancelled_wh else "none left"
        if _hung(waiting, name, name_of(member, key)):
            back = "taken back; it could not trade, as its parent cannot"
        say(f"{mark(good=True)} {key} of {member} in {name}: {back}")
    sys.exit(1 if reasons else 0)


def _hung(waiting: Waiting, session: str, name: str) -> bool:
    """Whether an order hung on a block that is gone."""
    book = waiting.market.books.get(session)
    if book is None or name not in book.placed or name in book.cancelled:
        return False
    return bool(book.placed[name].parent) and name not in open_blocks(book, waiting.at)


def _reasons(answer: Answer, waiting: Waiting) -> list[str]:
    community, when = waiting.community, When(waiting.at)
    return [
        explain_cancel(refusal, answer.key, answer.session, community, when)
        for refusal in answer.refusals
    ]


def _as_dict(answer: Answer, reasons: list[str]) -> dict[str, object]:
    return {
        "session": answer.session,
        "member": answer.member,
        "key": answer.key,
        "cancelled": not answer.refusals,
        "cancelled_wh": answer.cancelled_wh,
        "refusals": [
            {"reason": refusal.name.lower(), "text": text}
            for refusal, text in zip(answer.refusals, reasons, strict=True)
        ],
    }
