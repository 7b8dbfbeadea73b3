"""Commands are imported when they are called, and groups know what help says of them."""

import subprocess
import sys

import click
import pytest

from gridpact.app.cli.commands import cli
from gridpact.app.cli.late import LateGroup, Later


def groups(group=cli, path=()):
    """Every group whose commands come late, with the words that lead to it."""
    context = click.Context(group)
    found = {path: group}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, LateGroup):
            found |= groups(command, (*path, name))
    return found


GROUPS = groups()


def loaded(*arguments):
    """Top packages and rooms that are loaded after a command that only shows help."""
    code = (
        "import sys\nfrom gridpact.app.cli.commands import run_command\n"
        f"assert run_command({list(arguments)!r}) == 0\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = {tuple(name.split(".")[:2]) for name in done.stderr.split()}
    return {name[0] for name in names} | {".".join(name) for name in names}


@pytest.mark.parametrize("path", [(), ("market",)])
def test_help_of_a_group_loads_no_command(path):
    names = loaded(*path, "--help")
    assert "numpy" not in names
    assert {name for name in names if name.startswith("gridpact.")} == {
        "gridpact.app",
        "gridpact.base",
        "gridpact.contracts",  # its errors, which become exit codes
    }


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_a_group_says_of_a_command_what_the_command_says(path):
    group = GROUPS[path]
    context = click.Context(group)
    assert set(group.commands) == set(group.later)
    for name, later in group.later.items():
        command = group.get_command(context, name)
        assert command.name == name
        assert not command.hidden
        assert later.told == command.get_short_help_str(limit=200)


def test_help_lists_every_command_in_order(called):
    listed = called("--help").out.split("Commands:\n")[1].split("\n\n")[0].splitlines()
    names = [line.split()[0] for line in listed]
    assert names == sorted(cli.later)
    assert [line.split(None, 1)[1] for line in listed] == [cli.later[name].told for name in names]


def test_a_command_that_is_not_there(called):
    told = called("market", "clera")
    assert told.code == 2
    assert "No such command 'clera'" in told.err


def test_a_command_is_imported_once():
    group = LateGroup("some", later={"say": Later("converting:simbench", "…")})
    context = click.Context(group)
    assert group.commands == {}
    first = group.get_command(context, "say")
    assert first is group.get_command(context, "say")
    assert group.get_command(context, "sing") is None
