#!/usr/bin/env bash
# Trunk calls this at the end of a build: makes the WebAssembly of the page anew, as a file that a first visit loads and files
# for what is loaded later (src/page/chunks.rs), each optimised for size.
set -euo pipefail
cd "$TRUNK_SOURCE_DIR" && source scripts/env.sh
target=${CARGO_TARGET_DIR:-target}
case $TRUNK_PROFILE in release) profile=wasm ;; *) profile=debug ;; esac
work=$target/split
# Twice, and once over control flow made anew: 2 % less of what is sent; in the order of names, so that like stands by like: 0.7 %.
# The lowest kilobyte is the end of the stack.
passes=(--low-memory-unused -Oz --flatten --rereloop -Oz -Oz --reorder-functions-by-name)
features=(--enable-{bulk-memory,nontrapping-float-to-int,sign-ext,mutable-globals,reference-types,multivalue})

script=$(basename "$TRUNK_STAGING_DIR"/nats-kv-playground-*.js)
name=${script%.js}
rm -rf "$work" && mkdir -p "$work"
wasm-split-cli "$target/wasm32-unknown-unknown/$profile/nats-kv-playground.wasm" "$work" --out-name "$name"
wasm-bindgen "$work/$name.wasm" --target web --no-typescript --keep-lld-exports --out-dir "$work" --out-name "$name"

printf '%s\0' "$work"/{"${name}_bg",split_*,chunk_*}.wasm |
    xargs -0 -P 4 -I{} wasm-opt "${passes[@]}" "${features[@]}" --strip-debug --strip-producers {} -o {}.small 2>/dev/null
mv "$work/${name}_bg.wasm.small" "$TRUNK_STAGING_DIR/${name}_bg.wasm"
# File names say what is in them, so that a cache never mixes two builds.
for chunk in "$work"/{split,chunk}_*.wasm; do
    plain=$(basename "$chunk" .wasm)
    hashed=$plain-$(sha256sum "$chunk.small" | cut -c1-16)
    mv "$chunk.small" "$TRUNK_STAGING_DIR/$hashed.wasm"
    sed -i "s|\./$plain\.wasm|./$hashed.wasm|" "$work/__wasm_split.js"
done
esbuild "$work/$script" --bundle --format=esm --minify --log-level=warning --log-override:duplicate-object-key=silent --outfile="$TRUNK_STAGING_DIR/$script" --allow-overwrite
# In Safari no event tells that a module has failed: what says that the page could not be started is called.
sed -i 's|^\(const wasm = await init(.*)\);$|\1.catch((error) => { failed(); throw error; });|' "$TRUNK_STAGING_DIR/index.html"
