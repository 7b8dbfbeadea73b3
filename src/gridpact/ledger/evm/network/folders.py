"""The folder of a network: what each keeper needs to run its node, and a map of the whole.

``network.json`` is that map; ``genesis.json`` is the same for all. Each validator has a folder of
its own with its peers, its settings, a systemd unit, and its key where it was made here.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from gridpact.base.errors import BadInput, Fault, LedgerDamaged, StoreError
from gridpact.base.files import read_regular, write_whole
from gridpact.ledger.evm.accounts import Account
from gridpact.ledger.evm.network import besu
from gridpact.ledger.evm.network.genesis import besu_genesis, istanbul_genesis
from gridpact.ledger.evm.network.plan import Network, Validator, authority, is_address

BESU, LOCAL = ENGINES = ("besu", "local")
MAP, GENESIS, KEY = "network.json", "genesis.json", "node.key"
_MOST = 1 << 20


def enode(validator: Validator, scheme: str = "enode") -> str:
    """Return how other nodes address a validator."""
    return f"{scheme}://{validator.public.hex()}@{authority(validator.host, validator.port)}"


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
    """Read the map of a network; BadInput where there is none."""
    try:
        return msgspec.json.decode(read_regular(folder / MAP, _MOST), type=Network)
    except OSError as error:
        problem = f"holds no network ({error.strerror or error})"
        fix = "name a folder that 'gridpact network up' or 'network config' wrote"
        raise BadInput([Fault(str(folder), 0, "", problem, fix)]) from error
    except msgspec.DecodeError as error:
        raise LedgerDamaged(f"{folder / MAP}: {error}") from error


def _validator_files(
    network: Network, validator: Validator, folder: Path, engine: str
) -> dict[Path, bytes]:
    others = [each for each in network.validators if each != validator]
    unit = folder / f"gridpact-{network.name}-{validator.name}.service"
    if engine == BESU:
        return {
            folder / besu.STATIC_NODES: _json([enode(each) for each in others]),
            folder / besu.SETTINGS: besu.settings(network, validator, GENESIS, KEY),
            unit: _unit(network, validator, besu.COMMAND, besu.TERMINATED),
        }
    peers = [f"{enode(each, 'kni')}?discport=0&ntype=cn" for each in others]
    command = "/opt/kaia/bin/kcn " + " ".join(kcn_arguments(network, validator))
    return {
        folder / besu.STATIC_NODES: _json(peers),
        unit: _unit(network, validator, command),
    }


def kcn_arguments(network: Network, validator: Validator) -> list[str]:
    """Return the options of a test network's node, which runs in its own folder."""
    apis = "eth,net,web3,istanbul,governance,txpool,admin,klay,kaia"
    own = validator.host if is_address(validator.host) else "127.0.0.1"
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


def _unit(network: Network, validator: Validator, command: str, more: str = "") -> bytes:
    """A systemd unit; the keeper puts the folder at the place it names."""
    place = f"/var/lib/gridpact/{network.name}/{validator.name}"
    return (
        f"[Unit]\nDescription=Validator {validator.name} of {network.name}\n"
        "After=network-online.target\nWants=network-online.target\n\n"
        f"[Service]\nUser=gridpact\nWorkingDirectory={place}\nExecStart={command}\n"
        f"Restart=on-failure\nRestartSec=5\n{more}NoNewPrivileges=true\nProtectSystem=strict\n"
        # with all else read-only, libraries that unpack themselves need a place of their own
        f"PrivateTmp=true\nReadWritePaths={place}\n\n[Install]\nWantedBy=multi-user.target\n"
    ).encode()


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2).encode() + b"\n"
