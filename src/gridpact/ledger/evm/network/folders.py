"""The folder of a network: what each keeper needs to run its node, and a map of the whole.

``network.json`` is that map; ``genesis.json`` is the same for all. Each validator has a folder of
its own with its peers, its settings, a systemd unit, and its key where it was made here.
"""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path

import msgspec

from gridpact.base.errors import LedgerDamaged, StoreError
from gridpact.base.files import read_regular, write_whole
from gridpact.ledger.evm.accounts import Account
from gridpact.ledger.evm.network.genesis import besu_genesis, istanbul_genesis
from gridpact.ledger.evm.network.plan import Network, Validator

BESU, LOCAL = ENGINES = ("besu", "local")
MAP, GENESIS, KEY = "network.json", "genesis.json", "node.key"
_MOST = 1 << 20


def enode(validator: Validator, scheme: str = "enode") -> str:
    """Return how other nodes address a validator."""
    return f"{scheme}://{validator.public.hex()}@{validator.host}:{validator.port}"


def write_network(
    network: Network, keys: dict[str, Account], folder: Path, engine: str
) -> list[Path]:
    """Write all files of a network into a new or empty folder; return what was written.

    Raises StoreError where the folder holds something already.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise StoreError(f"folder {folder} is not empty; name a new one")
        genesis = besu_genesis(network) if engine == BESU else istanbul_genesis(network)
        files = {folder / GENESIS: _json(genesis)}
        for validator in network.validators:
            place = folder / validator.name
            files |= {place / GENESIS: files[folder / GENESIS]}
            files |= _validator_files(network, validator, place, engine)
        files[folder / MAP] = msgspec.json.format(msgspec.json.encode(network)) + b"\n"
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text)
        for name, key in keys.items():
            (folder / name).mkdir(exist_ok=True)
            key.save(folder / name / KEY)
    except OSError as error:
        raise StoreError(f"folder {folder}: {error.strerror or error}") from error
    return [*files, *(folder / name / KEY for name in keys)]


def read_network(folder: Path) -> Network:
    """Read the map of a network; StoreError where there is none."""
    try:
        return msgspec.json.decode(read_regular(folder / MAP, _MOST), type=Network)
    except OSError as error:
        reason = error.strerror or error
        raise StoreError(f"{folder} holds no network ({reason}); name its folder") from error
    except msgspec.DecodeError as error:
        raise LedgerDamaged(f"{folder / MAP}: {error}") from error


def _validator_files(
    network: Network, validator: Validator, folder: Path, engine: str
) -> dict[Path, bytes]:
    others = [each for each in network.validators if each != validator]
    unit = folder / f"gridpact-{network.name}-{validator.name}.service"
    if engine == BESU:
        return {
            folder / "static-nodes.json": _json([enode(each) for each in others]),
            folder / "config.toml": _besu_settings(network, validator).encode(),
            unit: _unit(network, validator, "/opt/besu/bin/besu --config-file=config.toml"),
        }
    peers = [f"{enode(each, 'kni')}?discport=0&ntype=cn" for each in others]
    command = "/opt/kaia/bin/kcn " + " ".join(kcn_arguments(network, validator))
    return {folder / "static-nodes.json": _json(peers), unit: _unit(network, validator, command)}


def kcn_arguments(network: Network, validator: Validator) -> list[str]:
    """Return the options of a test network's node, which runs in its own folder."""
    apis = "eth,net,web3,istanbul,governance,txpool,admin,klay,kaia"
    own = validator.host if _numeric(validator) else "127.0.0.1"
    options = {
        "datadir": ".",
        "nodekey": KEY,
        "networkid": network.chain,
        "port": validator.port,
        "rpcaddr": own,
        "rpcport": validator.rpc,
        "rpcapi": apis,
        "rpcvhosts": "*",
        "block-generation-interval": network.block_s,
        "rewardbase": f"0x{validator.address.hex()}",
        "nat": "none",
        "syncmode": "full",
        "gcmode": "archive",
        "txpool.pricelimit": 0,
        "txpool.exec-slots.account": 4096,
        "txpool.nonexec-slots.account": 4096,
        "maxRequestContentLength": 8 << 20,
        "db.leveldb.cache-size": 32,
        "state.cache-size": 32,
        "verbosity": 3,
    }
    flags = ("rpc", "nodiscover", "ntp.disable", "ipcdisable")
    return [f"--{flag}" for flag in flags] + [f"--{key}={what}" for key, what in options.items()]


def _besu_settings(network: Network, validator: Validator) -> str:
    """Besu's own file of options; paths are relative to the validator's folder."""
    settings: dict[str, object] = {
        "data-path": "data",
        "genesis-file": GENESIS,
        "node-private-key-file": KEY,
        "network-id": network.chain,
        "p2p-host": validator.host,
        "p2p-port": validator.port,
        "static-nodes-file": "static-nodes.json",
        "discovery-enabled": False,
        "rpc-http-enabled": True,
        "rpc-http-host": "127.0.0.1",
        "rpc-http-port": validator.rpc,
        "rpc-http-api": ["ETH", "NET", "WEB3", "QBFT", "TXPOOL"],
        "min-gas-price": 0,
        "tx-pool": "sequenced",
        "sync-mode": "FULL",
        "data-storage-format": "FOREST",
    }
    if not all(map(_numeric, network.validators)):  # Besu resolves names of peers where told to
        settings |= {"Xdns-enabled": True, "Xdns-update-enabled": True}
    return "".join(f"{key}={json.dumps(what)}\n" for key, what in settings.items())


def _numeric(validator: Validator) -> bool:
    try:
        ipaddress.ip_address(validator.host)
    except ValueError:
        return False
    return True


def _unit(network: Network, validator: Validator, command: str) -> bytes:
    """A systemd unit; the keeper puts the folder at the place it names."""
    place = f"/var/lib/gridpact/{network.name}/{validator.name}"
    return (
        f"[Unit]\nDescription=Validator {validator.name} of {network.name}\n"
        "After=network-online.target\nWants=network-online.target\n\n"
        f"[Service]\nUser=gridpact\nWorkingDirectory={place}\nExecStart={command}\n"
        "Restart=on-failure\nRestartSec=5\nNoNewPrivileges=true\nProtectSystem=strict\n"
        f"ReadWritePaths={place}\n\n[Install]\nWantedBy=multi-user.target\n"
    ).encode()


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2).encode() + b"\n"
