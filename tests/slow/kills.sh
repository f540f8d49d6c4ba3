#!/usr/bin/env bash
# Kills short trainings at random moments, goes on with each until it is done, and compares what it
# left with an undisturbed run, byte for byte:
#
#     tests/slow/kills.sh build/release/yt [KILLS] [SEED]
#
# Signals are SIGKILL, SIGTERM and SIGINT by lot, at a moment by lot; threads change from session to
# session. Prints a line a run and the counts; exits with 1 at the first difference. Two hundred
# kills take about a quarter of an hour.
set -euo pipefail
yt=$(realpath "$1") kills=${2:-200}
RANDOM=${3:-1}
cd "$(dirname "$0")/../.."
sample=$PWD/samples/engraved
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

train() { # in a subshell, which it becomes
    exec "$yt" train "data=$sample" project=. "name=$1" exist_ok=true split=official imgsz=64 \
        slice_size=320 fraction=0.4 batch=4 nbs=8 epochs=3 optimizer=AdamW lr0=0.001 warmup_epochs=1 \
        val_period=2 state_period=1s plots=false "${@:2}"
}

say() { printf '%s\n' "$*"; }

(train whole threads=1) >whole.log 2>&1 || { cat whole.log; exit 1; }
compare() {
    local file
    for file in weights/best.safetensors weights/last.safetensors results.csv unlearnt.csv; do
        cmp "whole/$file" "run/$file" || { say "run $runs: $file differs"; exit 1; }
    done
}

killed=0 runs=0 anew=0 paused=0
signals=(KILL TERM INT)
while ((killed < kills)); do
    rm -rf run
    runs=$((runs + 1)) sessions=0
    while true; do
        sessions=$((sessions + 1))
        threads=$((RANDOM % 2 + 1))
        if [[ -e run/state/last.safetensors ]]; then
            "$yt" train resume=run "threads=$threads" >session.log 2>&1 &
        else # killed before there was anything to go on from
            train run "threads=$threads" >session.log 2>&1 &
            anew=$((anew + 1))
        fi
        pid=$!
        if ((killed < kills)); then
            sleep "$((RANDOM % 4)).$((RANDOM % 1000 + 1000))"
            signal=${signals[RANDOM % 3]}
            if kill "-$signal" "$pid" 2>/dev/null; then killed=$((killed + 1)); fi
        fi
        status=0
        { wait "$pid"; } 2>/dev/null || status=$? # the shell has a word for each kill
        case $status in
        0) break ;;
        130 | 143) if grep -q '^paused at' session.log; then paused=$((paused + 1)); fi ;;
        137) ;;
        *) say "run $runs: ended with $status:"; tail -5 session.log; exit 1 ;;
        esac
    done
    compare
    say "run $runs: $sessions sessions, equal ($killed kills so far)"
done
say "$killed kills in $runs runs, $paused of them pauses, $((anew - runs)) before the first state: all equal"
