"""What becomes of decisions about diaries, in words or JSON."""

from __future__ import annotations

from msgspec import to_builtins

from gridpact.app.cli.output import harmless, mark, say, say_json
from gridpact.scheduling.diaries.messages import DiaryRefused


def say_refused(answer: DiaryRefused, *, as_json: bool) -> None:
    """Say that a decision was refused, with every fault of it."""
    if as_json:
        say_json({"set": False, "faults": to_builtins(answer.faults)})
        return
    say(f"{mark(good=False)} {harmless(answer.asset or 'the diaries')}: refused")
    for fault in answer.faults:
        say(harmless(f"    {fault.where}: {fault.problem}; {fault.fix}"))
