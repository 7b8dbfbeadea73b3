"""The ledger: proofs by size, and what storage and tree take of a commit and of a verification.

Each section stands by itself: ``python benchmarks/ledger.py [SECTION …]``; ``--quick`` for small
sizes. Times are CPU time of one core, except where fsync is part of what is measured.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from ledger_acts import acts
from ledger_proofs import proofs
from ledger_storage import storage

SECTIONS: dict[str, Callable[[bool], None]] = {
    "proofs": proofs,
    "storage": storage,
    "acts": acts,
}
"""By name, what prints a section; it is told whether to be quick."""


def main(arguments: list[str]) -> None:
    quick = "--quick" in arguments
    named = [each for each in arguments if not each.startswith("-")]
    for name in named or SECTIONS:
        print(f"-- {name}")
        SECTIONS[name](quick)


if __name__ == "__main__":
    main(sys.argv[1:])
