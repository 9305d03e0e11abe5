#!/usr/bin/env bash
# Bundles nats.js, which npm has as CommonJS only, into one module for browsers: `scripts/nats-js.sh [OUT]`.
set -euo pipefail
cd "$(dirname "$0")/.." && source scripts/env.sh
out=${1:-target/nats-js/nats.js}
printf 'export * from "@nats-io/%s";\n' nats-core jetstream kv obj services |
    esbuild --bundle --format=esm --minify --external:node:crypto --log-level=warning --sourcefile=nats.js --outfile="$out"
