"""The command line. Commands print for people, or JSON for programs with ``--json``.

Exit codes: 0 done; 1 a check does not hold, or an order or need is refused; 2 bad input, also a
file that is not there or cannot be read, nothing was changed; 3 a file cannot be written, a
database not read or written, or a node of a chain not used; 70 a defect of gridpact; 130 stopped by
ctrl-C.
"""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command line; every error becomes clear lines and an exit code."""
    try:
        # imported here, so that a ctrl-C in the first half second is answered like any other
        from gridpact.app.cli.commands import run_command
        from gridpact.app.cli.own_output import keep_output_apart

        keep_output_apart()
        code = run_command()
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        code = 130
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done and said; let the exit code stand
    sys.exit(code)
