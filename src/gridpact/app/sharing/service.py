"""A read-only web service of coefficient files, for a network operator to fetch.

It serves the files of one folder that are named like coefficients, and nothing else: no links, no
folders below, no hidden files. A file's tag is the SHA-256 of what it holds, so that a client which
has it already is answered 304.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gridpact import __version__
from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import in_the_way, read_regular
from gridpact.settlement.sharing.files.text import MAX_BYTES

if TYPE_CHECKING:
    from fastapi import FastAPI, Response

NAME = re.compile(r"coefficients-[0-9]{4}-[0-9]{2}\.csv|ES[0-9A-Z]{24}_[0-9]{4}\.txt")
MISSING = "the web service needs the extra: pip install 'gridpact[web]'"
_TYPES = {".csv": "text/csv; charset=utf-8", ".txt": "text/plain; charset=utf-8"}


class Listed(msgspec.Struct, frozen=True):
    """A file of coefficients: its name, size and SHA-256 (hex)."""

    name: str
    bytes: int
    sha256: str


def listed(folder: Path) -> list[Listed]:
    """Return the files of coefficients in a folder, in order of name."""
    found = []
    for path in sorted(folder.iterdir()):
        if NAME.fullmatch(path.name) and (data := _held(path)) is not None:
            found.append(Listed(path.name, len(data), hashlib.sha256(data).hexdigest()))
    return found


def service(folder: Path) -> FastAPI:
    """Return the application that serves the coefficients of a folder.

    Raises BadInput where there is no such folder, or the extra ``web`` is not installed.
    """
    if not folder.is_dir():
        fix = "name the folder that gridpact export coefficients wrote into"
        raise BadInput([Fault(str(folder), 0, "", "there is no such folder", fix)])
    try:
        from fastapi import FastAPI
    except ModuleNotFoundError as error:
        fix = "install it, or hand the files over otherwise"
        raise BadInput([Fault("arguments", 0, "", MISSING, fix)]) from error
    app = FastAPI(
        title="Coefficients of energy sharing",
        version=__version__,
        description="Read-only. Files of coefficients for the network operator.",
        docs_url=None,  # pages of documentation would fetch scripts from elsewhere
        redoc_url=None,
    )
    _add_routes(app, folder)
    return app


def _add_routes(app: FastAPI, folder: Path) -> None:
    from fastapi import Request, Response

    def index() -> list[dict[str, str | int]]:
        """List the files of coefficients, each with its size and SHA-256."""
        return [msgspec.structs.asdict(each) for each in listed(folder)]

    def one(name: str, request: Request) -> Response:
        """Return one file, or 304 to a client that has it as its If-None-Match says."""
        return _answer(folder, name, request.headers.get("if-none-match", ""))

    # annotations are names of this function's own imports, which FastAPI cannot look up
    one.__annotations__.update(request=Request, **{"return": Response})
    path = "/v1/coefficients/{name}"
    app.add_api_route("/v1/coefficients", index, methods=["HEAD"], include_in_schema=False)
    app.add_api_route(path, one, methods=["HEAD"], include_in_schema=False)
    app.add_api_route("/v1/coefficients", index, methods=["GET"], summary="List files")
    app.add_api_route(
        path,
        one,
        methods=["GET"],
        summary="One file",
        response_class=Response,
        responses={304: {"description": "Not modified"}, 404: {"description": "No such file"}},
    )


def _answer(folder: Path, name: str, known: str) -> Response:
    from fastapi import Response

    data = _held(folder / name) if NAME.fullmatch(name) else None
    if data is None:
        return Response("there is no such file\n", 404, media_type="text/plain")
    tag = f'"{hashlib.sha256(data).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    tags = {each.strip().removeprefix("W/") for each in known.split(",")}
    if tag in tags or known.strip() == "*":
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=_TYPES[Path(name).suffix])


def _held(path: Path) -> bytes | None:
    """Return what a file holds; None for what is no regular file or cannot be read."""
    try:
        return None if in_the_way(path) else read_regular(path, MAX_BYTES)
    except OSError:
        return None
