#!/usr/bin/env bash
# The habits of docs/design.md that a machine can check. Run by ctest, or by hand from anywhere:
#
#     tests/style/check.sh
#
# Prints one line for each breach and exits with 1 if there is any. CC says which compiler tries
# the headers (default: cc).
set -euo pipefail
cd "$(dirname "$0")/../.."
breaches=$(mktemp)
trap 'rm -f "$breaches"' EXIT

breach() { echo "style: $*" | tee -a "$breaches"; }

# Includes follow the arrows that docs/design.md draws, "folder -> others   what it is". An arrow
# holds through others; "..." and "everything" are every folder but cli.
arrows() {
    awk '
        /^[a-z0-9]+ +-> / {
            folder[++n] = $1
            sub(/^[a-z0-9]+ +-> /, ""); sub(/  .*/, ""); gsub(/,/, " ")
            direct[n] = $0
        }
        function reach(from, to,   i, k, words) {
            if ((from, to) in seen) return
            seen[from, to] = 1
            print from, to
            for (i = 1; i <= n; i++) if (folder[i] == to) {
                k = split(direct[i], words, " ")
                while (k) reach(from, words[k--])
            }
        }
        END {
            reach("base", "base")
            for (i = 1; i <= n; i++) {
                reach(folder[i], folder[i]); reach(folder[i], "base")
                if (direct[i] ~ /\.\.\.|everything/)
                    for (j = 1; j <= n; j++) if (folder[j] != "cli") reach(folder[i], folder[j])
            }
        }' docs/design.md
}
check_arrows() {
    local allowed file from to header
    allowed=$(arrows)
    while IFS=: read -r file header; do
        from=${file#src/} from=${from%%/*} to=${header%%/*}
        if [[ ! -f src/$header ]]; then
            breach "$file: \"$header\" is not a header of src/; write includes from src/"
        elif ! grep -qx "$from $to" <<<"$allowed"; then
            breach "$file: includes \"$header\", but docs/design.md has no arrow from $from to $to"
        fi
    done < <(grep -rEo '^[[:space:]]*#[[:space:]]*include "[^"]+"' src | sed -E 's/:[^"]*"([^"]+)"/:\1/')
}

# Each header of another project is included in one file. OpenMP's comes with the compiler.
check_third_party() {
    local project
    for project in 'yaml' 'yajl/' 'stb' 'cairo' 'cblas|openblas|lapacke'; do
        local users
        users=$(grep -rlE "#[[:space:]]*include <($project)" src || true)
        if (($(grep -c . <<<"$users") > 1)); then
            breach "<$project> is included in more than one file:" $users
        fi
    done
}

# A header includes what it needs. (Deeper headers, such as src/tensor/kernels/, belong to files that
# are compiled once for each instruction set.)
check_headers() {
    local header fault
    for header in src/*/*.h; do
        fault=$(echo "#include \"${header#src/}\"" |
            ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -fsyntax-only -Isrc -x c - 2>&1) ||
            breach "does not compile alone: $(grep -m 1 error <<<"$fault")"
    done
}

# Text files: no tabs, no space at the end of a line, a newline at the end of the file, no path of
# one person's machine. Files that tests read may hold any fault on purpose.
check_text() {
    local file
    while read -r file; do
        if grep -qP '\t' "$file"; then breach "$file: a tab"; fi
        if grep -qE ' +$' "$file"; then breach "$file: space at the end of a line"; fi
        if [[ -n $(tail -c 1 "$file") ]]; then breach "$file: no newline at the end"; fi
        if grep -nE '/(home|root|work)/[a-z]' "$file"; then breach "$file: a path of one machine"; fi
    done < <(find . \( -name .git -o -path ./build -o -path ./runs -o -path ./data -o -path ./tests/golden \) -prune \
        -o -type f \( -name '*.[ch]' -o -name '*.py' -o -name '*.sh' -o -name '*.md' -o -name '*.yaml' \
        -o -name '*.cmake' -o -name CMakeLists.txt -o -name 'CMakePresets.json' -o -path './.ci/*' \) -print |
        grep -vE '^\./tests/[a-z0-9]+/(data|corpus)/' | sort)
}

check_arrows
check_third_party
check_headers
check_text
if [[ -s $breaches ]]; then
    echo "style: $(wc -l <"$breaches") breaches"
    exit 1
fi
echo "style: in order"
