#!/usr/bin/env bash
# Runs every fuzz target for FUZZ_SECONDS (60), or those named, starting from the seeds: `scripts/fuzz.sh [TARGET...]`.
set -euo pipefail
cd "$(dirname "$0")/.." && source scripts/env.sh
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(basename -s .rs fuzz/fuzz_targets/*.rs)
# No sanitizer: there is no unsafe code whose memory it could watch. No traced comparisons: the seeds have the words, and it is twice
# as fast. Lengths are what an input of the target can mean.
longest() {
    case $1 in
        command | headers | subjects) echo 160 ;;
        restore) echo 2600 ;;
        *) echo 640 ;;
    esac
}
for target in "${targets[@]}"; do
    mkdir -p "fuzz/corpus/$target"
    seeds=()
    [ -d "fuzz/seeds/$target" ] && seeds=("fuzz/seeds/$target")
    cargo +nightly fuzz run -s none --no-trace-compares "$target" "fuzz/corpus/$target" "${seeds[@]}" -- \
        -max_len="$(longest "$target")" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
done
