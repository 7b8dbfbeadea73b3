"""Files destroyed: overwritten, brought to the disk, removed.

What stays is beyond a program's reach: solid-state drives and file systems that copy on write put
new bytes elsewhere and keep the old ones until they tidy up, and snapshots and backups keep theirs.
Keep secrets and people on an encrypted volume, and let backups expire.
"""

from __future__ import annotations

import os
from pathlib import Path

from gridpact.base.errors import StoreError
from gridpact.base.files import in_the_way, synced, write_whole

_BLOCK = 1 << 20
_OLD = ".erased"


def destroy(path: Path) -> bool:
    """Destroy a file; False where there is none. A link is removed, what it leads to stays.

    Raises StoreError where it cannot be; done again it goes on where it stopped.
    """
    try:
        if not in_the_way(path) and path.exists():
            _overwrite(path)
        elif not path.is_symlink():
            return False
    except OSError as error:
        raise StoreError(f"{path} cannot be destroyed: {error.strerror or error}") from error
    return discard(path)


def discard(path: Path) -> bool:
    """Remove a file or link that holds nothing secret; False where there is none."""
    try:
        path.unlink()
        synced(path.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{path} cannot be removed: {error.strerror or error}") from error
    return True


def destroy_folder(folder: Path) -> int:
    """Destroy all files of a folder, then the folder; return how many there were."""
    if not folder.is_dir() or folder.is_symlink():
        return int(destroy(folder))
    found = 0
    for path in sorted(folder.iterdir()):
        found += destroy_folder(path) if path.is_dir() else destroy(path)
    try:
        folder.rmdir()
        synced(folder.parent)
    except OSError as error:
        raise StoreError(f"{folder} cannot be removed: {error.strerror or error}") from error
    return found


def replace(path: Path, data: bytes) -> None:
    """Put other content in a file's place, and destroy what was there; safe to do again."""
    old = path.with_name(f".{path.name}{_OLD}")
    destroy(old)  # left by one who was killed
    try:
        mode = path.stat().st_mode & 0o777
        os.link(path, old)
        write_whole(path, data)
        path.chmod(mode)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
    destroy(old)


def finish(path: Path) -> None:
    """Destroy what a killed :func:`replace` left of a file."""
    destroy(path.with_name(f".{path.name}{_OLD}"))


def _overwrite(path: Path) -> None:
    with path.open("r+b", buffering=0) as file:
        left = os.fstat(file.fileno()).st_size
        while left > 0:
            left -= file.write(bytes(min(left, _BLOCK)))
        os.fsync(file.fileno())
