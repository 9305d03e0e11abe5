#!/usr/bin/env python3
"""Runs every suite of tests and counts: `make test`, or `scripts/test.py NAME...` for some of them (see --list).

A suite is a command and the tools it needs. What it says goes to target/test/NAME.log and is shown when something failed.
A suite that crashes, or that ran no test at all, counts as one failure. A suite whose tools cannot be had on this machine
(no Go: no real nats-server) is reported as skipped, and counts as neither. The last line is 'N passed, N failed'.
"""
import os, re, subprocess, sys, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = os.path.join(ROOT, "target", "test")
REAL = ["nats", "nats-server"]
NATIVE = "cargo {} --no-default-features"
EXAMPLES = NATIVE.format("build --quiet") + " --examples && "  # target/debug/examples/{server,nats}
WASM = "cargo {} --target wasm32-unknown-unknown"

# How a suite's output says what passed and failed.
CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed", re.M)  # cargo test, wasm-bindgen-test
TOTALS = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)  # our own runners
TAP = re.compile(r"^# pass (\d+)\n# fail (\d+)$", re.M)  # node --test
EXIT = None  # one test: the exit status


class Suite:
    """One suite; `needs` are names for scripts/need.sh, `optional` ones skip the suite where they cannot be had."""

    def __init__(self, name, command, counts=EXIT, needs=(), optional=(), limit=900, exists=None):
        self.name, self.command, self.counts, self.limit = name, command, counts, limit
        self.needs, self.optional, self.exists = list(needs), list(optional), exists


SUITES = [
    Suite("fmt", "cargo fmt --check", needs=["rustfmt"]),
    Suite("clippy", NATIVE.format("clippy --all-targets") + " -- -D warnings", needs=["clippy"]),
    Suite("clippy-page", WASM.format("clippy --lib --bins --tests") + " -- -D warnings", needs=["clippy", "wasm-target"]),
    Suite("doc", "RUSTDOCFLAGS='-D warnings' " + NATIVE.format("doc --no-deps --lib")),
    # All but the differential test, which alone needs the real server. [!d] is a pattern of cargo's.
    Suite("unit", NATIVE.format("test") + " --no-fail-fast --lib --bins --test '[!d]*'", CARGO),
    Suite("differential", NATIVE.format("test") + " --test differential", CARGO, optional=["nats-server"]),
    Suite("golden-server", EXAMPLES + "python3 tests/golden.py server", TOTALS, optional=REAL),
    Suite("golden-cli", EXAMPLES + "python3 tests/golden.py cli", TOTALS, optional=REAL),
    Suite("golden-both", EXAMPLES + "python3 tests/golden.py both", TOTALS),
    Suite("conformance", EXAMPLES + "python3 tests/conformance/run.py", TOTALS, needs=["node_modules"], optional=REAL + ["nats-py"]),
    Suite("nats-go", EXAMPLES + "node tests/nats_go/run.mjs nats.go 'KeyValue|ObjectStore'", TOTALS, needs=["node_modules"], optional=["nats.go"]),
    Suite("jsm-go", EXAMPLES + "node tests/nats_go/run.mjs jsm.go", TOTALS, needs=["node_modules"], optional=["jsm.go"]),
    Suite("crash", EXAMPLES + "python3 tests/crash.py", TOTALS),
    Suite("web", "scripts/web-test.sh", CARGO, needs=["wasm-target", "wasm-bindgen", "wasm-pack", "chromium"],
          optional=["nats-server"]),
    Suite("size", "make -s build && node scripts/size.mjs", limit=1200,
          needs=["wasm-target", "rust-src", "trunk", "wasm-bindgen", "wasm-split", "wasm-opt"]),
    Suite("pkg", "make -s pkg && node --test --test-reporter=tap tests/pkg/*.test.mjs", TAP, exists="tests/pkg", limit=1200,
          needs=["wasm-target", "rust-src", "wasm-pack", "wasm-bindgen", "node_modules", "chromium"]),
    Suite("page", "node --test --test-reporter=tap --test-concurrency=2 tests/page/*.test.mjs", TAP, limit=1200,
          needs=["node_modules", "chromium"], optional=REAL),
]


def run(command, log, limit):
    """Runs a command in a group of its own; its exit status, or None when it ran out of time."""
    with open(log, "wb") as out:
        process = subprocess.Popen(["bash", "-c", "source scripts/env.sh; " + command], cwd=ROOT, stdin=subprocess.DEVNULL,
                                   stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            try:
                os.killpg(process.pid, 9)  # whatever it left running
            except ProcessLookupError:
                pass


def tool_errors(tools):
    """Installs tools; what could not be installed and why."""
    errors = []
    for tool in tools:
        done = subprocess.run(["scripts/need.sh", tool], cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        lines = done.stderr.strip().splitlines()
        if done.returncode:
            errors.append(lines[-1] if lines else tool)
        else:
            for line in lines:
                print(line, flush=True)
    return errors


def play(suite):
    """(passed, failed) of one suite, or why it was skipped."""
    if suite.exists and not os.path.exists(os.path.join(ROOT, suite.exists)):
        return "not there yet"
    if errors := tool_errors(suite.optional):
        return errors[0]
    log = os.path.join(LOGS, suite.name + ".log")
    if errors := tool_errors(suite.needs):
        print("\n".join(errors))
        return 0, 1
    started = time.time()
    status = run(suite.command, log, suite.limit)
    text = re.sub(r"\x1b\[[0-9;]*m", "", open(log, errors="replace").read())
    if suite.counts is EXIT:
        passed, failed = (1, 0) if status == 0 else (0, 1)
    else:
        counts = [(int(a), int(b)) for a, b in suite.counts.findall(text)]
        passed, failed = sum(a for a, _ in counts), sum(b for _, b in counts)
        if passed + failed == 0 or (status != 0 and failed == 0):
            failed += 1
    why = "" if status == 0 else ", out of time" if status is None else f", exit status {status}"
    print(f"{suite.name:14} {passed} passed, {failed} failed ({time.time() - started:.0f} s{why})", flush=True)
    if failed:
        print(f"--- the end of target/test/{suite.name}.log")
        print("\n".join("    " + line for line in text.splitlines()[-120:]), flush=True)
    return passed, failed


def main():
    names = sys.argv[1:]
    if names == ["--list"]:
        return print("\n".join(suite.name for suite in SUITES))
    chosen = [suite for suite in SUITES if not names or suite.name in names]
    if unknown := set(names) - {suite.name for suite in SUITES}:
        sys.exit(f"no suite {', '.join(sorted(unknown))}; see --list")
    os.makedirs(LOGS, exist_ok=True)
    passed, failed, skipped = 0, 0, []
    for suite in chosen:
        result = play(suite)
        if isinstance(result, str):
            skipped.append(suite.name)
            print(f"{suite.name:14} skipped: {result}", flush=True)
        else:
            passed, failed = passed + result[0], failed + result[1]
    if skipped:
        print(f"skipped: {', '.join(skipped)}")
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)


main()
