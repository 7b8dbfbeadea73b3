"""Proofs as bytes: canonical JSON (RFC 8785), read strictly, every fault in one error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridpact.base.documents import spell
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.files import read_regular, write_whole
from gridpact.ledger.keys import Contract, PublicKey
from gridpact.ledger.proofs.model import Opened, ProofFile, Sealed, Terms, Under

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

VERSION = "proof/1"
MAX_BYTES = 1 << 20
CHECKER = "check_proof.py"
_NUMBERS = ("height", "at", "first_index", "count")
_HASHES = ("tree_root", "prev_hash", "hash", "signature")
_AGAIN = "take the file from its maker again; it is never edited"
_SHOWN = 60


def to_bytes(proof: ProofFile) -> bytes:
    """Write a proof; the same proof always gives the same bytes."""
    sealed = proof.block
    block = {"key": sealed.key, "authority": str(sealed.authority)}
    block |= {name: str(getattr(sealed, name)) for name in _NUMBERS}
    block |= {name: getattr(sealed, name).hex() for name in _HASHES}
    whole: dict[str, object] = {
        "gridpact": VERSION,
        "entry": {"body": proof.entry.decode("ascii"), **_place(proof.index, proof.path)},
        "block": block,
    }
    if proof.leaf:
        what = proof.leaf.what
        fields = {name: getattr(what, name).hex() for name in what.__struct_fields__}
        whole["leaf"] = {**fields, **_place(proof.leaf.index, proof.leaf.path)}
    return _canonical(whole)


def from_bytes(data: bytes, file: str = "proof") -> ProofFile:
    """Read a proof; BadInput lists everything that is not as :func:`to_bytes` writes it."""
    value = _parsed(data, file)
    faults = [_fault(file, error) for error in _errors(value)]
    if not faults and _canonical(value) != data:
        faults = [Fault(file, 0, "", "this is not canonical JSON (RFC 8785)", _AGAIN)]
    if faults:
        raise BadInput(faults)
    entry, block = value["entry"], value["block"]
    return ProofFile(
        leaf=_leaf(value["leaf"]) if "leaf" in value else None,
        entry=entry["body"].encode(),
        index=int(entry["index"]),
        path=tuple(map(bytes.fromhex, entry["path"])),
        block=Sealed(
            key=block["key"],
            authority=authority_of(block["authority"]),
            **_read(int, block, _NUMBERS),
            **_read(bytes.fromhex, block, _HASHES),
        ),
    )


def authority_of(text: str) -> PublicKey | Contract:
    """Read whose a block is: a key, or a contract; ValueError for neither."""
    return Contract.parse(text) if text.startswith("eip155:") else PublicKey.parse(text)


def read(path: Path) -> ProofFile:
    """Read a file; BadInput where it is no proof, cannot be read or is too large."""
    try:
        data = read_regular(path, MAX_BYTES)
    except OSError as error:
        problem = f"the proof cannot be read: {error.strerror or error}"
        fix = "name a proof file, such as ledger prove writes"
        raise BadInput([Fault(str(path), 0, "", problem, fix)]) from error
    return from_bytes(data, str(path))


def write(path: Path, proof: ProofFile) -> None:
    """Write a proof whole or not at all; StoreError where it cannot be."""
    _written(path, to_bytes(proof))


def write_checker(folder: Path) -> Path:
    """Put the script that checks proofs without gridpact into a folder; return where it is."""
    path = folder / CHECKER
    _written(path, checker())
    return path


def checker() -> bytes:
    """Return the text of the script that checks proofs without gridpact."""
    return resources.files(__package__).joinpath(CHECKER).read_bytes()


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """Return the published JSON Schema (2020-12) of proofs."""
    text = resources.files(__package__).joinpath("proof.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _written(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}; nothing was written") from error


def _place(index: int, path: tuple[bytes, ...]) -> dict[str, object]:
    return {"index": str(index), "path": [each.hex() for each in path]}


def _canonical(value: object) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode() + b"\n"


def _parsed(data: bytes, file: str) -> Any:
    if len(data) > MAX_BYTES:
        problem = f"the file has {len(data):,} bytes; {MAX_BYTES:,} are read at most"
        raise BadInput([Fault(file, 0, "", problem, _AGAIN)])
    try:
        return json.loads(data.decode("ascii"))
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0][:_SHOWN]
        raise BadInput([Fault(file, 0, "", f"this is no JSON: {reason}", _AGAIN)]) from error


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema())


def _errors(value: object) -> Iterator[ValidationError]:
    """Yield errors, and in place of a choice those of the form that the leaf looks most like."""
    for error in _validator().iter_errors(value):
        if error.validator != "oneOf":
            yield error
            continue
        form = int(isinstance(error.instance, dict) and "terms_hash" in error.instance)
        yield from (each for each in error.context or () if each.schema_path[0] == form)


def _fault(file: str, error: ValidationError) -> Fault:
    path = tuple(error.absolute_path)
    shown = str(error.instance)[:_SHOWN]
    problems: dict[str, Callable[[], str]] = {
        "pattern": lambda: f"{shown!r} is not of the form {str(error.validator_value)[:-10]}$",
        "const": lambda: f"{shown!r} is not {VERSION!r}",
        "type": lambda: f"{shown!r} is no {error.validator_value}",
        "maxLength": lambda: f"it has more than {error.validator_value:,} characters",
        "maxItems": lambda: f"it has more than {error.validator_value} items",
    }
    problem = problems.get(str(error.validator), lambda: error.message[:200])()
    return Fault(file, 0, spell(path), problem, _AGAIN)


def _read(
    kind: Callable[[str], Any], block: dict[str, str], names: Sequence[str]
) -> dict[str, Any]:
    return {name: kind(block[name]) for name in names}


def _leaf(value: dict[str, Any]) -> Under:
    place = int(value["index"]), tuple(map(bytes.fromhex, value["path"]))
    if "terms_hash" in value:
        return Under(Terms(bytes.fromhex(value["terms_hash"])), *place)
    return Under(Opened(bytes.fromhex(value["salt"]), bytes.fromhex(value["body"])), *place)
