"""A store of readings as a store of persons: whose metering points are forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gridpact.ledger.spaces.destroying import destroy
from gridpact.ledger.spaces.erasure import Step
from gridpact.metering.store.forgetting import forget


class ReadingsStore:
    """Readings in a folder or object store; ``points`` tells the metering points of each subject.

    In a folder, files with rows that are forgotten are overwritten before they are removed. What
    an object store keeps of removed objects (versions) is up to its own settings.
    """

    name = "readings"

    def __init__(self, url: str, points: Mapping[str, Sequence[str]]) -> None:
        self._url = url
        self._points = points

    def erase(self, subject: str) -> Step:
        """Forget all metering points of the subject, with every version of their readings."""
        points = self._points.get(subject, ())
        if not points:
            return Step(self.name, 0)
        local = "://" not in self._url or self._url.startswith("file://")
        root = Path(self._url.removeprefix("file://"))
        removed = (lambda name: destroy(root / name)) if local else None
        return Step(self.name, forget(self._url, points, removed))
