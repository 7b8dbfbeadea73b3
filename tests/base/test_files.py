"""Files are read within bounds and written whole; pipes, devices, links and folders are left."""

import os
import socket
import stat
from pathlib import Path

import pytest

from gridpact.base.files import check_regular, in_the_way, read_regular, write_whole

STATUS = Path("/proc/self/status")


def _socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


ODD = {
    "a link": lambda path: path.symlink_to("target"),
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a socket": _socket,
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    (tmp_path / "target").write_bytes(b"kept")
    return tmp_path


def test_a_file_is_read_up_to_its_bound(here):
    path = here / "target"
    assert read_regular(path, 4) == b"kept"
    with pytest.raises(OSError, match="it has more than 3 bytes"):
        read_regular(path, 3)
    assert in_the_way(path) == in_the_way(here / "none") == ""


def test_a_link_to_a_file_is_read(here):
    (here / "link").symlink_to("target")
    assert read_regular(here / "link", 10) == b"kept"


@pytest.mark.skipif(not STATUS.exists(), reason="a system without /proc")
def test_the_bound_holds_for_files_that_claim_to_be_empty():
    assert STATUS.stat().st_size == 0
    with pytest.raises(OSError, match="more than 10 bytes"):
        read_regular(STATUS, 10)


@pytest.mark.skipif(os.name != "posix", reason="pipes and links of POSIX")
@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_neither_replaced_nor_waited_for(here, kind):
    odd = here / "odd"
    ODD[kind](odd)
    before = odd.lstat()
    assert in_the_way(odd) == kind
    with pytest.raises(OSError, match=f"it is {kind}, which is not replaced"):
        write_whole(odd, b"new")
    after = odd.lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert (here / "target").read_bytes() == b"kept"
    if kind != "a link":
        for read in (check_regular, lambda path: read_regular(path, 10)):
            with pytest.raises(OSError, match=f"it is {kind}, not a file"):
                read(odd)


def test_devices_are_not_read(here):
    with pytest.raises(OSError, match="it is a device, not a file"):
        read_regular(Path(os.devnull), 10)


def test_a_file_is_written_whole_and_leaves_nothing_beside(here):
    path = here / "target"
    (here / ".target.partial").symlink_to("elsewhere")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [each.name for each in here.iterdir()] == ["target"]
    assert stat.S_ISREG(path.lstat().st_mode)


def test_trouble_leaves_the_file_as_it_was(here, monkeypatch):
    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(here / "target", b"new")
    assert [each.name for each in here.iterdir()] == ["target"]
    assert (here / "target").read_bytes() == b"kept"
