"""Secrets that members let the operator hold, so that it can make their leaves.

To salt a leaf one needs the secret. A member who lets the operator hold a copy has its leaves made
for it; whoever holds a copy can also tell what the member's leaves commit to. A member who keeps
the secret to itself salts its own leaves and hands over 32 bytes each. Taking a secret back
destroys the operator's copy, and erasure destroys both.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gridpact.base.errors import StoreError
from gridpact.base.keyfiles import write_key
from gridpact.ledger.spaces.destroying import destroy
from gridpact.ledger.spaces.space import Space, read_secret

_KEY = ".key"


class Custody:
    """The operator's folder of secrets, one file a member, for the operator's eyes only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, space: Space) -> None:
        """Take a copy of a member's secret, as it wishes; StoreError where there is one."""
        self._keep(space.subject, space.secret())

    def draw(self, subject: str, secret: bytes) -> bool:
        """Keep a secret that was drawn for somebody; False where one is held already."""
        if self._path(subject).exists():
            return False
        self._keep(subject, secret)
        return True

    def give_back(self, subject: str) -> bool:
        """Destroy the copy of a member's secret; False where there is none."""
        return destroy(self._path(subject))

    def subjects(self) -> Iterator[str]:
        """Yield whose secrets are held, in order."""
        yield from sorted(path.name[: -len(_KEY)] for path in self.folder.glob(f"*{_KEY}"))

    def secrets(self) -> dict[str, bytes]:
        """Return all secrets that are held, as leaves are made with them."""
        return {subject: read_secret(self._path(subject)) for subject in self.subjects()}

    def _keep(self, subject: str, secret: bytes) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self.folder}: {error.strerror or error}") from error
        write_key(self._path(subject), secret.hex().encode() + b"\n")

    def _path(self, subject: str) -> Path:
        return self.folder / f"{subject}{_KEY}"
