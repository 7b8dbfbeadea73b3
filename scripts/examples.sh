#!/bin/sh
# Runs every scenario in examples/ with the given gridpact command; each leaves runs/examples/NAME.
# A scenario with sources reads data files: in the folder that GRIDPACT_DATA names, or where the
# tests look for them as well, in ../shared/data.
set -eu

if [ -z "${GRIDPACT_DATA:-}" ] && [ -d ../shared/data ]; then
    GRIDPACT_DATA=../shared/data
    export GRIDPACT_DATA
fi

gridpact=$1
for scenario in examples/*.yaml; do
    name=$(basename "$scenario" .yaml)
    if grep -q '^sources:' "$scenario" && [ -z "${GRIDPACT_DATA:-}" ]; then
        echo "== $name: skipped, it reads data files: set GRIDPACT_DATA to the folder of data"
        continue
    fi
    echo "== $name"
    rm -rf "runs/examples/$name"
    "$gridpact" run "$scenario" --out "runs/examples/$name"
done
