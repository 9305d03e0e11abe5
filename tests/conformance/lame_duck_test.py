#!/usr/bin/env python3
"""Lame duck mode (SIGUSR2), with plain sockets: who is told, who goes when, what the log says, how it ends."""
import json, os, signal, socket, subprocess, tempfile, threading, time

CONNECT = b'CONNECT {"verbose":false,"headers":true,"no_responders":true,"protocol":%d}\r\n'
USR2, TERM, INT = (f'[INF] Trapped "{name}" signal' for name in ("user defined signal 2", "terminated", "interrupt"))
ENTER = [USR2, "[INF] Entering lame duck mode, stop accepting new clients",
         "[INF] Initiating JetStream Shutdown...", "[INF] JetStream Shutdown"]
LEAVE = ["[INF] Initiating Shutdown...", "[INF] Server Exiting.."]


class Server:
    def __init__(self, folder):
        command = [os.environ["SERVER_BIN"], "-js", "-sd", folder, "-a", "127.0.0.1", "-p", "-1"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if "Listening for client connections on " in line:
                self.port = int(line.rpartition(":")[2])
            if "Server is ready" in line:
                break

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def client(self, protocol=1, more=b"PING\r\n"):
        s = socket.create_connection(("127.0.0.1", self.port), 30)
        lines = s.makefile("rb")
        lines.readline()
        s.sendall(CONNECT % protocol + more)
        if more:
            assert lines.readline() == b"PONG\r\n"
            if protocol:
                assert b"connect_info" in lines.readline()
        return s, lines

    def signal(self, number):
        self.process.send_signal(number)

    def line(self):
        return "[" + self.process.stdout.readline().strip().split(" [")[-1]

    def logs(self, *lines):
        """Waits for these lines."""
        found = [self.line() for _ in lines]
        check("log", found, list(lines))

    def ends(self):
        check("exit code", self.process.wait(10), 0)


results = []


def check(what, found, wanted):
    results.append(found == wanted)
    print(f"{what}: {found}" + ("" if found == wanted else f", not {wanted}"), flush=True)


def ask(client, subject, payload=b""):
    """The first thing that is said to a request; the answer to a PING if nothing is."""
    s, lines = client
    s.sendall(b"PUB %s r %d\r\n%s\r\nPING\r\n" % (subject, len(payload), payload))
    found = b""
    while (line := lines.readline()) and line != b"PONG\r\n":
        if line != b"PING\r\n":
            found += line
        else:
            s.sendall(b"PONG\r\n")
    return found


# With nobody there it ends at once.
with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
    server.signal(signal.SIGUSR2)
    server.logs(*ENTER, *LEAVE)
    server.ends()

kept = tempfile.TemporaryDirectory()
with Server(kept.name) as server:
    told, old, silent = server.client(), server.client(protocol=0), server.client(more=b"")
    stream = b'{"name":"S","subjects":["s"]}'
    told[0].sendall(b"SUB r 1\r\nPUB $JS.API.STREAM.CREATE.S r %d\r\n%s\r\n" % (len(stream), stream))
    check("stream", told[1].readline()[:7], b"MSG r 1")
    check("created", b'"created"' in told[1].readline(), True)
    told[0].sendall(b"PUB s r 1\r\nx\r\n")
    check("stored", (told[1].readline(), told[1].readline()), (b"MSG r 1 22\r\n", b'{"stream":"S","seq":1}\r\n'))
    begin = time.monotonic()
    server.signal(signal.SIGUSR2)
    server.logs(*ENTER)
    info = json.loads(told[1].readline().removeprefix(b"INFO "))
    check("INFO", list(info), ["server_id", "server_name", "version", "proto", "go", "host", "port", "headers", "max_payload",
                               "jetstream", "client_id", "client_ip", "ldm", "api_lvl", "xkey"])
    check("ldm", info["ldm"], True)
    try:
        socket.create_connection(("127.0.0.1", server.port), 5).close()
        accepts = True
    except ConnectionRefusedError:
        accepts = False
    check("accepts", accepts, False)
    for subject in b"$JS.API.INFO", b"$JS.API.STREAM.INFO.S", b"$JS.API.STREAM.CREATE.T", b"$SYS.REQ.USER.INFO", b"$SYS.REQ.ACCOUNT.PING.STATZ":
        check(subject.decode(), ask(told, subject), b"")
    for subject in b"s", b"$JS.API.DIRECT.GET.S", b"$JS.API.CONSUMER.MSG.NEXT.S.C", b"$JS.ACK.S.C.1.1.1.1.1":
        check(subject.decode(), b"NATS/1.0 503\r\n" in ask(told, subject), True)
    check("among clients", ask(told, b"r", b"x"), b"MSG r 1 r 1\r\nx\r\n")
    silent[0].sendall(b"PING\r\n")
    while (line := silent[1].readline()) == b"PING\r\n":
        pass
    check("PONG", line, b"PONG\r\n")
    late = silent[1].readline()
    check("a late INFO", (b"connect_info" in late, b"ldm" in late), (True, False))
    server.signal(signal.SIGUSR2)
    server.logs(USR2)
    server.signal(signal.SIGTERM)
    server.logs(TERM)
    gone = []

    def wait_for_end(lines):
        rest = lines.read().replace(b"PING\r\n", b"")
        gone.append((time.monotonic() - begin, rest))

    threads = [threading.Thread(target=wait_for_end, args=(client[1],)) for client in (told, old, silent)]
    for thread in threads:
        thread.start()
    server.logs("[INF] Closing existing clients", *LEAVE)
    server.ends()
    for thread in threads:
        thread.join()
    check("last words", {rest for _, rest in gone}, {b""})
    times = sorted(at for at, _ in gone)
    check("the first goes after 10 s", 9.9 < times[0] < 14, True)
    check("the others after half a second to one", [0.4 < after - before < 4 for before, after in zip(times, times[1:])], [True] * 2)

# What was stored is there again.
with kept, Server(kept.name) as server:
    client = server.client(more=b"PING\r\n")
    client[0].sendall(b"SUB r 1\r\nPUB $JS.API.STREAM.INFO.S r 0\r\n\r\n")
    check("stream", client[1].readline()[:7], b"MSG r 1")
    check("kept", b'"messages":1,' in client[1].readline(), True)
    client[0].close()

# SIGINT does not wait.
with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
    client = server.client()
    server.signal(signal.SIGUSR2)
    server.logs(*ENTER)
    check("INFO", client[1].readline()[:4], b"INFO")
    server.signal(signal.SIGINT)
    server.logs(INT, *LEAVE)
    server.ends()
    check("nothing more", client[1].read(), b"")

print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
