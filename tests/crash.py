#!/usr/bin/env python3
"""Kills the server with SIGKILL under load, again and again: every write it acknowledged must be there afterwards.

    tests/crash.py [KILLS]        100 by default; the last line is 'N passed, N failed', a test a kill

Several clients write to keys of a file-backed bucket and keep what was acknowledged. The server is killed at a random
moment, every tenth time while it writes its journal anew, started on the same folder, and asked for all of it. At the end the beginning of its file is overwritten: it must start,
and what it could not read must be there to be mended. SERVER_CMD names another server to try, with {port} and {dir};
SEED repeats a run.
"""
import base64, json, os, random, shutil, socket, subprocess, sys, tempfile, threading, time

from common import ports

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARIES = [os.path.join(ROOT, "target", kind, "examples/server") for kind in ("release", "debug")]
WRITERS, KEYS, HISTORY = 4, 50, 64
SIZES, LARGE = (0, 0, 10, 1000, 20000), 100_000
CONFIG = {"name": "KV_crash", "subjects": ["$KV.crash.>"], "storage": "file", "max_msgs_per_subject": HISTORY,
          "allow_direct": True, "allow_rollup_hdrs": True, "deny_delete": True, "discard": "new", "retention": "limits",
          "max_msgs": -1, "max_bytes": -1, "max_age": 0, "num_replicas": 1}


