# Sourced by scripts from the project's root: where tools are found, and which browser. CHROMIUM and CHROMEDRIVER may be given.
export PATH="$PWD/.tools/bin:$PWD/node_modules/.bin:$HOME/.cargo/bin:$PATH"
[ -d /usr/local/go/bin ] && export PATH="$PATH:/usr/local/go/bin"
export PYTHONPATH="$PWD/.tools/python${PYTHONPATH:+:$PYTHONPATH}"
find_first() { for name in "$@"; do command -v "$name" && return; done; true; }
export CHROMIUM=${CHROMIUM:-$(find_first chromium chromium-browser google-chrome-stable google-chrome)}
export CHROMEDRIVER=${CHROMEDRIVER:-$(find_first chromedriver)}
# Has cargo the crates of the standard library, which scripts/lean.sh compiles along? Without --offline it gets them.
fetch_library() {
    RUSTC_BOOTSTRAP=1 cargo fetch --quiet --locked "$@" \
        --manifest-path "$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.toml" >/dev/null 2>&1
}
