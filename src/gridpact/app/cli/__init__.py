"""The command line. Commands print for people, or JSON for programs with ``--json``.

Exit codes: 0 done; 1 a check does not hold; 2 bad input, nothing was changed; 3 a file or
database cannot be read or written; 70 a defect of gridpact; 130 stopped by ctrl-C.
"""

from __future__ import annotations

import sys

import click

from gridpact import __version__
from gridpact.app.cli.doctor import doctor
from gridpact.app.cli.inspecting import explain_line, replay, verify_run
from gridpact.app.cli.output import exit_code, say_error
from gridpact.app.cli.running import demo, run
from gridpact.base.errors import GridpactError


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog="Exit codes: 0 done, 1 a check fails, 2 bad input, 3 storage trouble, 130 stopped.",
)
@click.version_option(__version__, prog_name="gridpact")
def cli() -> None:
    """Run an energy community as one auditable loop.

    forecast → contract → clear → schedule → dispatch → meter → settle → bill → commit
    """


for command in (demo, run, replay, verify_run, explain_line, doctor):
    cli.add_command(command)


def main() -> None:
    """Run the command line; every known error becomes clear lines and an exit code."""
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        say_error("stopped")
        sys.exit(130)
    except GridpactError as error:
        say_error(str(error))
        sys.exit(exit_code(error))
    except BrokenPipeError:  # the reader of our output has gone
        sys.exit(0)
