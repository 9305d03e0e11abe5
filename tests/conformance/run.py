#!/usr/bin/env python3
"""Runs the scripts of this folder, real clients of other makers, against our server and, where it is on PATH, nats-server.

    tests/conformance/run.py [NAME...]      NAME is the beginning of a script's name

A script is NAME.test.mjs (node:test) or NAME_test.py (prints 'N passed, N failed' at its end). It finds a fresh server with
JetStream in NATS_URL (nats://...) and NATS_WS (ws://...), in SERVER which one it is, `ours` or `real`, and its program in
SERVER_BIN, for a script that starts more. What passes against nats-server says that the script is right; what passes
against ours says that we are. Both count.
SERVER_BIN names our server (target/debug/examples/server).
"""
import os, re, shutil, socket, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from common import ports

ROOT = os.path.dirname(os.path.dirname(HERE))
OURS = os.path.abspath(os.environ.get("SERVER_BIN", os.path.join(ROOT, "target/debug/examples/server")))
LIMIT = 180  # seconds a script


def start(which, folder, port, ws):
    """Starts a server on two ports."""
    if which == "ours":
        command = [OURS, "-js", "-a", "127.0.0.1", "-p", str(port), "-sd", folder, "--ws_port", str(ws)]
    else:
        config = os.path.join(folder, "server.conf")
        with open(config, "w") as f:
            f.write(f'websocket {{ host: "127.0.0.1", port: {ws}, no_tls: true }}\n')
        command = ["nats-server", "-js", "-a", "127.0.0.1", "-p", str(port), "-sd", folder, "-c", config]
    log = open(os.path.join(folder, "server.log"), "wb")
    process = subprocess.Popen(command, stdout=log, stderr=log)
    end = time.time() + 15
    while time.time() < end and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as s:
                if s.recv(4) == b"INFO":
                    return process
        except OSError:
            time.sleep(0.02)
    process.kill()
    print(open(os.path.join(folder, "server.log"), errors="replace").read()[-4000:])
    raise RuntimeError("the server did not come up: " + " ".join(command))


def run(script, which, port, ws):
    """(passed, failed) of one script against one server on these ports."""
    folder = tempfile.mkdtemp(prefix="conformance-")
    try:
        server = start(which, folder, port, ws)
    except RuntimeError as error:
        print(error)
        return 0, 1
    program = OURS if which == "ours" else "nats-server"
    env = dict(os.environ, SERVER=which, SERVER_BIN=program, NATS_URL=f"nats://127.0.0.1:{port}", NATS_WS=f"ws://127.0.0.1:{ws}")
    if script.endswith(".mjs"):
        command, counts = ["node", "--experimental-websocket", "--test", "--test-reporter=tap", script], r"^# pass (\d+)\n# fail (\d+)$"
    else:
        command, counts = [sys.executable, script], r"^(\d+) passed, (\d+) failed$"
    try:
        done = subprocess.run(command, cwd=HERE, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=LIMIT)
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as error:
        output, code = (error.stdout or b"").decode("utf-8", "replace"), None
    finally:
        died = server.poll() is not None
        server.terminate()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
    found = re.findall(counts, output, re.M)
    passed, failed = map(int, found[-1]) if found else (0, 0)
    if died:
        output += "\nthe server ended:\n" + open(os.path.join(folder, "server.log"), errors="replace").read()[-4000:]
    if died or passed + failed == 0 or (code != 0 and failed == 0):
        failed += 1
    shutil.rmtree(folder, ignore_errors=True)
    name = os.path.basename(script)
    print(f"{name} {which}: passed {passed}, failed {failed}" + (" (out of time)" if code is None else ""), flush=True)
    if failed:
        print("\n".join("    " + line for line in output.splitlines()[-150:]), flush=True)
    return passed, failed


def main():
    names = tuple(sys.argv[1:])
    scripts = sorted(f for f in os.listdir(HERE) if f.endswith((".test.mjs", "_test.py")) and f.startswith(names or ("",)))
    servers = ["ours"] + ["real"] * (shutil.which("nats-server") is not None)
    passed = failed = 0
    for script in scripts:
        for which in servers:
            with ports.reserve() as client, ports.reserve() as websocket:
                more = run(os.path.join(HERE, script), which, ports.number(client), ports.number(websocket))
            passed, failed = passed + more[0], failed + more[1]
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
