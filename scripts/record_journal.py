"""Record a run's journal for tests/replay: the rows alone, packed, with where they lead.

    python scripts/record_journal.py SCENARIO FOLDER

FOLDER is made anew; it is refused where it exists, because a recorded journal never changes.
"""

from __future__ import annotations

import json
import lzma
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from gridpact.app.record import Record
from gridpact.kernel.journal import FORMAT, Journal
from gridpact.kernel.messages import Message

LARGEST = 300_000
RUN = "from gridpact.app.cli import main; main()"


def rows_alone(source: Path, target: Path) -> None:
    """Copy a journal without its snapshots, which a replay does not need."""
    with closing(sqlite3.connect(source, isolation_level=None)) as db:
        db.execute("DELETE FROM snapshot")
        db.execute("VACUUM INTO ?", (str(target),))


def kinds(path: Path) -> list[str]:
    """Tags of all messages in a journal, in order."""
    with closing(sqlite3.connect(path)) as db:
        return [kind for (kind,) in db.execute("SELECT DISTINCT kind FROM journal ORDER BY kind")]


def expectation(run: Path, journal: Path) -> dict[str, object]:
    """Where the recorded rows lead, as the run itself said when it ended."""
    result = json.loads((run / "result.json").read_text())
    opened = Journal(journal)
    try:
        record = Record(opened)
        opening: Message = record.opening()
    finally:
        opened.close()
    names = ("rows", "state_hash", "journal_head", "ledger_root")
    return {
        **{name: result[name] for name in names},
        "gridpact": getattr(opening, "gridpact", ""),
        "journal_format": FORMAT,
        "vocabulary": kinds(journal),
    }


def main(scenario: Path, folder: Path) -> None:
    if folder.exists():
        sys.exit(f"{folder} exists: a recorded journal never changes; name a new folder")
    with tempfile.TemporaryDirectory() as place:
        run, bare = Path(place, "run"), Path(place, "journal.db")
        command = [sys.executable, "-c", RUN, "run", str(scenario), "--out", str(run)]
        subprocess.run(command, check=True)
        rows_alone(run / "journal.db", bare)
        expected = expectation(run, bare)
        packed = lzma.compress(bare.read_bytes(), preset=9)
    if len(packed) > LARGEST:
        sys.exit(
            f"the packed journal has {len(packed)} bytes, more than {LARGEST}: make it smaller"
        )
    folder.mkdir(parents=True)
    (folder / "journal.db.xz").write_bytes(packed)
    (folder / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")
    print(f"{folder}: {len(packed)} bytes, state {expected['state_hash']}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
