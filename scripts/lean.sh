# Sourced after env.sh, before WebAssembly for the page or the package is built: the standard library is compiled along, for
# size, and panics just stop, since nobody would see their texts. A first visit is 16 kB smaller for it. Rust has this behind
# flags that may change; where its compiler does not know them, or the library's source is not there (scripts/need.sh
# rust-src), the library is taken as Rust ships it.
lean_flags="-Zunstable-options -Cpanic=immediate-abort"
if RUSTC_BOOTSTRAP=1 rustc $lean_flags --print cfg >/dev/null 2>&1 && fetch_library --offline; then
    export RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$lean_flags
    export CARGO_UNSTABLE_BUILD_STD=std,panic_abort CARGO_UNSTABLE_BUILD_STD_FEATURES=optimize_for_size
else
    echo "lean: the standard library is taken as it comes, which makes the page 16 kB larger" >&2
fi
