"""``gridpact serve``: what others may fetch from a community."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.cli.output import output_options, say, say_json
from gridpact.app.sharing.service import listed, service


@click.group(short_help="Serve files of coefficients to network operators.")
def serve() -> None:
    """Serve over the web, read-only, what a community tells others."""


@serve.command(
    short_help="Serve coefficients to the network operator.",
    epilog="""\b
Examples:
  gridpact serve coefficients told
  gridpact serve coefficients told --host 0.0.0.0 --port 8443""",
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port."
)
@output_options
def coefficients(folder: Path, host: str, port: int, as_json: bool, quiet: bool) -> None:
    """Serve the coefficient files in FOLDER until ctrl-C, read-only.

    GET /v1/coefficients lists the files with their SHA-256, GET /v1/coefficients/NAME returns one,
    with its SHA-256 as ETag; /openapi.json describes both. Nothing else in FOLDER is served. There
    is no encryption and no login: put a proxy before it that has both. Needs the extra web.
    """
    app = service(folder)
    count = len(listed(folder))
    address = f"http://{host}:{port}/v1/coefficients"
    if as_json:
        say_json({"address": address, "files": count})
    elif not quiet:
        say(f"{count} file{'s' if count != 1 else ''} at {address}, until ctrl-C", err=True)
    import uvicorn

    uvicorn.run(app, host=host, port=port, log_level="warning")
