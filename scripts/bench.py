#!/usr/bin/env python3
"""Measures the server beside nats-server on this machine and writes BENCHMARKS.md.

    scripts/bench.py [PART...]     parts: tcp page process; all by default
Each figure is the median of ROUNDS (5) runs, ours and nats-server's taken in turn, so that a busy machine is unfair to both.
"""
import json, os, platform, re, shutil, socket, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OURS = os.path.join(ROOT, "target/release/examples/server")
sys.path.insert(0, os.path.join(ROOT, "tests"))
from common import ports

ROUNDS = int(os.environ.get("ROUNDS", "5"))

PUT = "nats bench kv put --size 16 --storage {} --msgs {}"
SYNCED = "synced"  # nats-server as well has each write on disk before it acknowledges
WORK = [  # name, preparation, command (several: the first one's figure counts), goal of ours / nats-server's
    ("kv put, memory", "true", [PUT.format("memory", 20000)], 1.0),
    ("kv get, memory", PUT.format("memory", 20000), ["nats bench kv get --msgs 20000"], 1.0),
    ("kv put, file", "true", [PUT.format("file", 5000)], None),
    (f"kv put, file, {SYNCED}", "true", [PUT.format("file", 2000)], None),
    (f"kv put, file, {SYNCED}, 32 clients", "true", [PUT.format("file", 8000) + " --clients 32"], None),
    ("kv get, file", PUT.format("file", 5000), ["nats bench kv get --msgs 5000"], 1.0),
    ("js pub async, memory", "true", ["nats bench js pub async bench --create --storage memory --msgs 100000 --size 128"], 0.5),
    ("core pub", "true", ["nats bench pub bench --msgs 1000000 --size 128"], 0.5),
    ("core pub/sub", "true", ["nats bench sub bench --msgs 300000 --size 128", "nats bench pub bench --msgs 300000 --size 128"], 0.5),
]


