# Sourced by scripts from the project's root: where tools are found, and which browsers. Their variables may be given.
export PATH="$PWD/.tools/bin:$PWD/node_modules/.bin:$HOME/.cargo/bin:$PATH"
[ -d /usr/local/go/bin ] && export PATH="$PATH:/usr/local/go/bin"
export PYTHONPATH="$PWD/.tools/python${PYTHONPATH:+:$PYTHONPATH}"
find_first() { for name in "$@"; do command -v "$name" && return; done; true; }
export CHROMIUM=${CHROMIUM:-$(find_first chromium chromium-browser google-chrome-stable google-chrome)}
export CHROMEDRIVER=${CHROMEDRIVER:-$(find_first chromedriver)}
export FIREFOX=${FIREFOX:-$(find_first firefox-esr firefox)}
export MINIBROWSER=${MINIBROWSER:-$(find_first /usr/lib/*/webkit2gtk-4.*/MiniBrowser)}
# Has cargo the crates of the standard library, which scripts/lean.sh compiles along? Without --offline it gets them.
fetch_library() {
    RUSTC_BOOTSTRAP=1 cargo fetch --quiet --locked "$@" \
        --manifest-path "$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.toml" >/dev/null 2>&1
}
