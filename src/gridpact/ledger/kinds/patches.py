"""Patches of rules and software: proposed, approved by a quorum, activated, undone."""

from __future__ import annotations

from typing import Annotated

from gridpact.ledger.kinds.fields import Digest, Kind, Name, one_of

STEPS = ("activate", "undo")


class PatchProposed(Kind, frozen=True, tag="patch_proposed"):
    """An authority proposes a patch by the SHA-256 of what it changes, and approves of it."""

    patch: Name
    content: Digest


class PatchApproved(Kind, frozen=True, tag="patch_approved"):
    """An authority approves that a patch is activated, or undone."""

    patch: Name
    step: Annotated[str, one_of(*STEPS)]


class PatchActivated(Kind, frozen=True, tag="patch_activated"):
    """A patch that a quorum approved of applies from now on."""

    patch: Name


class PatchUndone(Kind, frozen=True, tag="patch_undone"):
    """A patch that a quorum wants undone no longer applies."""

    patch: Name