def serve(binary, synced):
    """Starts a server; (process, port, folder)."""
    folder = tempfile.mkdtemp(prefix="bench-")
    held = ports.reserve()
    port = ports.number(held)
    options = ["-js", "-a", "127.0.0.1", "-p", str(port), "-sd", folder]
    if synced and binary != OURS:
        with open(os.path.join(folder, "synced.conf"), "w") as f:
            f.write("jetstream { sync_interval: always }")
        options += ["-c", f.name]
    process = subprocess.Popen([binary, *options],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            held.close()
            return process, port, folder
        except OSError:
            time.sleep(0.02)
    sys.exit(f"{binary} does not start")


def rate(binary, prepare, commands, synced):
    """Messages a second of one run on a fresh server."""
    server, port, folder = serve(binary, synced)
    env = dict(os.environ, NATS_URL=f"nats://127.0.0.1:{port}", HOME=folder, XDG_CONFIG_HOME=folder)
    start = lambda command: subprocess.Popen(["bash", "-c", command], env=env, text=True, stdin=subprocess.DEVNULL,
                                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        start(prepare).communicate(timeout=60)
        running = []
        for command in commands:
            running.append(start(command + " --no-progress"))
            if len(commands) > 1:
                time.sleep(0.7)  # the subscriber is there
        output = running[0].communicate(timeout=120)[0]
        for process in running[1:]:
            process.communicate(timeout=120)
        found = re.search(r"stats: ([\d,]+) msgs/sec", output)
        return int(found.group(1).replace(",", "")) if found else sys.exit(f"no figure from {commands}:\n{output}")
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def tcp():
    rows = ["| `nats bench` over TCP | ours | nats-server | ratio | goal |", "|---|---:|---:|---:|---:|"]
    for name, prepare, commands, goal in WORK:
        rates = {OURS: [], "nats-server": []}
        for turn in range(ROUNDS):
            for binary in sorted(rates, reverse=turn % 2):
                rates[binary].append(rate(binary, prepare, commands, SYNCED in name))
        ours, real = (statistics.median(rates[b]) for b in (OURS, "nats-server"))
        rows.append(f"| {name} | {ours:,.0f}/s | {real:,.0f}/s | {ours / real:.2f} | {goal or '–'} |")
        print(rows[-1], flush=True)
    return [*rows, "", "Our server has each write to a file on disk before it acknowledges it, nats-server every two minutes;",
            f"{SYNCED}: with `sync_interval: always`."]


def page():
    """nats.js in one Chromium: against the server in the page, and over a loopback WebSocket."""
    done = subprocess.run(["node", "scripts/bench-page.mjs"], cwd=ROOT, text=True, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit("scripts/bench-page.mjs failed")
    rows = ["| nats.js KV in Chromium | in the page | nats-server by WebSocket | ratio | goal |", "|---|---:|---:|---:|---:|"]
    for name, ours, real in json.loads(done.stdout.splitlines()[-1]):
        goal = "5 (10)" if name in ("put", "get", "watch") else "–"
        rows.append(f"| {name} | {ours:,.0f}/s | {real:,.0f}/s | {ours / real:.1f} | {goal} |")
        print(rows[-1], flush=True)
    return [*rows, "", "3,000 puts in a fresh page, where JavaScript is not compiled yet; once more; as many gets; a watch of 3,000 keys; once more; and one of updates,",
            "from the first of 3,000 puts that do not wait for each other to the last entry. \"alone\" is what the first watch consists of: the server's work, and what nats.js does from the moment it has the bytes of all entries, which it gets in one event,",
            "to the last entry. No server could be faster than the latter."]


def run(*command):
    """What a command prints."""
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE)
    return done.stdout if done.returncode == 0 else sys.exit(" ".join(command) + " failed")


def medians(*command):
    """What a command prints, each of its values the median of several runs: some machines are slow for whole seconds."""
    print(f"{ROUNDS} times {' '.join(command)}", flush=True)
    runs = [[re.split(r" {2,}", line.strip()) for line in run(*command).splitlines()] for _ in range(ROUNDS)]
    for rows in zip(*runs):
        values = [row[1] for row in rows]
        # All are written with the same decimals.
        name, value, *more = rows[0][0], sorted(values, key=float)[len(values) // 2], *rows[0][2:]
        print(f"{name:<76}{value:>12}  {'  '.join(more)}", flush=True)
        yield name, value, *more


def process():
    """The engine alone, natively and as WebAssembly in Node, built as it is for the page."""
    native = list(medians("cargo", "bench", "--quiet", "--no-default-features", "--bench", "engine"))
    built = run("bash", "-c", "source scripts/env.sh; source scripts/lean.sh; cargo build --quiet --no-default-features "
                "--bench engine --profile wasm --target wasm32-unknown-unknown --message-format json").splitlines()
    binary = next(file for line in map(json.loads, built) for file in line.get("filenames", []) if "engine" in file)
    run("wasm-bindgen", "--target", "experimental-nodejs-module", "--out-dir", "target/bench", "--out-name", "engine", binary)
    wasm = medians("node", "target/bench/engine.js")
    rows = ["| the engine in the process, bytes in and bytes out | native | WebAssembly | unit | goal |", "|---|---:|---:|---|---:|"]
    for (name, value, unit, *goal), (_, other, *_) in zip(native, wasm):
        rows.append(f"| {name} | {value} | {other} | {unit} | {goal[0] if goal else '–'} |")
    return [*rows, "", "The goals are those of native code."]


PARTS = {"tcp": ("Over TCP", tcp), "page": ("nats.js in a page", page), "process": ("In the process", process)}


def main():
    """Measures the chosen parts; what BENCHMARKS.md says about the others stays."""
    cpu = next((line.split(": ")[1] for line in open("/proc/cpuinfo") if line.startswith("model name")), "?").strip()
    version = subprocess.run(["nats-server", "--version"], text=True, capture_output=True).stdout.split()[-1]
    text = [f"# Benchmarks\n\nWritten by `make bench` on {os.cpu_count()} × {cpu}, {platform.system()}, beside nats-server {version}.\n"]
    path = os.path.join(ROOT, "BENCHMARKS.md")
    before = open(path).read() if os.path.exists(path) else ""
    known = dict(part.split("\n", 1) for part in before.split("\n## ")[1:])
    for part, (title, measure) in PARTS.items():
        if part in (sys.argv[1:] or PARTS):
            load = os.getloadavg()[0]
            runs = f"medians of {ROUNDS} runs" + ("" if measure is process else ", ours and nats-server's in turn")
            known[title] = "\n".join(["", *measure(), "", f"{time.strftime('%Y-%m-%d')}; {runs}; the machine's load average was {load:.1f} before.", ""])
        if title in known:
            text.append(f"## {title}\n{known[title].rstrip()}\n")
    with open(path, "w") as f:
        f.write("\n".join(text))


main()
