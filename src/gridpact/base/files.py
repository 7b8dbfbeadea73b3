"""Files read within bounds and written whole, and nothing but files: no pipe, device or link."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def kind_of(mode: int) -> str:
    """Say what a mode of :func:`os.stat` is of where that is no regular file, else ``""``."""
    return "" if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no regular file")


def in_the_way(path: Path) -> str:
    """Say what stands at a path that is no regular file; ``""`` for a file or nothing at all."""
    try:
        return kind_of(path.lstat().st_mode)
    except FileNotFoundError:
        return ""


def check_regular(path: Path) -> None:
    """Raise OSError where a path leads to anything but a regular file; a link may lead to one."""
    if kind := kind_of(path.stat().st_mode):
        raise OSError(errno.EINVAL, f"it is {kind}, not a file", str(path))


def read_regular(path: Path, most: int) -> bytes:
    """Return what a regular file holds, at most ``most`` bytes of it being read.

    Raises OSError, with a reason for people as its ``strerror``, for what cannot be read, is no
    regular file, or is larger. The bound holds for what is read, whatever the size claims to be.
    """
    check_regular(path)  # before it is opened: to open a device may do something
    with os.fdopen(os.open(path, _READ), "rb") as stream:
        if kind := kind_of(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, f"it is {kind}, not a file", str(path))
        data = stream.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(path))
    return data


def write_whole(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file whole or not at all, in place of a regular file if there is one.

    ``mode`` is who may do what with it, less what the system takes away, from its first byte on.

    Raises OSError, with a reason for people as its ``strerror``; what stands at the path is then
    as it was.
    """
    if kind := in_the_way(path):
        raise OSError(errno.EEXIST, f"it is {kind}, which is not replaced", str(path))
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.unlink(missing_ok=True)  # left by one who was killed, or laid as a trap
        with os.fdopen(os.open(partial, _NEW, mode), "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except OSError:
        _discard(partial)
        raise


def synced(path: Path) -> None:
    """Bring what was written to a file, or the names in a folder, to the disk; OSError else.

    Some systems open no folder; there its names are left to the system.
    """
    if os.name != "posix" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _discard(partial: Path) -> None:
    try:
        partial.unlink(missing_ok=True)
    except OSError:  # the folder itself is out of reach, so nothing was written either
        return
