#!/usr/bin/env python3
"""What the flags for addresses and passwords do, with plain sockets."""
import json, os, resource, signal, socket, subprocess, tempfile

V4, V6 = "127.0.0.1", "::1"
LISTENING = "Listening for client connections on "
WARNING = "Plaintext passwords detected"
HASH = "$2a$04$OMU9x9KSqH4ZtT5tJomaCe9Ar9FZ.VUZIOA0XOaEip89b9lU1KB86"
SECRET = "a password of the test"


class Server:
    """One started with some flags, with the first lines of its log."""

    def __init__(self, *flags):
        command = [os.environ["SERVER_BIN"], "-a", V4, "-p", "-1", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.log = ""
        for line in self.process.stdout:
            self.log += line
            if LISTENING in line:
                break
        self.address, _, self.port = self.log.strip().split(LISTENING)[-1].rpartition(":")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def seen_from(self, address):
        """The address it sees a client of this machine at, None where it does not listen."""
        try:
            with socket.create_connection((address, self.port), 5) as s:
                return json.loads(s.makefile("rb").readline().removeprefix(b"INFO "))["client_ip"]
        except ConnectionRefusedError:
            return None

    def says_to(self, **options):
        """The answer to a client with these options and a PING."""
        with socket.create_connection((V4, self.port), 5) as s:
            lines = s.makefile("rb")
            lines.readline()
            s.sendall(b"CONNECT " + json.dumps({"verbose": False, **options}).encode() + b"\r\nPING\r\n")
            return lines.readline().decode().strip()


results = []


def check(what, found, wanted):
    results.append(found == wanted)
    print(f"{what}: {found}" + ("" if found == wanted else f", not {wanted}"))


def listens(host, shown, doors):
    with Server("-a", host) as server:
        found = {door for door in (V4, V6) if server.seen_from(door) == door}
        check(f"-a {host}", (server.address, found), (shown, doors))


try:
    socket.create_server((V6, 0), family=socket.AF_INET6).close()
    both = {V4, V6}
except OSError:
    both = {V4}
listens(V4, V4, {V4})
listens("0.0.0.0", "0.0.0.0", both)
if V6 in both:
    listens("::", "[::]", both)
    listens(V6, "[::1]", {V6})

REFUSED = "-ERR 'Authorization Violation'"
for flags, key in (("--user", "u", "--pass"), "pass"), (("--auth",), "auth_token"):
    for wanted, given, answer in (
        ("p", "p", "PONG"),
        ("p", "q", REFUSED),
        (HASH, SECRET, "PONG"),
        (HASH + "more", SECRET, "PONG"),
        (HASH.replace("$2a", "$2y"), SECRET, "PONG"),
        (HASH, SECRET + "s", REFUSED),
        (HASH, HASH, REFUSED),
        (HASH[:20], HASH[:20], REFUSED),
        (HASH.replace("$2a", "$2c"), HASH.replace("$2a", "$2c"), "PONG"),
    ):
        with Server(*flags, wanted) as server:
            check(f"{key} {wanted} given {given}", server.says_to(user="u", **{key: given}), answer)

for flags, warned in (("--user", "u", "--pass", "p"), True), (("--user", "u", "--pass", HASH), False), (("--auth", "t"), False):
    with Server(*flags) as server:
        check(f"warning with {' '.join(flags)}", WARNING in server.log, warned)

# Who sends no more still gets the answers to all it sent.
with tempfile.TemporaryDirectory() as folder, Server("-js", "-sd", folder) as server:
    answered = 0
    for _ in range(200):
        with socket.create_connection((V4, server.port), 5) as s:
            s.recv(4096)
            s.sendall(b'CONNECT {"verbose":false}\r\nSUB a 1\r\nPUB a 3\r\nxyz\r\nPING\r\n')
            s.shutdown(socket.SHUT_WR)
            answered += s.makefile("rb").read().endswith(b"MSG a 1 3\r\nxyz\r\nPONG\r\n")
    check("answers after half a close", answered, 200)

# Who comes when no more files can be opened waits until others go.
with Server() as server:
    limit = len(os.listdir(f"/proc/{server.process.pid}/fd")) + 3
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
    clients = [socket.create_connection((V4, server.port), 5) for _ in range(8)]
    check("the first has its INFO", clients[0].recv(4), b"INFO")
    for line in server.process.stdout:
        if "Temporary Client Accept Error" in line:
            break
    for client in clients[:-1]:
        client.close()
    check("the last has its INFO", clients[-1].recv(4), b"INFO")
    clients[-1].close()
    check("after too many", server.says_to(), "PONG")

# Who reads nothing is let go in the end, before too much waits for it.
with Server() as server:
    with socket.create_connection((V4, server.port), 5) as deaf, socket.create_connection((V4, server.port), 5) as loud:
        for client, lines in (deaf, b"SUB a 1\r\n"), (loud, b""):
            client.sendall(b'CONNECT {"verbose":false}\r\n' + lines + b"PING\r\n")
            while b"PONG" not in client.recv(4096):
                pass
        for _ in range(20):
            loud.sendall(b"PUB a 1000000\r\n" + b"x" * 1000000 + b"\r\n")
        for line in server.process.stdout:
            if "Slow Consumer" in line:
                break
        check("who reads nothing", line.split(" - ")[-1].split(" with ")[0].split("Slow")[-1],
              " Consumer Detected: WriteDeadline of 10s exceeded")
        check("after that", server.says_to(), "PONG")

# Signals that do not end it.
with Server() as server:
    for line in server.process.stdout:
        if "Server is ready" in line:
            break
    for number, lines in (
        (signal.SIGHUP, ['[INF] Trapped "hangup" signal', "[ERR] Failed to reload server configuration: "
            "can only reload config when a file is provided using -c or --config"]),
        (signal.SIGUSR1, ['[INF] Trapped "user defined signal 1" signal', "[INF] File log re-open ignored, not a file logger"]),
    ):
        server.process.send_signal(number)
        found = ["[" + server.process.stdout.readline().strip().split(" [")[-1] for _ in lines]
        check(f"signal {number.value}", found, lines)
    check("after signals", server.says_to(), "PONG")

print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