class Client:
    """Requests and replies over one connection, no more."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.socket.settimeout(5)
        self.buffer, self.count = b"", 0
        self.inbox = f"_INBOX.{json.loads(self.line()[5:])['client_id']}"
        options = '{"verbose":false,"headers":true,"no_responders":true}'
        self.socket.sendall(f"CONNECT {options}\r\nSUB {self.inbox}.* 1\r\n".encode())

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.buffer += data

    def line(self):
        while b"\r\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def request(self, subject, payload=b""):
        self.count += 1
        reply = f"{self.inbox}.{self.count}"
        self.socket.sendall(f"PUB {subject} {reply} {len(payload)}\r\n".encode() + payload + b"\r\n")
        while True:
            fields = self.line().split(b" ")
            if fields[0] == b"PING":
                self.socket.sendall(b"PONG\r\n")
            elif fields[0] in (b"MSG", b"HMSG"):
                size = int(fields[-1])
                while len(self.buffer) < size + 2:
                    self.more()
                body, self.buffer = self.buffer[:size], self.buffer[size + 2:]
                if fields[1].decode() == reply:
                    return body[int(fields[-2]) if fields[0] == b"HMSG" else 0:]

    def api(self, subject, body=None):
        answer = json.loads(self.request("$JS.API." + subject, json.dumps(body).encode() if body is not None else b""))
        if "error" in answer:
            raise RuntimeError(f"{subject}: {answer['error']}")
        return answer


class Server:
    def __init__(self, folder):
        self.folder = folder
        self.new_journal = os.path.join(folder, "jetstream", "journal.new")
        self.held = ports.reserve()
        self.port = ports.number(self.held)

    def start(self):
        binary = next((b for b in BINARIES if os.path.exists(b)), BINARIES[0])
        template = os.environ.get("SERVER_CMD", binary + " -js -a 127.0.0.1 -p {port} -sd {dir}")
        command = template.replace("{port}", str(self.port)).replace("{dir}", self.folder)
        self.log = open(os.path.join(self.folder, "log.txt"), "ab")
        self.process = subprocess.Popen(command.split(), stdout=self.log, stderr=self.log)
        end = time.time() + 30
        while time.time() < end and self.process.poll() is None:
            try:
                return Client(self.port)
            except OSError:
                time.sleep(0.005)
        raise RuntimeError("the server did not come up again: " + open(self.log.name, errors="replace").read()[-2000:])

    def kill(self):
        self.process.kill()
        self.process.wait()


def write(port, number, acknowledged, seed, keys=KEYS, sizes=SIZES):
    """Writes until the server is gone; notes each write that was acknowledged."""
    rng = random.Random(seed)
    try:
        client = Client(port)
        while True:
            key = f"w{number}.k{rng.randrange(keys)}"
            value = f"{key}-{rng.randrange(1 << 30)}" + "x" * rng.choice(sizes)
            ack = json.loads(client.request(f"$KV.crash.{key}", value.encode()))
            if "error" in ack:
                raise RuntimeError(ack["error"])
            acknowledged.append((ack["seq"], key, value))
    except (OSError, ConnectionError):
        pass


def check(client, acknowledged):
    """What is wrong after a restart."""
    problems = []
    state = client.api("STREAM.INFO.KV_crash")["state"]
    newest, kept = {}, {}
    for seq, key, value in acknowledged:
        kept.setdefault(key, []).append((seq, value))
        newest[key] = max(newest.get(key, (0, "")), (seq, value))
    if acknowledged and state["last_seq"] < max(a[0] for a in acknowledged):
        problems.append(f"last sequence {state['last_seq']} is below an acknowledged {max(a[0] for a in acknowledged)}")
    for key, values in kept.items():
        for seq, value in sorted(values)[-3:]:  # what history certainly keeps
            try:
                message = client.api("STREAM.MSG.GET.KV_crash", {"seq": seq})["message"]
            except RuntimeError as error:
                problems.append(f"{key} at {seq} is gone: {error}")
                continue
            if base64.b64decode(message.get("data", "")).decode() != value:
                problems.append(f"{key} at {seq} is another value")
    return problems


def overgrow(server, rng, acknowledged):
    """Writes large values until the journal is being written anew."""
    writer = threading.Thread(target=write, args=(server.port, WRITERS, acknowledged, rng.random(), 1, (LARGE,)))
    writer.start()
    end = time.time() + 30
    while not os.path.exists(server.new_journal) and time.time() < end:
        time.sleep(0.001)
    return writer


def damage(server, acknowledged):
    """What is wrong after a damage to the start of the journal, and after it is mended."""
    folder = os.path.join(server.folder, "jetstream")
    journal, before = os.path.join(folder, "journal"), set(os.listdir(folder))
    with open(journal, "r+b") as file:
        good = file.read(8)
        file.seek(0)
        file.write(b"\0" * 8)
    try:
        names = server.start().api("STREAM.NAMES")["streams"]
        server.kill()
        kept = sorted(name for name in set(os.listdir(folder)) - before if name.startswith("journal.damaged-"))
        if names or len(kept) != 1:
            return [f"streams {names}, kept {kept} of a damaged journal"]
        os.rename(os.path.join(folder, kept[0]), journal)
        with open(journal, "r+b") as file:
            file.write(good)
        return check(server.start(), acknowledged)
    except (RuntimeError, OSError) as error:
        return [str(error)]
    finally:
        server.kill()


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    rng = random.Random(seed)
    folder = tempfile.mkdtemp(prefix="crash-")
    server, acknowledged, passed, failed = Server(folder), [], 0, 0
    client = server.start()
    client.api("STREAM.CREATE.KV_crash", CONFIG)
    ours = "SERVER_CMD" not in os.environ  # nats-server has other files
    unfinished = 0
    for kill in range(kills):
        fresh = [[] for _ in range(WRITERS + 1)]
        threads = [threading.Thread(target=write, args=(server.port, n, fresh[n], rng.random())) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        if ours and kill % 10 == 9:
            threads.append(overgrow(server, rng, fresh[WRITERS]))
            time.sleep(rng.uniform(0, 0.1))
        else:
            time.sleep(rng.uniform(0.02, 0.3))
        server.kill()
        unfinished += os.path.exists(server.new_journal)
        for thread in threads:
            thread.join()
        acknowledged += [a for some in fresh for a in some]
        try:
            client = server.start()
            problems = check(client, acknowledged)
        except (RuntimeError, OSError) as error:
            problems = [str(error)]
        passed, failed = passed + (not problems), failed + bool(problems)
        if problems:
            print(f"kill {kill} (SEED={seed}): {len(problems)} problems, such as", *problems[:5], sep="\n    ", flush=True)
            if server.process.poll() is not None:
                break
    server.kill()
    if ours:
        problems = damage(server, acknowledged)
        if kills >= 100 and not unfinished:
            problems.append("no kill hit a journal that was being written anew")
        passed, failed = passed + (not problems), failed + bool(problems)
        print(*problems[:5], sep="\n")
    print(f"{len(acknowledged)} acknowledged writes, {unfinished} kills while the journal was written anew")
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
