"""A network's YAML file: its chain, who keeps which validator where, and what they earn."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from msgspec.structs import replace

from gridpact.base.documents import Document, Value, read_mapping
from gridpact.base.documents import Path as Place
from gridpact.base.errors import BadInput
from gridpact.ledger.evm.accounts import ADDRESS_BYTES, Account
from gridpact.ledger.evm.network.plan import (
    EQUAL,
    KEEPERS,
    P2P,
    PUBLIC_BYTES,
    RPC,
    RULES,
    Network,
    Rewards,
    Validator,
    is_address,
)

NewKey: TypeAlias = Callable[[], Account]
BEGIN = "gridpact: 1"
_TOP = ("gridpact", "network", "chain", "block_s", "validators", "accounts", "rewards")
_KEYS = ("name", "keeper", "participant", "host", "port", "rpc", "public")
_REWARDS = ("token", "payer", "budget", "rule")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$)(?:{_LABEL}\.)*(?=[A-Za-z]){_LABEL}")
"""A host's name as URLs have it (RFC 2396, 3.2.2): its last label begins with a letter."""
_MOST = 2**53


def read_plan(path: Path, new_key: NewKey) -> tuple[Network, dict[str, Account]]:
    """Read a network; keys are made for the validators that have no public one in the file.

    BadInput lists every fault with its line.
    """
    document, root = read_mapping(path, "networks", BEGIN)
    _known(document, (), root, _TOP)
    if root.get("gridpact") != 1:
        document.fault(("gridpact",), "this is not 1", f"write {BEGIN}")
    nodes = root.get("validators")
    listed = nodes if isinstance(nodes, list) else []
    if not listed:
        document.fault(("validators",), "there are no validators", "list them after a dash each")
    found = [_validator(document, ("validators", at), node) for at, node in enumerate(listed)]
    _distinct(document, found)
    keys = {each.name: new_key() for each in found if not each.public}
    validators = tuple(
        replace(each, public=each.public or keys[each.name].public) for each in found
    )
    network = Network(
        _name(document, ("network",), root.get("network")),
        _whole(document, ("chain",), root.get("chain"), 1),
        validators,
        _whole(document, ("block_s",), root.get("block_s", 1), 1),
        tuple(_accounts(document, root.get("accounts", []))),
        _rewards(document, root["rewards"]) if "rewards" in root else None,
    )
    if network.rewards and not all(each.participant for each in validators):
        fix = "give each validator the participant that is rewarded"
        document.fault(("rewards",), "a validator names no participant", fix)
    if document.faults:
        raise BadInput(document.faults)
    return network, keys


def _validator(document: Document, path: Place, node: Value) -> Validator:
    if not isinstance(node, dict):
        document.fault(path, "is no validator", f"give it {', '.join(_KEYS)}")
        return Validator("", "", "", b"")
    _known(document, path, node, _KEYS)
    name = _name(document, (*path, "name"), node.get("name"))
    keeper = _choice(document, (*path, "keeper"), node.get("keeper"), KEEPERS)
    host = _host(document, (*path, "host"), node.get("host"))
    public = _public(document, (*path, "public"), node["public"]) if "public" in node else b""
    port = _whole(document, (*path, "port"), node.get("port", P2P), 1, 65_535)
    rpc = _whole(document, (*path, "rpc"), node.get("rpc", RPC), 1, 65_535)
    participant = node.get("participant", "")
    who = _name(document, (*path, "participant"), participant) if participant else ""
    return Validator(name, keeper, host, public, port, rpc, who)


def _public(document: Document, path: Place, value: Value) -> bytes:
    from coincurve import PublicKey

    public = _hex(document, path, value, PUBLIC_BYTES)
    try:
        PublicKey(b"\x04" + public)
    except ValueError:
        if public:
            document.fault(path, "is no public key of secp256k1", "copy it anew from its keeper")
    return public


def _distinct(document: Document, validators: list[Validator]) -> None:
    """Names, keys and places are each of one validator."""
    for key, what in (
        ("name", [each.name for each in validators]),
        ("public", [each.public for each in validators]),
        ("port", [(each.host, each.port) for each in validators]),
    ):
        for place, value in enumerate(what):
            if value and value in what[:place]:
                problem = "is that of another validator too"
                document.fault(("validators", place, key), problem, "give each its own")


def _rewards(document: Document, node: Value) -> Rewards:
    if not isinstance(node, dict):
        document.fault(("rewards",), "is no reward", f"give it {', '.join(_REWARDS)}")
        return Rewards("", "", 0)
    _known(document, ("rewards",), node, _REWARDS)
    return Rewards(
        _name(document, ("rewards", "token"), node.get("token")),
        _name(document, ("rewards", "payer"), node.get("payer")),
        _whole(document, ("rewards", "budget"), node.get("budget"), 1),
        _choice(document, ("rewards", "rule"), node.get("rule", EQUAL), RULES),
    )


def _accounts(document: Document, node: Value) -> list[bytes]:
    if not isinstance(node, list):
        document.fault(("accounts",), "is no list", "list addresses after a dash each")
        return []
    return [
        _hex(document, ("accounts", place), text, ADDRESS_BYTES) for place, text in enumerate(node)
    ]


def _known(document: Document, path: Place, node: dict[str, Value], keys: tuple[str, ...]) -> None:
    for key in node.keys() - set(keys):
        document.fault((*path, key), "nothing is called so here", f"there are {', '.join(keys)}")


def _name(document: Document, path: Place, value: Value) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    document.fault(path, "is no name", "write small letters, digits and dashes")
    return ""


def _host(document: Document, path: Place, value: Value) -> str:
    if isinstance(value, str) and (is_address(value) or _HOST.fullmatch(value)):
        return value
    document.fault(path, "is no host", "write a host's name or its address, without a port")
    return ""


def _choice(document: Document, path: Place, value: Value, among: tuple[str, ...]) -> str:
    if isinstance(value, str) and value in among:
        return value
    document.fault(path, "is none of those", f"write {' or '.join(among)}")
    return among[0]


def _whole(document: Document, path: Place, value: Value, least: int, most: int = _MOST) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    document.fault(path, "is no such number", f"write a whole number from {least} to {most}")
    return least


def _hex(document: Document, path: Place, value: Value, size: int) -> bytes:
    """Bytes of a text like 0x12ab; YAML reads one as a number, so it stands in quotes."""
    text = value.removeprefix("0x") if isinstance(value, str) else ""
    if re.fullmatch(rf"[0-9a-fA-F]{{{2 * size}}}", text):
        return bytes.fromhex(text)
    problem = f"is not {2 * size} hex digits"
    document.fault(path, problem, f'write "0x" and {2 * size} digits, in quotes')
    return b""
