"""Groups of commands that are imported when they are called, so that help comes at once."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click


class Later(NamedTuple):
    """A command that is not imported yet.

    Parameters
    ----------
    place
        Module below this package and name in it, with a colon between them.
    told
        What the group's help says of the command: its ``short_help``.
    """

    place: str
    told: str


class LateGroup(click.Group):
    """A group whose help needs none of its commands; ``later`` holds them by name."""

    def __init__(
        self, name: str | None = None, *, later: Mapping[str, Later], **attributes: Any
    ) -> None:
        super().__init__(name, **attributes)
        self.later = later

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, in the order of help."""
        return sorted(self.later)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is none of that name."""
        if cmd_name in self.later and cmd_name not in self.commands:
            module, name = self.later[cmd_name].place.split(":")
            found = getattr(import_module(f"{__package__}.{module}"), name)
            self.add_command(found, cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, from what the group itself knows of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.later[name].told) for name in self.list_commands(ctx)])
