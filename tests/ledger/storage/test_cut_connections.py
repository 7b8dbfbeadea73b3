"""A connection to PostgreSQL that breaks at any message loses nothing and repeats nothing."""

import socket
import threading
from contextlib import suppress

import pytest

from gridpact.base.errors import StoreError
from gridpact.ledger.local import LocalLedger


class Cutter:
    """Passes bytes on between a client and the server, until a message that it is told."""

    def __init__(self, target):
        self.target, self.left, self.passes = target, None, False
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def arm(self, messages, passes):
        """Cut at the message of this number; ``passes``: the server still gets it."""
        self.left, self.passes = messages, passes

    def serve(self):
        while True:
            try:
                client, _ = self.door.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
            for work in (self.up, self.down):
                threading.Thread(target=work, args=(client, server), daemon=True).start()

    def up(self, client, server):
        while data := read(client):
            if self.left is not None:
                self.left -= 1
                if self.left <= 0:
                    end(client, socket.SHUT_RDWR)
                    if self.passes:
                        server.sendall(data)
                    break
            server.sendall(data)
        end(server, socket.SHUT_WR)

    def down(self, client, server):
        while data := read(server):
            with suppress(OSError):  # the client was cut off; the server goes on to the end
                client.sendall(data)
        client.close()
        server.close()

    def close(self):
        self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()


def end(way, how):
    with suppress(OSError):  # the other side was faster
        way.shutdown(how)


def read(source):
    try:
        return source.recv(1 << 16)
    except OSError:
        return b""


@pytest.fixture
def cutter(postgres):
    made = Cutter(f"{postgres.folder}/.s.PGSQL.5432")
    yield made
    made.close()


@pytest.mark.parametrize("passes", [False, True])
def test_a_cut_at_every_message_of_a_commit(cutter, postgres, authority, some_entries, passes):
    outcomes = set()
    for message in range(1, 200):
        schema = postgres.address().partition("schema=")[2]
        address = f"postgresql://gridpact@127.0.0.1:{cutter.port}/postgres?schema={schema}"
        with LocalLedger(address, authority) as ledger:
            ledger.commit("first", some_entries, 10)
            before = ledger.head()
            cutter.arm(message, passes)
            try:
                ledger.commit("second", some_entries, 20)
            except StoreError as error:
                assert "commit again under the same key" in str(error)  # noqa: PT017
                assert "\n" not in str(error)  # noqa: PT017
            else:
                cutter.left = None
                break
            cutter.left = None
            found = ledger.verify(before)
            outcomes.add(found.height)
            assert ledger.commit("second", some_entries, 99).height == 2
            after = ledger.verify(before)
            assert (after.height, after.size) == (2, 8)
    assert message > 10
    assert outcomes == ({1, 2} if passes else {1})
