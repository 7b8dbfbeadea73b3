import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from gridpact.base.errors import StoreError
from gridpact.ledger.acts import drafted, signed
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.founding import LedgerFounded
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.kinds.terms import TermsCommitted
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.port import Refused


@pytest.fixture(scope="session")
def authority():
    return demonstration_key(7)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def some_entries():
    return [
        ParticipantAuthorised("ada", "prosumer"),
        TermsCommitted("day-ahead/2026-06-15", 3, bytes(range(32))),
        RootAnchored("readings", "community", "2026-06-15", 2, bytes(range(1, 33))),
        NetSettled("2026-06", "EUR", (("ada", -250), ("bob", 100), ("cyd", 150))),
    ]


@pytest.fixture
def filled(path, authority, some_entries):
    """A closed file with three blocks of four, one and two entries; returns its head."""
    return fill(path, authority, some_entries)


def fill(place, authority, some_entries):
    with LocalLedger(place, authority) as ledger:
        ledger.commit("first", some_entries, 10)
        ledger.commit("second", some_entries[2:3], 20)
        ledger.commit("third", some_entries[:2], 30)
        return ledger.head()


class Server:
    """A PostgreSQL server of its own in a temporary folder, reached through a Unix socket there."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.who = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = pwd.getpwnam("nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.schemas = itertools.count()
        data = str(self.folder / "data")
        make = ["initdb", "-D", data, "-A", "trust", "-U", "gridpact", "--no-sync", "--locale=C"]
        subprocess.run(
            [*make, "-E", "UTF8"], check=True, capture_output=True, cwd=self.folder, **self.who
        )
        self.start()

    def start(self, *options: str) -> None:
        settings = ("listen_addresses=", "shared_buffers=16MB", *options)
        command = ["postgres", "-D", str(self.folder / "data"), "-k", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *(part for setting in settings for part in ("-c", setting))],
                **{"cwd": self.folder, "stdout": log, "stderr": log, **self.who},
            )
        for _ in range(600):
            with suppress(StoreError):
                return self.run("SELECT 1")
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self, how=signal.SIGINT) -> None:
        """SIGINT ends it in order; SIGQUIT at once, as a crash would."""
        self.process.send_signal(how)
        self.process.wait(60)

    def address(self, schema=None) -> str:
        """Address of a schema, by default one that nobody has used."""
        schema = schema or f"lane{next(self.schemas)}"
        return f"postgresql://gridpact@/postgres?host={self.folder}&schema={schema}"

    def run(self, *statements, schema="public"):
        """Run statements as the owner of everything; return what the last one gives."""
        from gridpact.ledger.storage.addresses import parse_address
        from gridpact.ledger.storage.postgres import connect

        try:
            connection = connect(parse_address(self.address(schema)), 5.0)
        except Exception as error:
            raise StoreError(str(error)) from error
        try:
            return [connection.run(each) for each in statements][-1]
        finally:
            connection.close()


HOW = "no PostgreSQL: put initdb and postgres on PATH (/usr/lib/postgresql/*/bin), install pg8000"


def pytest_collection_modifyitems(items):
    """Leave out what needs a server where there is none, told in one line per file."""
    if shutil.which("initdb") and shutil.which("postgres") and find_spec("pg8000"):
        return
    for item in items:
        if Path(__file__).parent in item.path.parents and "postgres" in wanted(item):
            item.add_marker(pytest.mark.skip(reason=HOW))


def wanted(item):
    """Fixtures that a test asks for, by name or as the value of another's parameter."""
    callspec = getattr(item, "callspec", None)
    return {
        *getattr(item, "fixturenames", ()),
        *map(str, callspec.params.values() if callspec else ()),
    }


@pytest.fixture(scope="session")
def postgres():
    """A running server, where there is one on PATH."""
    server = Server()
    yield server
    server.stop()
    shutil.rmtree(server.folder)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    """Where a ledger can be made, in each kind of database."""
    if request.param == "sqlite":
        return tmp_path / "ledger.db"
    return request.getfixturevalue("postgres").address()


@pytest.fixture
def filled_place(place, authority, some_entries):
    """A closed ledger as ``filled``, in each kind of database; returns its head."""
    return fill(place, authority, some_entries)


@pytest.fixture(scope="session")
def founded(authority):
    """Make a ledger of one authority that admits ada, bob, cyd and dee; return it with ``act``.

    ``act`` puts entries on the ledger in an act of the authority's, and returns the answer.
    """

    def make(path, members=("ada", "bob", "cyd", "dee")):
        ledger, acts = LocalLedger(path, authority), itertools.count(1)

        def act(*entries, at=20):
            draft = drafted(("auth",), entries, sequence=next(acts), at=at, why="as asked")
            whole = signed(draft, ledger.genesis, "auth", authority)
            return ledger.commit(f"act/{draft.sequence}", [whole, *entries], at)

        first = LedgerFounded((("auth", authority.public.raw),), 1, 300)
        assert not isinstance(ledger.commit("found", [first], 10), Refused)
        admitted = [ParticipantAuthorised(name, "prosumer") for name in members]
        operator = ParticipantAuthorised("auth-operator", "operator")
        assert not isinstance(act(*admitted, operator), Refused)
        return ledger, act

    return make


@pytest.fixture(scope="session")
def chains():
    """Ledgers on a chain within this process: the classes ``Lane`` and ``Chain``."""
    pytest.importorskip("eth_tester", reason="no EVM in process: pip install 'gridpact[dev]'")
    place = Path(__file__).parent / "evm" / "lane.py"
    spec = importlib.util.spec_from_file_location("gridpact_test_lane", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def lane(chains):
    """A ledger that auth-a has deployed, and not yet founded."""
    return chains.Lane()
