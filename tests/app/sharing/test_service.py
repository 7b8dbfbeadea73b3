import hashlib
import http.client
import json
import sys
import threading
import time
from typing import NamedTuple

import pytest

from gridpact.app.sharing.service import MISSING, listed, service
from gridpact.base.errors import BadInput

uvicorn = pytest.importorskip("uvicorn", reason="needs the extra: pip install 'gridpact[web]'")
CAU = "ES1234123456789012JY0FA000"
MARCH = b"slot_start,consumer,coefficient\n"
YEAR = b"ES1234123456789012JY0F;1,000000\n"


@pytest.fixture
def folder(tmp_path):
    told = tmp_path / "told"
    told.mkdir()
    (told / "coefficients-2026-03.csv").write_bytes(MARCH)
    (told / f"{CAU}_2026.txt").write_bytes(YEAR)
    (told / "rules.yaml").write_text("secret")
    (tmp_path / "coefficients-2026-01.csv").write_text("outside")
    (told / "coefficients-2026-01.csv").symlink_to(tmp_path / "coefficients-2026-01.csv")
    (told / "coefficients-2026-02.csv").mkdir()
    return told


class Got(NamedTuple):
    status: int
    content: bytes
    headers: dict[str, str]


class Client:
    """Speaks HTTP to a port of this machine; paths go as they are written."""

    def __init__(self, port):
        self._port = port

    def __call__(self, method, path, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request(
                method,
                path,
                headers={name.replace("_", "-"): each for name, each in headers.items()},
            )
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Got(answer.status, answer.read(), found)
        finally:
            connection.close()


@pytest.fixture
def client(folder):
    """A client of the service, which runs as it does for users, on a free port."""
    config = uvicorn.Config(service(folder), port=0, log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    yield Client(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(20)


def test_the_head_of_the_list(client):
    head, whole = (client(method, "/v1/coefficients") for method in ("HEAD", "GET"))
    assert (head.status, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.headers["content-type"] == whole.headers["content-type"] == "application/json"


def test_the_list(client):
    found = json.loads(client("GET", "/v1/coefficients").content)
    assert found == [
        {"name": f"{CAU}_2026.txt", "bytes": len(YEAR), "sha256": hashlib.sha256(YEAR).hexdigest()},
        {
            "name": "coefficients-2026-03.csv",
            "bytes": len(MARCH),
            "sha256": hashlib.sha256(MARCH).hexdigest(),
        },
    ]


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("coefficients-2026-03.csv", MARCH, "text/csv; charset=utf-8"),
        (f"{CAU}_2026.txt", YEAR, "text/plain; charset=utf-8"),
    ],
)
def test_a_file_and_its_tag(client, folder, name, data, kind):
    got = client("GET", f"/v1/coefficients/{name}")
    tag = f'"{hashlib.sha256(data).hexdigest()}"'
    assert (got.status, got.content, got.headers["etag"]) == (200, data, tag)
    assert got.headers["content-type"] == kind
    head = client("HEAD", f"/v1/coefficients/{name}")
    assert (head.status, head.content, head.headers["etag"]) == (200, b"", tag)
    assert head.headers["content-length"] == str(len(data))
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = client("GET", f"/v1/coefficients/{name}", if_none_match=known)
        assert (again.status, again.content, again.headers["etag"]) == (304, b"", tag)
    changed = client("GET", f"/v1/coefficients/{name}", if_none_match='"other"')
    assert changed.content == data
    (folder / name).write_bytes(data + data)
    fresh = client("GET", f"/v1/coefficients/{name}", if_none_match=tag)
    assert (fresh.status, fresh.content) == (200, data + data)


@pytest.mark.parametrize(
    "name",
    [
        "rules.yaml",
        "coefficients-2026-01.csv",
        "coefficients-2026-02.csv",
        "coefficients-2026-04.csv",
        "..%2Fcoefficients-2026-01.csv",
        "../coefficients-2026-01.csv",
        "%00",
        "coefficients-2026-03.csv%0a",
    ],
)
def test_nothing_else_is_served(client, name):
    assert client("GET", f"/v1/coefficients/{name}").status == 404


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_nothing_can_be_changed(client, folder, method):
    before = sorted(path.name for path in folder.iterdir())
    for path in ("/v1/coefficients", "/v1/coefficients/coefficients-2026-03.csv"):
        assert client(method, path).status == 405
    assert sorted(path.name for path in folder.iterdir()) == before
    assert (folder / "coefficients-2026-03.csv").read_bytes() == MARCH


def test_its_description(client):
    found = json.loads(client("GET", "/openapi.json").content)
    assert set(found["paths"]) == {"/v1/coefficients", "/v1/coefficients/{name}"}
    assert set(found["paths"]["/v1/coefficients/{name}"]["get"]["responses"]) >= {"304", "404"}
    assert client("GET", "/docs").status == 404


def test_no_folder_and_no_extra(folder, tmp_path, monkeypatch, called):
    with pytest.raises(BadInput, match="there is no such folder"):
        service(tmp_path / "nowhere")
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with pytest.raises(BadInput, match=r"pip install 'gridpact\[web\]'"):
        service(folder)
    done = called("serve", "coefficients", folder)
    assert (done.code, MISSING in done.err) == (2, True)
    assert len(listed(folder)) == 2
