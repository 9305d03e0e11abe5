#!/usr/bin/env bash
# Builds the npm package into pkg/: the server and its connector for JavaScript, without the page.
set -euo pipefail
cd "$(dirname "$0")/.." && source scripts/env.sh
wasm-pack build --mode no-install --target web --profile wasm --out-dir pkg . --no-default-features --features js
cp npm/README.md npm/node.js pkg/
# Node gets an entry of its own, which loads the WebAssembly from the file beside it.
node - <<'END'
const fs = require("fs");
const manifest = JSON.parse(fs.readFileSync("pkg/package.json", "utf8"));
manifest.files.push("node.js");
manifest.exports = {
    ".": { types: "./nats_kv_playground.d.ts", node: "./node.js", default: "./nats_kv_playground.js" },
    "./*": "./*",
};
fs.writeFileSync("pkg/package.json", JSON.stringify(manifest, null, 2) + "\n");
END
