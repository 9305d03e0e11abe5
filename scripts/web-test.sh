#!/usr/bin/env bash
# Runs the wasm tests in headless Chromium: `scripts/web-test.sh [arguments of the tests]`.
set -euo pipefail
cd "$(dirname "$0")/.." && source scripts/env.sh
export WASM_BINDGEN_TEST_TIMEOUT=300
exec wasm-pack test --headless --chrome --chromedriver "$CHROMEDRIVER" --mode no-install . --no-default-features --test web "$@"
