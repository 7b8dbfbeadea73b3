"""Where a store lies: a local folder or an object store, with files that are whole or not there."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import Protocol

from gridpact.base.errors import StoreError
from gridpact.base.files import synced

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class Place(Protocol):
    """Files by names such as ``commits/00000001.json``; what cannot be done is a StoreError."""

    url: str

    def read(self, name: str) -> bytes | None:
        """Return what a file holds, None where there is no such file."""

    def create(self, name: str, data: bytes) -> bool:
        """Write a new file whole; False, and nothing changed, where there is one already."""

    def names(self, folder: str) -> list[str]:
        """Names of all files in a folder and in those below it, in order."""

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""


def place_of(url: str) -> Place:
    """Return the place that a path or URL such as ``s3://bucket/readings`` means.

    Raises StoreError where nothing here can reach such a URL.
    """
    if "://" not in url or url.startswith("file://"):
        return Folder(Path(url.removeprefix("file://")))
    from gridpact.metering.store.object_store import opened

    return opened(url)


class Folder:
    """A local folder. Files reach the disk before their names do."""

    def __init__(self, root: Path) -> None:
        self.url = str(root)
        self._root = root

    def read(self, name: str) -> bytes | None:
        """Return what a file holds, None where there is no such file."""
        try:
            return (self._root / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._trouble(name, error) from error

    def create(self, name: str, data: bytes) -> bool:
        """Write a new file whole; False, and nothing changed, where there is one already."""
        try:
            partial = self._written(name, data)
            try:
                os.link(partial, self._root / name)  # unlike a renaming, refuses what is there
            except FileExistsError:
                return False
            finally:
                partial.unlink(missing_ok=True)
            self._keep_new_name(name)
        except OSError as error:
            raise self._trouble(name, error) from error
        return True

    def names(self, folder: str) -> list[str]:
        """Names of all files in a folder and in those below it, in order."""
        found = (self._root / folder).rglob("*")
        return sorted(path.relative_to(self._root).as_posix() for path in found if path.is_file())

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""
        try:
            (self._root / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._trouble(name, error) from error

    def _written(self, name: str, data: bytes) -> Path:
        """Write data beside where it belongs, down to the disk."""
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        partial, opened = _begun(path)
        try:
            with os.fdopen(opened, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        return partial

    def _keep_new_name(self, name: str) -> None:
        """Bring the name of a new file to the disk; where that fails, the file goes again."""
        try:
            self._keep_name(name)
        except OSError:
            (self._root / name).unlink(missing_ok=True)
            raise

    def _keep_name(self, name: str) -> None:
        """Bring the name of a file to the disk, where the system can."""
        synced((self._root / name).parent)

    def _trouble(self, name: str, error: OSError) -> StoreError:
        return trouble(self.url, name, error)


def _begun(path: Path) -> tuple[Path, int]:
    """Open a new file beside another one that no other writer has; return it and its descriptor."""
    for number in count():
        partial = path.with_name(f".{path.name}.{number}.partial")
        try:
            return partial, os.open(partial, _NEW, 0o666)
        except FileExistsError:  # of another writer, or of one that was killed
            continue
    raise AssertionError


def trouble(url: str, name: str, error: Exception) -> StoreError:
    """Error of a file that cannot be read or written."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return StoreError(
        f"store {url}: {name}: {reason}; what was stored before is intact. "
        "Free space or give access, then do it again"
    )
