"""Files of a store in an object store, by any file system of fsspec that writes objects whole."""

from __future__ import annotations

from typing import Protocol

from gridpact.base.errors import StoreError
from gridpact.metering.store.places import trouble

ATTEMPTS = 8
"""Times that an object is sent where others are creating the same one."""
_THERE = ("PreconditionFailed", "412")
_AGAIN = ("ConditionalRequestConflict", "409")
_EXTRAS = {"s3": "s3", "s3a": "s3"}
"""By protocol, the extra that reaches it."""


class _Files(Protocol):
    """What is used of fsspec's AbstractFileSystem."""

    def cat_file(self, path: str) -> bytes: ...
    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite") -> None: ...
    def find(self, path: str) -> list[str]: ...
    def rm_file(self, path: str) -> None: ...
    def invalidate_cache(self) -> None: ...


def opened(url: str) -> ObjectStore:
    """Return the object store of a URL; StoreError where nothing here can reach it."""
    import fsspec

    protocol = url.partition("://")[0]
    try:
        # a listing that is kept hides what others write
        files, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        fix = f"it needs the extra: pip install 'gridpact[{extra}]'" if extra else str(error)
        raise StoreError(f"{url}: nothing here reaches {protocol}://; {fix}") from error
    except ValueError as error:
        raise StoreError(f"{url}: {error}; give a folder or a URL that fsspec reaches") from error
    return ObjectStore(url, files, root.rstrip("/"))


class ObjectStore:
    """Objects below a root.

    Libraries of object stores raise what they like, also what is no OSError, such as for
    credentials that lack; all of it becomes a StoreError.
    """

    def __init__(self, url: str, files: _Files, root: str) -> None:
        self.url = url
        self._files = files
        self._root = root

    def read(self, name: str) -> bytes | None:
        """Return what an object holds, None where there is none."""
        try:
            return self._files.cat_file(self._path(name))
        except FileNotFoundError:
            return None
        except Exception as error:
            raise trouble(self.url, name, error) from error

    def create(self, name: str, data: bytes) -> bool:
        """Write a new object; False, and nothing changed, where there is one already.

        Also False where the answer to this very write was lost and it was sent again.
        """
        for _ in range(ATTEMPTS):
            try:
                self._files.pipe_file(self._path(name), data, mode="create")
            except FileExistsError:
                return False
            except Exception as error:
                code = _code(error)
                if code in _THERE:
                    return False
                if code not in _AGAIN:
                    raise trouble(self.url, name, error) from error
            else:
                return True
        raise StoreError(f"store {self.url}: {name}: others keep writing to it; try again")

    def names(self, folder: str) -> list[str]:
        """Names of all objects below a folder, in order."""
        self._files.invalidate_cache()  # for file systems that keep listings all the same
        try:
            found = self._files.find(self._path(folder))
        except FileNotFoundError:
            return []
        except Exception as error:
            raise trouble(self.url, folder, error) from error
        return sorted(path.removeprefix(f"{self._root}/") for path in found)

    def remove(self, name: str) -> None:
        """Remove an object, if there is one."""
        try:
            self._files.rm_file(self._path(name))
        except FileNotFoundError:
            return
        except Exception as error:
            raise trouble(self.url, name, error) from error

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def _code(error: Exception) -> str:
    """Code of S3 that an error stands for, as botocore tells it; nothing where there is none."""
    response = getattr(error.__cause__ or error, "response", None)
    told = response.get("Error") if isinstance(response, dict) else None
    return str(told.get("Code", "")) if isinstance(told, dict) else ""
