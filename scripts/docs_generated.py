"""Write what the documentation repeats from the code: commands, messages, rooms, scenario keys."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Iterator

import click
import msgspec
from docs_blocks import ROOT, Pages, main, with_block

from gridpact.app import cli as module
from gridpact.app.bootstrap import Edges, rooms
from gridpact.app.cli.commands import cli
from gridpact.app.vocabulary import VOCABULARY
from gridpact.kernel.codec import tag_of
from gridpact.kernel.messages import Message
from gridpact.registry.model import CAUSES, COMMITS, OperationRules
from gridpact.simulation.scenarios import default_path, load
from gridpact.simulation.scenarios.build import community
from gridpact.simulation.scenarios.reference import reference_markdown

WIDTH = 92
ROLLING = OperationRules(3600, CAUSES, 30, 1800)
"""All messages are handled with rolling operation and a ledger that is told of all at once."""
CLI_PAGE = """# Command line

Written from the commands themselves by `scripts/docs_generated.py`.

Every command prints for people, or JSON with `--json`; `--quiet` leaves only errors. Results go
to standard output, progress and errors to standard error.
"""


def exit_codes() -> list[tuple[int, str]]:
    """Exit codes and their meaning, as the command line's module lists them."""
    listed = re.search(r"Exit codes: (.*?)\.$", inspect.getdoc(module) or "", re.S | re.M)
    if not listed:
        raise ValueError("the command line's docstring lists no exit codes")
    parts = [" ".join(part.split()).partition(" ") for part in listed[1].split(";")]
    return [(int(code), meaning) for code, _, meaning in parts]


def _codes() -> str:
    rows = "".join(f"| {code} | {meaning} |\n" for code, meaning in exit_codes())
    return f"| code | meaning |\n|---|---|\n{rows}"


def cli_page() -> str:
    """Return the page of all commands with their help."""
    found = [_help(command, context) for command, context in all_commands()]
    return "\n".join([CLI_PAGE, *found, f"## Exit codes\n\n{_codes()}"])


def all_commands(
    command: click.Command = cli, name: str = "gridpact", above: click.Context | None = None
) -> Iterator[tuple[click.Command, click.Context]]:
    """Every command with the context of its help, groups before what is in them."""
    settings = {**command.context_settings, "terminal_width": WIDTH}
    context = click.Context(command, parent=above, info_name=name, **settings)
    yield command, context
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            part = command.get_command(context, inner)
            if part:
                yield from all_commands(part, inner, context)


def _help(command: click.Command, context: click.Context) -> str:
    return f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"


def commands() -> str:
    """Table of the commands for README."""
    rows = (
        f"| `{context.command_path}` | {(command.help or '').split('.')[0]}. |\n"
        for command, context in all_commands()
        if not isinstance(command, click.Group)
    )
    return "| command | what it does |\n|---|---|\n" + "".join(rows)


def targets() -> str:
    """Table of the Makefile's targets for README."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.findall(r"^([a-z-]+):.*?## (.*)$", text, re.MULTILINE)
    rows = (f"| `make {name}` | {meaning} |\n" for name, meaning in found)
    return "| target | what it does |\n|---|---|\n" + "".join(rows)


def messages() -> str:
    """Table of every message, by room, for the nomenclature."""
    scenario = load(default_path())
    handled: dict[type[Message], list[str]] = {}
    effects: dict[type[Message], str] = {}
    found = msgspec.structs.replace(community(scenario), operation=ROLLING, commits=COMMITS[-1])
    for room in rooms(found, scenario.run.seed, Edges()):
        for kind in room.handlers:
            handled.setdefault(kind, []).append(room.name)
        effects |= dict.fromkeys(room.effects, room.name)
    head = "| message | phase | effect in | handled by | meaning |\n|---|---|---|---|---|\n"
    return head + "".join(_row(kind, effects.get(kind, ""), handled) for kind in VOCABULARY)


def _row(kind: type[Message], effect: str, handled: dict[type[Message], list[str]]) -> str:
    meaning = (inspect.getdoc(kind) or "").splitlines()[0].replace("|", r"\|")
    path = kind.__module__.replace(".", "/")
    link = f"[`{tag_of(kind)}`](../src/{path}.py)"
    who = ", ".join(handled.get(kind, []))
    return f"| {link} | {kind.phase.name.lower()} | {effect} | {who} | {meaning} |\n"


def _floors() -> Iterator[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    floors = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    for depth, floor in enumerate(floors):
        if depth:
            yield " ↓"
        yield floor.replace(" : ", "   ")


def floors() -> str:
    """The rooms as floors, highest first, from the import contracts."""
    return "```text\n" + "\n".join(_floors()) + "\n```\n"


def refreshed() -> Pages:
    """All pages that repeat something from the code."""
    docs = ROOT / "docs"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, body in (("commands", commands()), ("codes", _codes()), ("targets", targets())):
        readme = with_block(readme, name, body)
    walk, words = ((docs / name).read_text("utf-8") for name in ("walk.md", "nomenclature.md"))
    return {
        ROOT / "README.md": readme,
        docs / "cli.md": cli_page(),
        docs / "scenario.md": reference_markdown(),
        docs / "walk.md": with_block(walk, "rooms", floors()),
        docs / "nomenclature.md": with_block(words, "messages", messages()),
    }


if __name__ == "__main__":
    main(__doc__, refreshed)
