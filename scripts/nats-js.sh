#!/usr/bin/env bash
# Bundles nats.js, which npm has as CommonJS only, into one module for browsers: `scripts/nats-js.sh [OUT]`.
set -euo pipefail
cd "$(dirname "$0")/.." && source scripts/env.sh
out=${1:-target/nats-js/nats.js}
# `export *` finds no names in CommonJS, so each is spelled out, under the first package that has it.
node -p '
  const seen = new Set(["default", "__esModule"]);
  ["nats-core", "jetstream", "kv", "obj", "services"].map((name) => {
    const names = Object.keys(require(`@nats-io/${name}`)).filter((key) => !seen.has(key) && seen.add(key));
    return `export { ${names.join(", ")} } from "@nats-io/${name}";`;
  }).join("\n")' |
    esbuild --bundle --format=esm --minify --external:node:crypto --log-level=warning --sourcefile=nats.js --outfile="$out"
