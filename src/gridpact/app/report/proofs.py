"""Evidence: where the ledger stands, what went on it, how to check and to make the run again."""

from __future__ import annotations

from gridpact.app.report.facts import RunFacts
from gridpact.app.report.parts import Facts, Notes, Section, Table
from gridpact.app.report.text import number
from gridpact.app.report.view import View
from gridpact.ledger.entries import Entry, tag_of
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.kinds.terms import TermsCommitted
from gridpact.ledger.messages import CommitRequested, Committed

MOST_ROWS = 40
_SHOWN_HEX = 16


def section(view: View, facts: RunFacts) -> Section:
    """The ledger's head and its commitments."""
    head = (
        ("blocks", number(facts.ledger_height)),
        ("root", facts.ledger_root),
        ("public key", facts.ledger_key),
    )
    lead = (
        "The ledger holds hashes, and net positions under identifiers; no reading is on it. "
        "Keep this page, or only the root below: a ledger that was changed or cut short later "
        "no longer leads to it."
    )
    notes = Notes(
        (
            f"To check all of it, in the folder of this page: {facts.verify}",
            "It recomputes the run from its journal and every root from the evidence.",
            "Then it compares them with the ledger’s signed blocks.",
        )
    )
    return Section(
        "ledger", "Ledger and proofs", lead, (Facts(head, code=True), _table(view), notes)
    )


def _says(entry: Entry) -> str:
    if isinstance(entry, RootAnchored):
        return f"{entry.kind} ({number(entry.count)})"
    if isinstance(entry, TermsCommitted):
        return f"contracts ({number(entry.count)})"
    return tag_of(entry).replace("_", " ")


def _content(entries: tuple[Entry, ...]) -> str:
    words = [_says(entry) for entry in entries]
    counted = {word: words.count(word) for word in words}
    return ", ".join(w if n == 1 else f"{n} × {w}" for w, n in counted.items())


def _table(view: View) -> Table:
    asked = {message.key: message.entries for message in view.record.all(CommitRequested)}
    found = view.record.all(Committed)
    rows = [
        (
            message.key,
            _content(asked.get(message.key, ())),
            f"{message.receipt.root.hex()[:_SHOWN_HEX]}…",
            number(message.receipt.height),
            number(message.receipt.count),
        )
        for message in found[-MOST_ROWS:]
    ]
    hidden = len(found) - len(rows)
    return Table(
        "commitments",
        "Commitments",
        ("key", "what", "root after it", "block", "entries"),
        tuple(rows),
        names=3,
        note=f"{hidden} earlier commitments are on the ledger." if hidden else "",
    )


def reproduce(facts: RunFacts) -> Section:
    """The command that makes this run again, and the hashes that it must end with."""
    again = (
        ("command", facts.command),
        ("scenario", facts.scenario),
        ("seed", str(facts.seed)),
        ("gridpact", facts.version),
        ("state hash", facts.state_hash),
        ("journal head", facts.journal_head),
    )
    lead = (
        "The same scenario, seed and version end with the same state hash and journal head on "
        "every machine, and with this page but for the timings."
    )
    return Section("reproduce", "How to make this run again", lead, (Facts(again, code=True),))


def timings(facts: RunFacts) -> Section:
    """Wall time by phase: the one section that differs from run to run."""
    total = sum(seconds for _, seconds, _ in facts.timings)
    rows = [(phase, number(seconds, 2), number(count)) for phase, seconds, count in facts.timings]
    table = Table(
        "phases",
        "Time by phase",
        ("phase", "seconds", "turns"),
        tuple(rows),
        ("all", number(total, 2), number(sum(count for *_, count in facts.timings))),
    )
    lead = "Wall time on the machine of the run; the only figures here that differ between runs."
    parts = (table,) if rows else (Notes(("No timings were kept.",)),)
    return Section("timings", "How long it took", lead, parts)
