"""Standard output that is the program's own: nothing that a library prints gets in between.

The solver prints a line of its own now and then while it searches for whole numbers, from C++ and
whatever its options say (``HighsMipSolverData::transformNewIntegerFeasibleSolution``). In the
middle of JSON that is one defect more than a program can read.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

OUT, ERR = 1, 2


def keep_output_apart() -> None:
    """Move the program's standard output to a descriptor of its own, before anything is printed.

    Descriptor 1, which libraries print to, is standard error from then on, in all threads and in
    processes that are started. A terminal shows both anyway, and is left as it is.
    """
    own = sys.stdout
    if sys.stderr is None or own is not sys.__stdout__ or not isinstance(own, TextIOWrapper):
        return
    if own.fileno() == OUT and not own.isatty():
        own.flush()
        kept = os.dup(OUT)
        os.dup2(ERR, OUT)
        sys.stdout = os.fdopen(kept, "w", encoding=own.encoding, errors=own.errors)
