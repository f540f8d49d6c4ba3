#!/usr/bin/env bash
# Installs the Debian packages that yt is built with, and those named as arguments, where they are
# missing. docs/dependencies.md says what each is for.
set -euo pipefail

packages=(gcc libc6-dev cmake ninja-build pkg-config libopenblas-openmp-dev libyaml-dev libyajl-dev
    libstb-dev libcairo2-dev libcmocka-dev "$@")
missing=()
for package in "${packages[@]}"; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $state == installed ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then exit 0; fi

as_root=()
if ((EUID != 0)); then as_root=(sudo); fi
echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
