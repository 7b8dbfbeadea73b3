"""A place over another one: what is written stays in memory, so that a change can be tried."""

from __future__ import annotations

from gridpact.metering.store.places import Place


class Overlay:
    """Reads what lies below and writes nothing to it."""

    def __init__(self, below: Place) -> None:
        self.url = below.url
        self.below = below
        self._files: dict[str, bytes | None] = {}

    def read(self, name: str) -> bytes | None:
        """Return what a file holds, None where there is no such file."""
        return self._files[name] if name in self._files else self.below.read(name)

    def create(self, name: str, data: bytes) -> bool:
        """Keep a new file; False, and nothing changed, where there is one already."""
        if self._files.get(name, self.below.read(name)) is not None:
            return False
        self._files[name] = data
        return True

    def names(self, folder: str) -> list[str]:
        """Names of all files in a folder and in those below it, in order."""
        found = set(self.below.names(folder))
        for name, data in self._files.items():
            if name.startswith(f"{folder}/"):
                (found.discard if data is None else found.add)(name)
        return sorted(found)

    def written(self) -> list[str]:
        """Names of all files that were written here and are kept in memory, in order."""
        return sorted(name for name, data in self._files.items() if data is not None)

    def remove(self, name: str) -> None:
        """Take a file for removed."""
        self._files[name] = None
