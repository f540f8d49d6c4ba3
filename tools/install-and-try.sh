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
page=samples/engraved/images/lg-9100008-aug-emmentaler--page-1.png # of the test pages
rm -rf runs/try
"$yt" train configs/quick.yaml project=runs/try
"$yt" val project=runs/try
"$yt" predict project=runs/try source="$page"

cat <<EOF

Done. Look at:
  $PWD/runs/try/predict/${page##*/}  the page with what was found
  $PWD/runs/try/predict/predictions.json  the same as numbers
  $PWD/runs/try/val/metrics.json  how good it is
  $PWD/runs/try/train/results.csv  how it got there
EOF
