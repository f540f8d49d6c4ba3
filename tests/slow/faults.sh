#!/usr/bin/env bash
# Hurts short trainings and looks at what they say, and that they go on to the end that an
# undisturbed run reaches, byte for byte:
#
#     tests/slow/faults.sh build/release/yt
#
# A full disk (a small tmpfs, which only root may mount), a damaged state, an image that vanishes
# in mid-run, two runs in one folder. Takes a few minutes.
set -euo pipefail
yt=$(realpath "$1")
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
cp -r samples/engraved "$work/data"
trap 'umount "$work/small" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

train() { # FOLDER [key=value ...]
    "$yt" train data=data "project=$(dirname "$1")" "name=$(basename "$1")" exist_ok=true \
        split=official imgsz=64 slice_size=320 fraction=0.4 batch=4 nbs=8 epochs=3 optimizer=AdamW \
        lr0=0.001 warmup_epochs=1 val_period=2 plots=false "${@:2}"
}
die() {
    echo "FAULT: $*"
    tail -5 said.log
    exit 1
}
# STATUS TEXT COMMAND...: the command ends with the status and says the text
expect() {
    local wanted=$1 text=$2 status=0
    "${@:3}" >said.log 2>&1 || status=$?
    [[ $status == "$wanted" ]] || die "ended with $status instead of $wanted: ${*:3}"
    grep -qF -- "$text" said.log || die "does not say: $text"
    echo "said: $(grep -m1 -F -- "$text" said.log | cut -c1-230)"
}
same() { # FOLDER
    local file
    for file in weights/best.safetensors weights/last.safetensors results.csv unlearnt.csv; do
        cmp "whole/$file" "$1/$file" || die "$1/$file differs"
    done
    echo "equal: $1"
}

train whole >said.log 2>&1 || die "the undisturbed run"

echo "== a disk without room"
mkdir small
if mount -t tmpfs -o size=100m tmpfs small 2>/dev/null; then
    expect 2 "free some space" train small/run
    umount small
    mount -t tmpfs -o size=330m tmpfs small
    expect 0 "paused at" train small/run session=3s
    head -c 400m /dev/zero >small/ballast 2>/dev/null || true
    expect 2 "free some space" "$yt" train resume=small/run session=none
    rm small/ballast
    (sleep 4 && head -c 400m /dev/zero >small/ballast) 2>/dev/null &
    expect 2 "small/run" "$yt" train resume=small/run state_period=1s session=none
    wait || true
    rm -f small/ballast
    expect 0 "Results saved" "$yt" train resume=small/run session=none
    same small/run
else
    echo "skipped: only root may mount a small tmpfs"
fi

echo "== damaged states"
expect 0 "paused at" train hurt session=4s state_period=1s
size=$(stat -c %s hurt/state/last.safetensors)
cp hurt/state/last.safetensors kept
printf '\xff\xff\xff\xff' | dd of=hurt/state/last.safetensors bs=1 seek=$((size - 5000000)) conv=notrunc status=none
expect 0 "is damaged between bytes" "$yt" train resume=hurt session=1s
expect 0 "Results saved" "$yt" train resume=hurt session=none
same hurt
cp kept hurt/state/last.safetensors
truncate -s $((size / 2)) hurt/state/last.safetensors
rm hurt/state/last.safetensors.previous
expect 2 "the file is cut short" "$yt" train resume=hurt

echo "== an image that vanishes"
image=$(find data/images -name '*.png' | sort | head -1)
(sleep 4 && mv "$image" vanished.png) &
expect 2 "then go on exactly from here: yt train resume=" train gone cache=1 epochs=30
expect 2 "are not what they were when the run was left" "$yt" train resume=gone
mv vanished.png "$image"
expect 0 "paused at" "$yt" train resume=gone session=1s

echo "== two runs in one folder"
train both >both.log 2>&1 &
first=$!
while [[ ! -e both/state/last.safetensors ]]; do sleep 0.1; done
expect 2 "another yt is training in this folder (process" "$yt" train resume=both
expect 2 "another yt is training in this folder (process" train both
wait $first || die "the first of two runs"
same both
echo "all faults told, nothing lost"
