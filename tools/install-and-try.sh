#!/usr/bin/env bash
# The main job on the sample, on a fresh Debian 12: installs what is missing, builds, trains a small
# detector for a few minutes, validates it on pages it has not seen, and draws what it finds on one.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/install-packages.sh
export CMAKE_GENERATOR=Ninja
cmake --preset release
cmake --build --preset release

yt=build/release/yt
"$yt" train configs/quick.yaml project=runs/try name=train exist_ok=true
"$yt" val configs/quick.yaml weights=runs/try/train/weights/best.safetensors project=runs/try name=val exist_ok=true
"$yt" predict configs/quick.yaml weights=runs/try/train/weights/best.safetensors \
    source=samples/engraved/images/lg-9100008-aug-emmentaler--page-1.png project=runs/try name=predict exist_ok=true

echo
echo "Done. Look at:"
find "$PWD/runs/try" \( -name '*.png' -o -name results.csv -o -name metrics.json -o -name predictions.json \) | sort |
    sed 's/^/  /'
