"""A run that was stopped, or killed at any row, ends as one that never stopped."""

import random
import sqlite3

import pytest

from gridpact.kernel.journal import Journal
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.messages import CommitRequested

SMALL = {
    "generate.homes": 2,
    "community.slot_minutes": 60,
    "faults.readings_missing_percent": 6,
    "faults.readings_late_percent": 8,
    "faults.late_slots": 5,
    "faults.device_refusal_percent": 6,
    "faults.device_drift_percent": 6,
}
CLOCK_CHANGES = {"2026-03-28": "23 hours", "2026-06-15": "none", "2026-10-24": "25 hours"}


@pytest.fixture(scope="session")
def small(bench):
    """The default community with few homes, more faults and long slots."""
    from gridpact.simulation.scenarios import default_path

    return lambda first: bench(default_path(), {**SMALL, "run.from": first, "run.days": 3})


def standing(loop, journal, ledger):
    """Where a run stands: everything that a resumed run must have in common with it."""
    head = ledger.head()
    return journal.height, journal.head, loop.state_hash(), head.size, head.root


@pytest.mark.parametrize("first", CLOCK_CHANGES)
def test_three_days_are_three_times_one_day(small, tmp_path, first):
    run = small(first)
    whole = standing(*run.run(days=3))
    for days in (1, 2, 3):
        journal, ledger = Journal(tmp_path / "j.db"), run.ledger(tmp_path / "l.db")
        loop = run.loop(journal, ledger)
        run.until(loop, days)
        found = standing(loop, journal, ledger)
        journal.close()
        ledger.close()
    assert found == whole


class Recorded:
    """A finished run's rows, its snapshots with the row after which each was taken, its ledger."""

    def __init__(self, run, folder):
        self.run, self.folder = run, folder
        self.snapshots = {}
        journal, ledger = Journal(folder / "whole.db"), run.ledger(folder / "whole-ledger.db")
        keep = journal.save_snapshot

        def noted(body):
            keep(body)
            row = sqlite3.connect(folder / "whole.db").execute("SELECT * FROM snapshot").fetchone()
            self.snapshots[row[0]] = row

        journal.save_snapshot = noted
        loop = run.loop(journal, ledger)
        run.until(loop, 2)
        self.standing = standing(loop, journal, ledger)
        self.height = journal.height
        journal.close()
        self.commits = self._commits()
        ledger.close()

    def _commits(self):
        """Row of each request and of its answer, with what it asks."""
        journal = Journal(self.folder / "whole.db")
        from gridpact.app.record import Record
        from gridpact.ledger.messages import Committed

        record = Record(journal)
        journal.close()
        answers = {kept.message.key: kept.seq for kept in record.kept(Committed)}
        return [
            (kept.seq, answers.get(kept.message.key, self.height), kept.message)
            for kept in record.kept(CommitRequested)
        ]

    def cut(self, height: int, name: str, *, ahead: bool, snapshot: bool):
        """Files as a process killed after ``height`` rows leaves them.

        With ``ahead`` the ledger took the block that the next answer is about, and the process was
        killed before it wrote that answer down.
        """
        path, ledger_path = self.folder / f"{name}.db", self.folder / f"{name}-ledger.db"
        for old in self.folder.glob(f"{name}*.db*"):
            old.unlink()  # of another test of this module
        Journal(path).close()
        db = sqlite3.connect(path)
        db.execute("ATTACH ? AS whole", (str(self.folder / "whole.db"),))
        db.execute("INSERT INTO journal SELECT * FROM whole.journal WHERE seq < ?", (height,))
        kept = max((seq for seq in self.snapshots if seq < height), default=None)
        if snapshot and kept is not None:
            db.execute("INSERT INTO snapshot VALUES (?,?,?)", self.snapshots[kept])
        db.commit()
        db.close()
        self._ledger(ledger_path, height, ahead=ahead)
        return path, ledger_path

    def _ledger(self, path, height, *, ahead):
        ledger = LocalLedger(path, demonstration_key(self.run.seed))
        for asked, answered, message in self.commits:
            if answered < height or (ahead and asked < height):
                ledger.commit(message.key, message.entries, message.at)
                if answered >= height:
                    break
        ledger.close()

    def resumed(self, path, ledger_path):
        journal, ledger = Journal(path), self.run.ledger(ledger_path)
        loop = self.run.loop(journal, ledger)
        self.run.until(loop, 2)
        found = standing(loop, journal, ledger)
        journal.close()
        ledger.close()
        return found

    def whole_answers(self, height: int) -> int:
        """Answers of one effect are written together: the nearest height between two writes."""
        db = sqlite3.connect(self.folder / "whole.db")
        (rest,) = db.execute("SELECT answers FROM journal WHERE seq=?", (height - 1,)).fetchone()
        db.close()
        return height + rest


@pytest.fixture(scope="session")
def recorded(small, tmp_path_factory):
    return Recorded(small("2026-10-24"), tmp_path_factory.mktemp("recorded"))


def kill_points(recorded, count):
    """Heights at random, beside those around commits and snapshots, where mistakes would hide."""
    draw = random.Random(20261024)  # noqa: S311 - a fixed choice of rows, nothing secret
    heights = {draw.randrange(1, recorded.height) for _ in range(count)}
    commits = [place for asked, answered, _ in recorded.commits for place in (asked + 1, answered)]
    snapshots = [seq + offset for seq in recorded.snapshots for offset in (1, 2)]
    near = draw.sample(sorted({*commits, *snapshots}), min(count, len({*commits, *snapshots})))
    return sorted({recorded.whole_answers(min(h, recorded.height)) for h in (*heights, *near)})


def kill_everywhere(recorded, count):
    for height in kill_points(recorded, count):
        for ahead in (False, True):
            files = recorded.cut(height, f"{height}-{ahead}", ahead=ahead, snapshot=height % 3 > 0)
            assert recorded.resumed(*files) == recorded.standing, (height, ahead)


def test_killed_at_some_rows(recorded):
    kill_everywhere(recorded, 4)


@pytest.mark.slow
def test_killed_at_many_rows(recorded):
    kill_everywhere(recorded, 50)


def test_the_cut_files_are_what_they_say(recorded):
    asked, answered, _ = recorded.commits[4]
    path, ledger_path = recorded.cut(asked + 1, "check", ahead=True, snapshot=True)
    journal, ledger = Journal(path), recorded.run.ledger(ledger_path)
    assert journal.height == asked + 1 <= answered
    assert ledger.head().height == 5
    assert len(recorded.snapshots) >= 2
    journal.close()
    ledger.close()
