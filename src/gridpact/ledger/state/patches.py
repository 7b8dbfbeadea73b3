"""Patches: proposed by one authority, activated and undone once a quorum approves."""

from __future__ import annotations

from msgspec.structs import replace

from gridpact.ledger.kinds.patches import PatchActivated, PatchApproved, PatchProposed, PatchUndone
from gridpact.ledger.state.state import FINE, Patch, Problems, State


def proposed(state: State, entry: PatchProposed, by: str) -> Problems:
    """Note a patch; whoever proposes it approves of it."""
    if entry.patch in state.patches:
        return (("patch", f"{entry.patch} is taken", "choose another name"),)
    state.patches.put(entry.patch, Patch(entry.content))
    state.approvals.put((entry.patch, "activate"), (by,))
    return FINE


def approved(state: State, entry: PatchApproved, by: str) -> Problems:
    """Note an authority's approval of a step, once."""
    due = "proposed" if entry.step == "activate" else "active"
    problems = _unless(state, entry.patch, due)
    if problems:
        return problems
    given = state.approvals.at((entry.patch, entry.step), ())
    if by in given:
        return (("patch", f"{by} approved of this before", "one approval each"),)
    state.approvals.put((entry.patch, entry.step), (*given, by))
    return FINE


def activated(state: State, entry: PatchActivated) -> Problems:
    """Let a patch apply that a quorum approved of."""
    return _step(state, entry.patch, "activate")


def undone(state: State, entry: PatchUndone) -> Problems:
    """Let a patch apply no longer that a quorum wants undone."""
    return _step(state, entry.patch, "undo")


def _step(state: State, name: str, step: str) -> Problems:
    problems = _unless(state, name, "proposed" if step == "activate" else "active")
    if problems:
        return problems
    given = [by for by in state.approvals.at((name, step), ()) if by in state.authorities]
    if len(given) < state.quorum:
        problem = f"{len(given)} of {state.quorum} authorities approved of it"
        return (("patch", problem, f"let more approve of this step, {step}"),)
    after = replace(state.patches.rows[name], status="active" if step == "activate" else "undone")
    state.patches.put(name, after)
    return FINE


def _unless(state: State, name: str, due: str) -> Problems:
    one = state.patches.get(name)
    if one is None:
        return (("patch", f"{name} is unknown", "propose it first"),)
    if one.status != due:
        return (
            (
                "patch",
                f"{name} is {one.status}, not {due}",
                "this step is not open; see the list of patches",
            ),
        )
    return FINE
