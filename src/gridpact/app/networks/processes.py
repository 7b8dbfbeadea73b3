"""A test network on this machine: its nodes are processes of their own, found again by files."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.files import write_whole
from gridpact.ledger.evm.network.besu import STATIC_NODES
from gridpact.ledger.evm.network.folders import GENESIS, kcn_arguments
from gridpact.ledger.evm.network.plan import Network, Validator, authority
from gridpact.ledger.evm.node import NodeTrouble, WrongChain
from gridpact.ledger.evm.rpc import Web3Node, connect

PID, LOG, KCN, PROGRAM = "pid", "log", "kcn", "program"
BUILT = Path("build/network/bin") / KCN
START_S = 60.0
_LOOK_S = 0.1


class NodeStatus(msgspec.Struct, frozen=True):
    """How a node of a test network is: its head where it answers, else None."""

    name: str
    address: str
    running: bool
    head: int | None
    peers: int | None


def find_kcn(given: Path | None = None, folder: Path | None = None) -> Path:
    """Find the program of the nodes: the given one, or that of before in the network's folder.

    Else the one built here, or one on the PATH. BadInput where there is none.
    """
    found = shutil.which(str(given or _kept(folder) or "")) or None
    if given is None and found is None:
        found = str(BUILT.absolute()) if BUILT.exists() else shutil.which(KCN)
    if found is None:
        what = f"{given} is no program" if given else f"no {KCN} is installed"
        fix = "build it (scripts/network/build.sh) or name one with --program"
        raise BadInput([Fault("arguments", 0, "--program", what, fix)])
    return Path(found)


def _kept(folder: Path | None) -> str:
    """Return the program that was named when a network was started before."""
    try:
        return (folder / PROGRAM).read_text(encoding="utf-8").strip() if folder else ""
    except OSError:
        return ""


def keep_program(folder: Path, program: Path) -> None:
    """Note the program of a network's nodes, to start them with it again."""
    write_whole(folder / PROGRAM, f"{program.absolute()}\n".encode())


def address_of(validator: Validator) -> str:
    """Return where a validator's JSON-RPC is."""
    return f"http://{authority(validator.host, validator.rpc)}"


