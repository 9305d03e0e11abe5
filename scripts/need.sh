#!/usr/bin/env bash
# Makes sure that tools are there: `scripts/need.sh TOOL...` installs what is missing, says in a line what and why, and
# exits 1 with a reason when it cannot. Tools come from the package registries of Cargo, Go, npm, PyPI and Debian only, so that
# nothing has to be downloaded from anywhere else. Go and wasm-bindgen tools live in .tools/, which scripts/env.sh puts on PATH.
set -uo pipefail
cd "$(dirname "$0")/.." && source scripts/env.sh

NATS_SERVER=v2.15.2
NATS_CLI=v0.5.1
TRUNK=0.21.14
WASM_SPLIT=0.2.4
NATS_PY=2.16.0
NATS_GO=v1.55.0
JSM_GO=v0.5.1

say() { printf 'need: %s\n' "$*" >&2; }
cannot() { say "cannot install $1: $2"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Runs an installer quietly; shows what it said only when it fails.
quietly() {
    local what=$1 log; shift
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then rm -f "$log"; return; fi
    tail -n 30 "$log" >&2; rm -f "$log"
    cannot "$what" "'$*' failed"
}

# Build speed matters for a tool that runs for seconds; its own speed does not.
cargo_install() {
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_TARGET_DIR="$PWD/.tools/build" quietly "$1" cargo install "$@"
    rm -rf .tools/build
}

apt_install() {
    have apt-get || cannot "$1" "there is no apt-get; put $1 on PATH yourself"
    [ "$(id -u)" = 0 ] || cannot "$1" "not root; run 'sudo apt-get install $*'"
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 && return
    quietly "$1" apt-get update
    quietly "$1" apt-get install -y --no-install-recommends "$@"
}

go_install() { # binary, module, version
    have go || cannot "$1" "it is written in Go and there is no go on PATH"
    say "installing $1 $3 into .tools/bin: $4"
    mkdir -p .tools/bin
    GOBIN="$PWD/.tools/bin" GOFLAGS=-mod=mod quietly "$1" go install "$2@$3"
}

need() {
    case $1 in
    rustfmt | clippy)
        cargo "${1/rustfmt/fmt}" --version >/dev/null 2>&1 && return
        say "adding the Rust component $1: it checks the code"
        quietly "$1" rustup component add "$1"
        ;;
    wasm-target)
        [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ] && return
        have rustup || cannot "the wasm32-unknown-unknown target" "there is no rustup"
        say "adding the Rust target wasm32-unknown-unknown: the page is WebAssembly"
        quietly wasm-target rustup target add wasm32-unknown-unknown
        ;;
    rust-src)
        # The page can do without (scripts/lean.sh), so this is no reason to stop.
        fetch_library --offline && return
        say "adding the Rust component rust-src, and what it needs: the page has a standard library that is compiled for size"
        { rustup component add rust-src >/dev/null 2>&1 && fetch_library; } || say "without rust-src the page is larger"
        ;;
    trunk)
        have trunk && return
        say "installing trunk $TRUNK with cargo (some minutes, once): it builds and serves the page"
        cargo_install trunk@$TRUNK --locked
        ;;
    wasm-pack)
        have wasm-pack && return
        say "installing wasm-pack with cargo (a minute, once): it runs tests in a browser and builds the npm package"
        cargo_install wasm-pack --locked
        ;;
    wasm-bindgen)
        local version
        version=$(grep -A1 '^name = "wasm-bindgen"$' Cargo.lock | sed -n 's/^version = "\(.*\)"/\1/p')
        [ "$(wasm-bindgen --version 2>/dev/null)" = "wasm-bindgen $version" ] && have wasm-bindgen-test-runner && return
        say "installing wasm-bindgen-cli $version with cargo (a minute, once): it must match Cargo.lock"
        cargo_install wasm-bindgen-cli --version "$version" --root .tools --force
        ;;
    wasm-split)
        have wasm-split-cli && return
        say "installing wasm_split_cli_support $WASM_SPLIT with cargo (a minute, once): it splits the page's code into files"
        cargo_install wasm_split_cli_support@$WASM_SPLIT --locked --features build-binary
        ;;
    node_modules | wasm-opt)
        have npm || cannot "$1" "there is no node and npm on PATH (Node.js 20 or newer)"
        [ node_modules/.package-lock.json -nt package-lock.json ] && return
        say "installing npm packages into node_modules: wasm-opt, Playwright's client, axe and nats.js for tests"
        quietly node_modules env PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund
        touch node_modules/.package-lock.json
        ;;
    chromium)
        [ -n "${CHROMIUM:-}" ] && [ -n "${CHROMEDRIVER:-}" ] && return
        say "installing Debian's chromium and chromium-driver: tests run in a real browser"
        apt_install chromium chromium-driver
        ;;
    firefox)
        if [ -z "${FIREFOX:-}" ]; then
            say "installing Debian's firefox-esr: the walkthrough is tried in it, too"
            apt_install firefox-esr
        fi
        have geckodriver && return
        say "installing geckodriver with cargo (a minute, once): it drives Firefox"
        cargo_install geckodriver --locked
        ;;
    webkit)
        [ -n "${MINIBROWSER:-}" ] && have WebKitWebDriver && have xvfb-run && return
        say "installing Debian's webkit2gtk-driver and xvfb: the walkthrough is tried in WebKit, too"
        apt_install webkit2gtk-driver xvfb xauth
        ;;
    nats.go | jsm.go)
        have go || cannot "$1" "it is written in Go and there is no go on PATH"
        local version=NATS_GO
        [ "$1" = jsm.go ] && version=JSM_GO
        quietly "$1" go mod download "github.com/nats-io/$1@${!version}"
        ;;
    nats-server)
        [ "$(nats-server --version 2>/dev/null)" = "nats-server: $NATS_SERVER" ] && return
        go_install nats-server github.com/nats-io/nats-server/v2 $NATS_SERVER "tests compare with the real server"
        ;;
    nats)
        [ "$(nats --version 2>/dev/null)" = "${NATS_CLI#v}" ] && return
        [ "$(nats --version 2>/dev/null)" = "$NATS_CLI" ] && return
        go_install nats github.com/nats-io/natscli/nats $NATS_CLI "tests use and compare with the real command"
        ;;
    nats-py)
        [ "$(python3 -c 'import importlib.metadata as m; print(m.version("nats-py"))' 2>/dev/null)" = $NATS_PY ] && return
        have python3 || cannot "$1" "there is no python3 on PATH"
        say "installing nats-py $NATS_PY into .tools/python: tests use the Python client"
        quietly nats-py python3 -m pip install --quiet --disable-pip-version-check --upgrade --target .tools/python nats-py==$NATS_PY
        ;;
    cargo-fuzz)
        cargo +nightly --version >/dev/null 2>&1 || {
            say "adding Rust's nightly toolchain: cargo-fuzz needs it"
            quietly nightly rustup toolchain install nightly --profile minimal
        }
        have cargo-fuzz && return
        say "installing cargo-fuzz with cargo: it runs the fuzz targets"
        cargo_install cargo-fuzz --locked
        ;;
    *)
        say "unknown tool $1"
        exit 2
        ;;
    esac
}

for tool in "$@"; do
    need "$tool"
done
