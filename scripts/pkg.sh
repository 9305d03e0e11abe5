#!/usr/bin/env bash
# Builds the npm package into pkg/: the server and its connector for JavaScript, without the page.
set -euo pipefail
cd "$(dirname "$0")/.." && source scripts/env.sh
wasm-pack build --mode no-install --target web --profile wasm --out-dir pkg . --no-default-features
