#!/bin/bash
# What each change of configs/omr.yaml does to thin symbols: trains the seed's recipe, each change
# alone and all together, with the same tiles, start and number of steps, measures each on whole pages,
# and writes OUT/table.md.
#
#     tools/ablation.sh DATA WEIGHTS OUT [key=value ...]
#     arms="seed all" tools/ablation.sh ds2 yolov10n-coco.safetensors runs/ablation epochs=4 fraction=0.35
#
# The keys hold for every arm. It may be stopped at any time (Ctrl-C, or session=HOURS for pieces of
# each arm): run again with the same words, it goes on where it stood. `yt` is taken from build/release or
# from $YT.
set -eu
[ $# -ge 3 ] || { sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 1; }
data=$1 weights=$2 out=$3
shift 3
yt=${YT:-$(dirname "$0")/../build/release/yt}
arms=${arms:-seed minside fallback rotation labels ignore o_bbox oneclass all}

# The keys of an arm; those of the seed's recipe are the defaults.
keys() {
    case $1 in
    seed) ;;
    minside) echo assign_min_side=16 ;;
    fallback) echo assign_fallback=0.2 ;;
    rotation) echo rotate_p=0.3 degrees=2 ;;
    labels) echo label_min_side=0.5 ;;
    ignore) echo ignore_regions=true ;;
    o_bbox) echo o_bbox=true ;;
    oneclass) echo one_class_per_anchor=true ;;
    all) for a in minside fallback rotation labels ignore o_bbox; do keys $a; done ;;
    *) echo "ablation: $1: no such arm" >&2; exit 1 ;;
    esac
}

# Fails while epochs are left.
is_trained() {
    local planned done
    [ -f "$out/$1/results.csv" ] || return 1
    planned=$(sed -n 's/^epochs: *//p' "$out/$1/args.yaml")
    done=$(tail -n 1 "$out/$1/results.csv" | cut -d, -f1)
    [ "$((done))" -ge "$planned" ]
}

# One class an anchor concerns how the model is read, not what it learns: the seed's weights do.
trained_as() { [ "$1" = oneclass ] && echo seed || echo "$1"; }

train() {
    local arm=$1 session
    shift
    is_trained "$arm" && return
    if [ -f "$out/$arm/state/last.safetensors" ]; then
        session=$(printf '%s\n' "$@" | grep '^session=' || true)
        "$yt" train resume="$out/$arm" $session
    else
        "$yt" train data="$data" weights="$weights" split=official optimizer=AdamW lr0=0.002 \
            lrf=0.05 batch=16 nbs=16 warmup_epochs=0.3 warmup_bias_lr=0 val=false \
            project="$out" name="$arm" exist_ok=true $(keys "$arm") "$@"
    fi
}

measure() {
    local arm=$1
    [ -f "$out/$arm/pages/pages_per_class.csv" ] && return
    "$yt" val sliced=true weights="$out/$(trained_as "$arm")/weights/last.safetensors" \
        project="$out/$arm" name=pages exist_ok=true verbose=false $(keys "$arm")
}

# The columns of one arm, from the two CSV files.
row() {
    local arm=$1
    awk -F, -v arm="$arm" -v unlearnt="$out/$(trained_as "$arm")/unlearnt.csv" '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
        { n++; ap50 += $column["AP50"]; ap += $column["AP"]
          count += $2; weighted += $2 * $column["AP"]
          of50[$1] = sprintf("%.3f", $column["AP50"]); of[$1] = sprintf("%.3f", $column["AP"])
          px[$1] = $column["AP_2px"] }
        END {
            while ((getline line < unlearnt) > 0) {
                split(line, f, ",")
                if (f[1] + 0 > epoch) { epoch = f[1] + 0; labels = without = 0 }
                if (f[1] + 0 == epoch) { labels += f[3]; without += f[5] }
            }
            printf "| %s | %.3f | %.3f | %.3f |", arm, ap50 / n, ap / n, weighted / count
            m = split("stem ledgerLine augmentationDot staff beam slur", names, " ")
            for (i = 1; i <= m; i++)
                printf " %s / %s |", (names[i] in of50) ? of50[names[i]] : "-", (names[i] in of) ? of[names[i]] : "-"
            printf " %s | %.1f %% |\n", px["stem"] == "" ? "-" : sprintf("%.3f", px["stem"]), labels ? 100 * without / labels : 0
        }' "$out/$arm/pages/pages_per_class.csv"
}

for arm in $arms; do
    keys "$arm" >/dev/null
    train "$(trained_as "$arm")" "$@"
    is_trained "$(trained_as "$arm")" || { echo "ablation: $arm is paused; run this again to go on"; continue; }
    measure "$arm"
done

{
    echo "AP50 / AP50-95 by class on whole pages; means over the classes, and AP50-95 weighted by instances."
    echo "The last column: labels that no anchor of the one-to-one head learnt in the last epoch."
    echo
    echo "| arm | mAP50 | mAP50-95 | weighted | stem | ledgerLine | augmentationDot | staff | beam | slur | stem within 2 px | unlearnt |"
    echo "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for arm in $arms; do
        if [ -f "$out/$arm/pages/pages_per_class.csv" ]; then row "$arm"; fi
    done
} >"$out/table.md"
cat "$out/table.md"
