"""Compile the contracts of the ledger on a chain, and keep what users need of them.

    python scripts/compile_contracts.py           # write what has changed
    python scripts/compile_contracts.py --check   # exit 1 where something would change

Users need no compiler: ``src/gridpact/ledger/evm/artifacts/NAME.json`` holds the interface, the
code, the storage layout, and the hash of the sources that it was compiled from.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from hashlib import sha256
from pathlib import Path

EVM = Path(__file__).resolve().parent.parent / "src" / "gridpact" / "ledger" / "evm"
CONTRACTS, ARTIFACTS = EVM / "contracts", EVM / "artifacts"
MOST_CODE = 24_576
"""Bytes of code that a chain takes for a contract (EIP-170)."""
IMPORT = re.compile(r"^(?:from \. )?import (\w+)", re.MULTILINE)
FORMATS = ["abi", "bytecode", "bytecode_runtime", "layout"]


def contracts() -> list[Path]:
    """Return the sources of contracts; those of shared modules begin with a small letter."""
    return [path for path in sorted(CONTRACTS.glob("*.vy")) if path.name[0].isupper()]


def imported(path: Path) -> set[Path]:
    """Return the sources of the modules that a contract is built of, however deep."""
    names = IMPORT.findall(path.read_text())
    direct = {each for name in names for each in CONTRACTS.glob(f"{name}.vy*")}
    return direct.union(*map(imported, direct))


def artifact(path: Path) -> str:
    """Compile a contract; ValueError where its code is too long for a chain."""
    import vyper
    from vyper.cli.vyper_compile import compile_files
    from vyper.compiler.settings import OptimizationLevel, Settings

    settings = Settings(optimize=OptimizationLevel.GAS, evm_version="london")
    found = compile_files([path], FORMATS, paths=[str(CONTRACTS)], settings=settings)
    (made,) = found.values()
    code = (len(made["bytecode_runtime"]) - 2) // 2
    if code > MOST_CODE:
        raise ValueError(f"{path.name}: {code} bytes of code, a chain takes {MOST_CODE}")
    sources = [path, *sorted(imported(path))]
    kept = {
        "compiler": f"vyper {vyper.__version__}, london, optimised for gas",
        "sources": sha256(b"".join(each.read_bytes() for each in sources)).hexdigest(),
        "abi": made["abi"],
        "layout": made["layout"],
        "bytecode": made["bytecode"],
        "runtime": made["bytecode_runtime"],
    }
    return json.dumps(kept, indent=1) + "\n"


def main() -> int:
    """Write artifacts, or tell which would change."""
    reader = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reader.add_argument("--check", action="store_true", help="write nothing")
    reader.add_argument("names", nargs="*", help="only these contracts, such as Ledger")
    asked = reader.parse_args()
    changed = False
    ARTIFACTS.mkdir(exist_ok=True)
    for path in contracts():
        if asked.names and path.stem not in asked.names:
            continue
        kept, made = ARTIFACTS / f"{path.stem}.json", artifact(path)
        if kept.is_file() and kept.read_text() == made:
            continue
        changed = True
        print(f"{kept.name}: {'would change' if asked.check else 'written'}")
        if not asked.check:
            kept.write_text(made)
    return int(changed and asked.check)


if __name__ == "__main__":
    sys.exit(main())
