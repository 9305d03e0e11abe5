#!/usr/bin/env bash
# Runs the wasm tests in headless Chromium, or Firefox with BROWSER=firefox: `scripts/web-test.sh [arguments of the tests]`. Those
# over a WebSocket need a nats-server, and are left out without one.
set -euo pipefail
cd "$(dirname "$0")/.." && source scripts/env.sh
export WASM_BINDGEN_TEST_TIMEOUT=300
tests=(--test web)
if command -v nats-server >/dev/null; then
    exec {control}< <(exec node tests/common/control.mjs)
    control_pid=$!
    trap 'kill $control_pid; wait $control_pid || true' EXIT # it removes what its servers kept
    read -r NATS_CONTROL <&"$control"
    export NATS_CONTROL
    tests+=(--test websocket)
fi
case ${BROWSER:-chromium} in
    firefox) browser=(--firefox --geckodriver "$(command -v geckodriver)") ;;
    *) browser=(--chrome --chromedriver "$CHROMEDRIVER") ;;
esac
wasm-pack test --headless "${browser[@]}" --mode no-install . --no-default-features "${tests[@]}" "$@"