class LocalNetwork:
    """Starts and stops the nodes of a network, which was written to ``folder`` for this machine.

    ``within`` is what a node's command is to be run by, such as ``ip netns exec``, by its name.
    """

    def __init__(
        self,
        network: Network,
        folder: Path,
        program: Path,
        within: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.network, self.folder, self.program = network, folder, program
        self._within = within or {}

    def begin(self) -> None:
        """Give each node its first block, those that have one excepted."""
        for validator in self.network.validators:
            self._begin(self.folder / validator.name)

    def _begin(self, place: Path) -> None:
        peers = place / "klay" / STATIC_NODES
        if not peers.exists():
            self._run(place, "--datadir=.", "init", str(self.folder.absolute() / GENESIS))
            peers.parent.mkdir(exist_ok=True)
            shutil.copy(place / STATIC_NODES, peers)

    def up(self, names: Sequence[str] = (), wait_s: float = START_S) -> None:
        """Start nodes, all unless named, one after another, so that they find each other at once.

        Returns when each answers; raises StoreError, and stops what was started, where one fails.
        """
        started = []
        try:
            for validator in self._named(names):
                if not running(self.folder / validator.name):
                    self._start(validator)
                    started.append(validator.name)
                self.wait(validator, wait_s)
        except BaseException:
            self.down(started)
            raise

    def down(self, names: Sequence[str] | None = None, *, kill: bool = False) -> list[str]:
        """Stop nodes, all unless named, at once with ``kill``; return those that ran."""
        chosen = self._named(names or ()) if names is None or names else []
        ran = [each.name for each in chosen if running(self.folder / each.name)]
        for name in ran:
            stop(self.folder / name, kill=kill)
        return ran

    def wait(self, validator: Validator, wait_s: float = START_S) -> Web3Node:
        """Wait until a node answers."""
        for _ in range(int(wait_s / _LOOK_S)):
            try:
                return connect(address_of(validator), self.network.chain, wait_s=5.0)
            except NodeTrouble:
                place = self.folder / validator.name
                if not running(place):
                    raise StoreError(f"node {validator.name} ended: {_last_line(place)}") from None
                time.sleep(_LOOK_S)
        raise StoreError(f"node {validator.name} does not answer within {wait_s:.0f} s")

    def wait_for_block(self, number: int, names: Sequence[str] = (), wait_s: float = 120.0) -> None:
        """Wait until nodes, all unless named, have a block; StoreError where it takes long."""
        for validator in self._named(names):
            node = self.wait(validator)
            for _ in range(int(wait_s / _LOOK_S)):
                if node.head().number >= number:
                    break
                time.sleep(_LOOK_S)
            else:
                raise StoreError(f"node {validator.name} has no block {number} in {wait_s:.0f} s")

    def status(self) -> list[NodeStatus]:
        """Return how each node is."""
        return [_status(self.network, each, self.folder) for each in self.network.validators]

    def _named(self, names: Sequence[str]) -> list[Validator]:
        found = {each.name: each for each in self.network.validators}
        if unknown := [name for name in names if name not in found]:
            fix = f"name one of {', '.join(found)}"
            raise BadInput(
                Fault("arguments", 0, "--node", f"no node is called {name}", fix)
                for name in unknown
            )
        return [found[name] for name in names or found]

    def _start(self, validator: Validator) -> None:
        place = self.folder / validator.name
        self._begin(place)
        for port in (validator.port, validator.rpc):
            _check_free(validator.host, port)
        program = [*self._within.get(validator.name, ()), str(self.program.absolute())]
        arguments = [*program, *kcn_arguments(self.network, validator)]
        pid = _spawned(arguments, place)
        (place / PID).write_text(f"{pid} {_born(pid)}\n", encoding="ascii")

    def _run(self, place: Path, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - the program that the user named
            [str(self.program.absolute()), *arguments],
            cwd=place,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it failed"]
            raise StoreError(f"node {place.name}: {self.program.name}: {said[-1]}")


def _spawned(arguments: Sequence[str], place: Path) -> int:
    """Start a program in a folder, in a session of its own: it outlives this process."""
    within = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', str(place.absolute()), *arguments]
    log = str(place.absolute() / LOG)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawn(within[0], within, os.environ, file_actions=actions, setsid=True)


def pid_of(place: Path) -> int | None:
    """Return the process of a node, None where none runs."""
    try:
        pid, born = (place / PID).read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    return int(pid) if born and _born(int(pid)) == born else None


def running(place: Path) -> bool:
    """Tell whether a node's process runs."""
    return pid_of(place) is not None


def stop(place: Path, *, kill: bool = False) -> None:
    """End a node's process; what does not end by itself is killed."""
    pid = pid_of(place)
    if pid is None:
        return
    os.kill(pid, signal.SIGKILL if kill else signal.SIGTERM)
    for look in range(200):
        _reap(pid)
        if not running(place):
            break
        if look == 100:
            os.kill(pid, signal.SIGKILL)
        time.sleep(_LOOK_S)
    (place / PID).unlink(missing_ok=True)


def _check_free(host: str, port: int) -> None:
    """Raise StoreError where another program listens at a port of this machine."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                problem = f"port {port} of {host} is in use; stop what uses it, or give --port"
                raise StoreError(problem) from error


def _reap(pid: int) -> None:
    """Let go of a child that ended; a process of another command is none of ours."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _born(pid: int) -> str:
    """Return when a process began, in the system's own words: a number may be used again.

    Empty for one that does not run.
    """
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state[0] == "Z" else state[19]


def _last_line(place: Path) -> str:
    lines = (place / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _status(network: Network, validator: Validator, folder: Path) -> NodeStatus:
    head = peers = None
    if up := running(folder / validator.name):
        try:
            node = connect(address_of(validator), network.chain, wait_s=5.0)
            head, peers = node.head().number, int(node.web3.net.peer_count)
        except (NodeTrouble, WrongChain):
            head = None
    return NodeStatus(validator.name, address_of(validator), up, head, peers)
