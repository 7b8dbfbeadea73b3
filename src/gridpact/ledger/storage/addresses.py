"""Addresses of databases: ``postgresql://user@host:port/database?schema=lane``."""

from __future__ import annotations

import getpass
import os
import re
import ssl
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from gridpact.base.errors import BadInput, Fault

EXAMPLE = "postgresql://user@host:5432/database?schema=lane"
SCHEMES = ("postgresql", "postgres")
MODES = ("disable", "require", "verify-full")
"""As libpq's ``sslmode``: no TLS, TLS with any certificate, TLS with one that fits the host."""
_OPTIONS = ("schema", "host", "sslmode", "sslrootcert")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_LOCAL = ("", "localhost", "127.0.0.1", "::1")


class Address(NamedTuple):
    """Where a database is; ``host`` is a name, or the folder of a Unix socket."""

    user: str
    password: str | None
    host: str
    port: int
    database: str
    schema: str
    sslmode: str
    sslrootcert: str | None

    def __str__(self) -> str:
        """Return the address as messages show it, without the password."""
        host, option = (self.host, "") if not self.socket else ("", f"&host={self.host}")
        place = f"{self.user}@{host}" + (f":{self.port}" if self.port != 5432 else "")
        return f"postgresql://{place}/{self.database}?schema={self.schema}{option}"

    @property
    def socket(self) -> str | None:
        """Path of the Unix socket, where it is one."""
        return f"{self.host}/.s.PGSQL.{self.port}" if self.host.startswith("/") else None

    def tls(self) -> ssl.SSLContext | bool:
        """Return how to encrypt; False for not at all."""
        if self.socket or self.sslmode == "disable":
            return False
        context = ssl.create_default_context(cafile=self.sslrootcert)
        if self.sslmode == "require":
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def parse_address(text: str) -> Address:
    """Read an address; BadInput lists every fault in it.

    The password may come from ``PGPASSWORD`` instead. Without ``sslmode`` a server on another
    machine must show a certificate that fits its name, one on this machine is not encrypted.
    """
    parts = urlsplit(text)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    faults = [Fault("address", 0, *each) for each in _faults(text, options)]
    if faults:
        raise BadInput(faults)
    host = options.get("host") or unquote(parts.hostname or "localhost")
    local = host.startswith("/") or host in _LOCAL
    return Address(
        unquote(parts.username or "") or getpass.getuser(),
        unquote(parts.password) if parts.password else os.environ.get("PGPASSWORD"),
        host,
        parts.port or 5432,
        unquote(parts.path.removeprefix("/")),
        options.get("schema", "gridpact"),
        options.get("sslmode") or ("disable" if local else "verify-full"),
        options.get("sslrootcert"),
    )


def _faults(text: str, options: dict[str, str]) -> list[tuple[str, str, str]]:
    parts, found = urlsplit(text), []
    if parts.scheme not in SCHEMES:
        found.append(("scheme", f"is {parts.scheme!r}", f"write {EXAMPLE}"))
    try:
        _ = parts.port
    except ValueError:
        found.append(("port", "is no number up to 65535", f"write {EXAMPLE}"))
    if not parts.path.strip("/") or "/" in parts.path[1:]:
        found.append(("database", "is missing or has a slash", f"write {EXAMPLE}"))
    schema, mode = options.get("schema", "gridpact"), options.get("sslmode", MODES[0])
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
        found.append(("schema", f"{schema!r} is no name", f"use {_SCHEMA.pattern}, not pg_"))
    if mode not in MODES:
        found.append(("sslmode", f"{mode!r} is unknown", f"use one of {', '.join(MODES)}"))
    found += [
        (name, "is no option", f"use one of {', '.join(_OPTIONS)}")
        for name in options
        if name not in _OPTIONS
    ]
    return found
