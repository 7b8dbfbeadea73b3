#!/bin/sh
# Put anvil 1.7.1 (MIT or Apache-2.0), a development node, into build/network/bin. Needs npm and
# its registry; the package is held against its published SHA-512.
set -eu
cd "$(dirname "$0")/../.."
version=1.7.1
sha512=f979928726c46b17c2aebd0e514670604cb63a7619b79a471fd4f306d2efdfe56b2b43bf00db8d49511a86a3612879605fb191279f77f37a1f361c644562184e
out=$PWD/build/network
[ -x "$out/bin/anvil" ] && exit 0
[ "$(uname -sm)" = "Linux x86_64" ] || { echo "anvil: no package for $(uname -sm) is pinned" >&2; exit 1; }
command -v npm >/dev/null || { echo "anvil: npm is not installed" >&2; exit 1; }
mkdir -p "$out/bin"
work=$(mktemp -d "$out/anvil.XXXXXX")
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent --fetch-retries=0 "@foundry-rs/anvil-linux-amd64@$version" >/dev/null)
echo "$sha512  $work/foundry-rs-anvil-linux-amd64-$version.tgz" | sha512sum --check --quiet >&2
tar -xzf "$work/foundry-rs-anvil-linux-amd64-$version.tgz" -C "$work"
chmod +x "$work/package/bin/anvil"
mv "$work/package/bin/anvil" "$out/bin/anvil" # in one step: others may be installing it too
