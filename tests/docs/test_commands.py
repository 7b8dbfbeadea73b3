"""Commands shown in the documentation are commands, and give the output shown."""

import re

import click
import pytest

from gridpact.app.cli.commands import cli


def parse(arguments):
    """Parse a command line as click would, without running it."""
    command, name, rest = cli, "gridpact", list(arguments)
    above = click.Context(cli, info_name=name, **cli.context_settings)
    while isinstance(command, click.Group):
        if not rest or rest[0] not in command.list_commands(above):
            raise click.UsageError(f"no command of {name}: {rest}")
        name, *rest = rest
        command = command.get_command(above, name)
    return command.make_context(name, rest, parent=above)


def targets(root):
    text = (root / "Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))


def test_every_command_shown_exists(root, steps, consoles):
    assert len(steps) >= 8
    for page, step in steps:
        arguments = consoles.arguments(step.command)
        if step.command.startswith("make "):
            assert step.command.split()[1] in targets(root), f"{page}: {step.command}"
        else:
            assert arguments is not None, f"{page}: {step.command} is no command of ours"
        if arguments is not None:
            parse(arguments)


@pytest.mark.parametrize("command", ["run --dayz 2 x.yaml", "prove runs/demo", "run x --days none"])
def test_a_command_that_does_not_exist_is_found(consoles, command):
    with pytest.raises(click.UsageError):
        parse(consoles.arguments(f"gridpact {command}"))


def test_commands_of_the_makefile_are_run_as_what_they_run(root, consoles):
    recipes = (root / "Makefile").read_text("utf-8")
    for command in consoles.RECIPES.values():
        assert f"$(BIN)/{command}\n" in recipes


def test_output_shown_is_the_output_given(demo, steps, consoles):
    shown = [(page, step) for page, step in steps if step.shown]
    assert any(step.command == "make demo" for _, step in shown)
    for page, step in shown:
        lines = consoles.execute(step.command, demo)
        found = consoles.shortened(step.shown, lines)
        assert found == step.shown, f"{page}: $ {step.command} prints something else: make docs"


def test_other_output_is_found(demo, consoles):
    step = consoles.steps("$ gridpact replay runs/demo\n1 messages replayed\n…\nidentical\n")[0]
    lines = consoles.execute(step.command, demo)
    found = consoles.shortened(step.shown, lines)
    assert found[1:] == step.shown[1:]
    assert found[0] != step.shown[0]


def test_a_command_that_fails_is_found(demo, consoles):
    with pytest.raises(ValueError, match="ended with 2"):
        consoles.execute("gridpact replay runs/nothing", demo)


@pytest.mark.slow
def test_every_command_of_gridpact_shown_runs(demo, steps, consoles):
    for _, step in steps:
        if not step.shown and consoles.arguments(step.command) is not None:
            consoles.execute(step.command, demo)


def test_every_section_of_the_report_is_explained(demo, texts):
    report = (demo / "runs/demo/report.html").read_text("utf-8")
    sections = re.findall(r"<h2>(.*?)</h2>", report)
    assert len(sections) > 5
    page = texts["docs/how-to-read-the-report.md"]
    explained = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert [name for name in sections if name not in (*explained, "Signs and words")] == []


def test_every_file_of_a_run_is_explained(demo, texts):
    page = texts["docs/how-to-read-the-report.md"]
    left = {path.name for path in (demo / "runs/demo").iterdir()}
    assert {name for name in left if f"`{name}`" not in page} <= {"report.html"}
