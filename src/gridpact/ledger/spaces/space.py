"""The folder of a member: its secret, what it was told, the proofs of it.

::

    space.yaml     whose it is
    secret.key     32 bytes in hex, for its owner's eyes only
    leaves/        what leaves commit to: readings, schedules, executions, statements
    proofs/        proof files, with the script that checks them

The secret never leaves but by the owner's will (:mod:`.custody`); leaves are salted with what is
derived from it, so that without it nobody can say what they commit to.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from gridpact.base.documents import read_mapping
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.files import read_regular, write_whole
from gridpact.base.ids import well_formed
from gridpact.base.keyfiles import read_key, write_key
from gridpact.ledger.leaves import SALT_BYTES, LeafBody, decode, encode, salt
from gridpact.ledger.proofs import files
from gridpact.ledger.proofs.model import Opened, ProofFile

ABOUT, SECRET, LEAVES, PROOFS = "space.yaml", "secret.key", "leaves", "proofs"
BEGIN = "gridpact: space/1"
_LONGEST_LEAF = 1 << 20


class Space:
    """A space that was begun; see the module."""

    def __init__(self, folder: Path, subject: str) -> None:
        self.folder = folder
        self.subject = subject

    @classmethod
    def create(cls, folder: Path, subject: str, secret: bytes) -> Space:
        """Begin a space with a secret of 32 bytes, which the caller draws.

        BadInput where the subject is no identifier or there is a space already, StoreError where
        it cannot be written.
        """
        _check(folder, subject, secret)
        try:
            for name in (LEAVES, PROOFS):
                (folder / name).mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            write_key(folder / SECRET, secret.hex().encode() + b"\n")
            write_whole(folder / ABOUT, f"{BEGIN}\nsubject: {subject}\n".encode())
        except OSError as error:
            raise StoreError(f"space {folder}: {error.strerror or error}") from error
        files.write_checker(folder / PROOFS)
        return cls(folder, subject)

    @classmethod
    def open(cls, folder: Path) -> Space:
        """Open a space; BadInput where there is none."""
        document, root = read_mapping(folder / ABOUT, "spaces", BEGIN)
        subject = root.get("subject")
        if root.get("gridpact") != "space/1" or not isinstance(subject, str):
            document.fault((), "this is no space/1 with a subject", f"begin with {BEGIN}")
        elif set(root) - {"gridpact", "subject"}:
            document.fault((), "there are other keys than gridpact and subject", "remove them")
        if document.faults:
            raise BadInput(document.faults)
        return cls(folder, str(subject))

    def secret(self) -> bytes:
        """Return the secret; StoreError where it is destroyed, open to others or damaged."""
        return read_secret(self.folder / SECRET)

    def salt(self, kind: str, period: str) -> bytes:
        """Return the salt of one leaf; handed out, it opens that leaf and no other."""
        return salt(self.secret(), kind, self.subject, period)

    def opened(self, kind: str, period: str) -> Opened:
        """Return a leaf that was kept, with its salt, as a proof discloses it."""
        return Opened(self.salt(kind, period), encode(self.leaf(kind, period)))

    def keep_leaf(self, body: LeafBody) -> None:
        """Keep what a leaf commits to; StoreError where it is another subject's."""
        if body.subject != self.subject:
            raise StoreError(f"space {self.folder} is {self.subject}'s, not {body.subject}'s")
        self._write(self._leaf(body.kind, body.period), encode(body))

    def leaf(self, kind: str, period: str) -> LeafBody:
        """Return what a leaf commits to; StoreError where it is not kept here."""
        path = self._leaf(kind, period)
        try:
            return decode(read_regular(path, _LONGEST_LEAF))
        except (OSError, ValueError) as error:
            raise StoreError(f"{path}: {error}") from error

    def kept(self) -> Iterator[tuple[str, str]]:
        """Yield kind and period of each leaf that is kept, in order of their files."""
        for path in sorted((self.folder / LEAVES).glob("*.leaf")):
            kind, _, name = path.stem.partition("-")
            yield kind, unquote(name)

    def keep_proof(self, name: str, proof: ProofFile) -> Path:
        """Keep a proof under a name; return its file."""
        path = self.folder / PROOFS / f"{_file_name(name)}.proof"
        files.write(path, proof)
        return path

    def _leaf(self, kind: str, period: str) -> Path:
        return self.folder / LEAVES / f"{kind}-{_file_name(period)}.leaf"

    def _write(self, path: Path, data: bytes) -> None:
        try:
            write_whole(path, data)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror or error}") from error


def read_secret(path: Path) -> bytes:
    """Read a file of a secret; StoreError where it is not 32 bytes in hex, or open to others."""
    try:
        secret = bytes.fromhex(read_key(path).decode("ascii").strip())
    except ValueError as error:
        raise StoreError(f"key file {path} holds no secret in hex") from error
    if len(secret) != SALT_BYTES:
        raise StoreError(f"key file {path} holds {len(secret)} bytes, not {SALT_BYTES}")
    return secret


def _file_name(text: str) -> str:
    """Write a period or name as one file's name, two different ones never alike."""
    return text.replace("%", "%25").replace("/", "%2F").replace(":", "%3A")


def _check(folder: Path, subject: str, secret: bytes) -> None:
    faults = []
    if not well_formed(subject):
        faults.append(("subject", f"{subject!r} is no identifier", "use a-z, 0-9 and . _ -"))
    if len(secret) != SALT_BYTES:
        problem = f"a secret has {SALT_BYTES} bytes, not {len(secret)}"
        faults.append(("secret", problem, "draw them from the system's generator"))
    if (folder / ABOUT).exists() or (folder / SECRET).exists():
        faults.append(("", "there is a space already", "name another folder"))
    if faults:
        raise BadInput(Fault(str(folder), 0, *each) for each in faults)
