"""Run the commands shown in the documentation and refresh the output shown below them.

In a fenced block marked ``console``, a line that begins with ``$ `` is a command and what follows
is its output. A line ``…`` stands for any number of lines left out. All pages share one empty
folder, so a later command finds what an earlier one made.
"""

from __future__ import annotations

import io
import re
import shlex
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from docs_blocks import ROOT, Pages, main, pages

from gridpact.app.cli.commands import run_command

BLOCK = re.compile(r"(?P<begin>^```console\n)(?P<body>.*?)(?P<end>^```$)", re.DOTALL | re.MULTILINE)
CUT = "…"
PROGRAM = ".venv/bin/gridpact"
RECIPES = {"make demo": "gridpact demo --out runs/demo"}
"""Commands of the Makefile that are run as what they run."""


class Step(NamedTuple):
    """One command and the lines shown below it."""

    command: str
    shown: tuple[str, ...]


def steps(body: str) -> list[Step]:
    """Read the inside of a console block."""
    found: list[Step] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append(Step(line[2:], ()))
        elif found:
            found[-1] = Step(found[-1].command, (*found[-1].shown, line))
        else:
            raise ValueError(f"a console block begins with a command, not {line!r}")
    return found


def consoles(text: str) -> list[Step]:
    """All steps of a page, in order."""
    return [step for found in BLOCK.finditer(text) for step in steps(found["body"])]


def arguments(command: str) -> list[str] | None:
    """Arguments for gridpact, None where a command is not one of its."""
    program, *rest = shlex.split(RECIPES.get(command, command), comments=True)
    return rest if program in (PROGRAM, "gridpact") else None


def execute(command: str, folder: Path) -> list[str]:
    """Run one gridpact command in a folder; return its lines, ValueError where it fails.

    It runs in this process: most of them would need longer to start than to do what they do.
    """
    out, told = io.StringIO(), io.StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(told):
        code = run_command(arguments(command) or [])
    if code:
        raise ValueError(f"$ {command}\nended with {code}\n{out.getvalue()}{told.getvalue()}")
    return [line.rstrip() for line in out.getvalue().splitlines()]


def shortened(shown: tuple[str, ...], lines: list[str]) -> tuple[str, ...]:
    """Put new output in the place of what is shown, cut where that was cut."""
    if CUT not in shown:
        return tuple(lines)
    head = shown.index(CUT)
    tail = len(shown) - head - 1
    return (*lines[:head], CUT, *(lines[-tail:] if tail else ()))


def workplace(place: str, root: Path) -> Path:
    """An empty folder that sees the examples, as a checkout does."""
    folder = Path(place)
    (folder / "examples").symlink_to(root / "examples")
    return folder


def _body(found: re.Match[str], folder: Path) -> str:
    lines: list[str] = []
    for step in steps(found["body"]):
        new = step.shown
        if step.shown and arguments(step.command) is not None:
            new = shortened(step.shown, execute(step.command, folder))
        lines += [f"$ {step.command}", *new]
    return "\n".join(lines) + "\n"


def refreshed(root: Path = ROOT) -> Pages:
    """Every page with the output of its commands as it is now; only shown output is run."""
    done = {}
    with tempfile.TemporaryDirectory() as place:
        folder = workplace(place, root)
        for page in pages(root):
            text = page.read_text(encoding="utf-8")
            done[page] = BLOCK.sub(lambda m: m["begin"] + _body(m, folder) + m["end"], text)
    return done


if __name__ == "__main__":
    main(__doc__, refreshed)
