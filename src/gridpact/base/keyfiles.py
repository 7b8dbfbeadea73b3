"""Files of secrets: written once, readable by their owner only."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from gridpact.base.errors import StoreError


def write_key(path: Path, text: bytes) -> None:
    """Write a new file for its owner alone; raises StoreError where it exists or cannot be."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise StoreError(f"key file {path} exists already; move it away first") from error
    except OSError as error:
        raise StoreError(f"key file {path}: {error.strerror or error}") from error


def read_key(path: Path) -> bytes:
    """Return what a file of secrets holds; raises StoreError where others may read it too."""
    try:
        mode = path.stat().st_mode
        text = path.read_bytes()
    except OSError as error:
        raise StoreError(f"key file {path}: {error.strerror or error}") from error
    if text.startswith(b"ed25519:"):
        raise StoreError(f"key file {path} holds a public key; name the file of the secret one")
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise StoreError(f"key file {path} is open to others; run: chmod 600 {path}")
    return text
