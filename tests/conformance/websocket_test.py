#!/usr/bin/env python3
"""The WebSocket door, byte by byte: handshakes and how they are refused, frames, closing."""
import os, socket, struct, subprocess, tempfile

HEADERS = {"Host": "h", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
           "Sec-WebSocket-Version": "13"}
ACCEPT = "ICX+Yqv66kxgM0FcWaLWlFLwTAI="
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
results = []


def check(what, found, wanted):
    results.append(found == wanted)
    shown = str(found)[:200]
    print(f"{what}: {shown}" + ("" if found == wanted else f", not {str(wanted)[:200]}"), flush=True)


class Server:
    def __init__(self, host="127.0.0.1"):
        self.folder = tempfile.TemporaryDirectory()
        command = [os.environ["SERVER_BIN"], "-a", host, "-p", "-1"]
        if os.environ["SERVER"] == "ours":
            command += ["--ws_port", "-1"]
        else:
            config = os.path.join(self.folder.name, "server.conf")
            with open(config, "w") as f:
                f.write(f'websocket {{ host: "{host}", port: -1, no_tls: true }}\n')
            command += ["-c", config]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if "Listening for websocket clients on " in line:
                self.url, _, port = line.strip().rpartition(" ")[2].rpartition(":")
                self.port = int(port)
            if "Server is ready" in line:
                break

    def logs(self, text):
        """The next line about this, behind the text."""
        for line in self.process.stdout:
            if text in line:
                return line.strip().partition(text)[2]


class Client:
    """A socket, and the head of the answer to a request with these headers (None: without) on it."""

    def __init__(self, server, line="GET / HTTP/1.1", more=b"", **changes):
        headers = HEADERS | {name.replace("_", "-"): value for name, value in changes.items()}
        request = line + "\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items() if v is not None) + "\r\n"
        self.socket = socket.create_connection(("127.0.0.1", server.port), 20)
        self.lines = self.socket.makefile("rb")
        self.socket.sendall(request.encode() + more)
        self.status = self.lines.readline().decode().strip()
        self.headers = {}
        while (line := self.lines.readline().decode().strip()):
            name, _, value = line.partition(": ")
            self.headers[name] = value

    def frame(self):
        """The next one: its first byte, and its payload; None at the end."""
        start = self.lines.read(2)
        if len(start) < 2:
            return None
        length = start[1]
        if length > 125:
            length = int.from_bytes(self.lines.read(2 if length == 126 else 8), "big")
        return start[0], self.lines.read(length)

    def until(self, end):
        """Payloads of frames until they end like this, and the longest frame."""
        found, longest = b"", 0
        while not found.endswith(end):
            _, payload = self.frame()
            found, longest = found + payload, max(longest, len(payload))
        return found, longest

    def send(self, *frames):
        self.socket.sendall(b"".join(frames))


def frame(code, payload=b"", final=True, reserved=0, masked=True):
    size, mask = len(payload), 0x80 if masked else 0
    head = bytes([(0x80 if final else 0) | reserved << 4 | code])
    if size < 126:
        head += bytes([mask | size])
    elif size < 1 << 16:
        head += bytes([mask | 126]) + struct.pack(">H", size)
    else:
        head += bytes([mask | 127]) + struct.pack(">Q", size)
    return head + (b"\0\0\0\0" if masked else b"") + payload


def opened(server, **changes):
    """A client that has its INFO, wants no +OK and hears `a`."""
    client = Client(server, **changes)
    assert client.frame()[1].startswith(b"INFO ")
    client.send(frame(BINARY, b'CONNECT {"verbose":false}\r\nSUB a 1\r\nPING\r\n', masked="Nats_No_Masking" not in changes))
    client.until(b"PONG\r\n")
    return client


# The address in the log has no brackets around IPv6; the one for plain sockets does.
hosts = ["0.0.0.0", "localhost"]
try:
    socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    hosts.append("::1")
except OSError:
    pass
for host in hosts:
    server = Server(host)
    check(f"-a {host}", server.url, f"ws://{host}")
    server.process.kill()
    server.process.wait()

server = Server()

# Handshakes.
GRANTED = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": ACCEPT}
for changes, more in (
    ({}, {}),
    ({"Upgrade": "WebSocket", "Connection": "keep-alive, upgrade"}, {}),
    ({"Upgrade": "h2c, websocket", "Sec_WebSocket_Version": "8, 13"}, {}),
    ({"Origin": "http://elsewhere", "Sec_WebSocket_Protocol": "chat"}, {}),
    ({"Sec_WebSocket_Extensions": "permessage-deflate; client_max_window_bits"}, {}),
    ({"line": "GET /any/path?x=1 HTTP/1.1"}, {}),
    ({"Nats_No_Masking": "true"}, {"Nats-No-Masking": "true"}),
):
    client = Client(server, **changes)
    check(f"granted {changes}", (client.status, client.headers), ("HTTP/1.1 101 Switching Protocols", GRANTED | more))
    check("INFO", client.frame()[1][:5], b"INFO ")

# Whether somebody who was refused may ask again on the same connection is not looked at.
for changes, status, why in (
    ({"line": "POST / HTTP/1.1"}, "405 Method Not Allowed", "request method must be GET"),
    ({"line": "GET /mqtt HTTP/1.1"}, "404 Not Found", "mqtt websocket endpoint not enabled"),
    ({"Host": ""}, "400 Bad Request", "'Host' missing in request"),
    ({"Upgrade": None, "Connection": None}, "400 Bad Request", "invalid value for header 'Upgrade'"),
    ({"Upgrade": "websockets"}, "400 Bad Request", "invalid value for header 'Upgrade'"),
    ({"Connection": "close"}, "400 Bad Request", "invalid value for header 'Connection'"),
    ({"Sec-WebSocket-Key": None}, "400 Bad Request", "key missing"),
    ({"Sec-WebSocket-Key": "AAAA"}, "400 Bad Request", "invalid websocket key"),
    ({"Sec-WebSocket-Key": "A" * 24}, "400 Bad Request", "invalid websocket key"),
    ({"Sec-WebSocket-Version": None}, "400 Bad Request", "invalid version"),
    ({"Sec-WebSocket-Version": "8"}, "400 Bad Request", "invalid version"),
):
    client = Client(server, **changes)
    body = status[4:] + "\n"
    client.headers.pop("Connection", None)
    date = client.headers.pop("Date", "")
    wanted = {"Content-Type": "text/plain; charset=utf-8", "Sec-Websocket-Version": "13", "X-Content-Type-Options": "nosniff",
              "Content-Length": str(len(body))}
    check(f"refused {changes}", (client.status, client.headers), ("HTTP/1.1 " + status, wanted))
    check("body", (client.lines.read(len(body)).decode(), len(date)), (body, 29))
    check("log", server.logs(" - websocket handshake error: "), why)

for changes, status in (
    ({"line": "CONNECT {}"}, "400 Bad Request"),
    ({"Host": None}, "400 Bad Request: missing required Host header"),
):
    client = Client(server, **changes)
    found = client.status, client.headers, client.lines.read().decode()
    wanted = {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"}
    check(f"no request {status}", found, ("HTTP/1.1 " + status, wanted, status))

client = Client(server, more=frame(BINARY, b"PING\r\n"))
check("sent too early", client.status, "")
check("log", server.logs(" - websocket handshake error: "), "client sent data before handshake is complete")
client = Client(server, line="GET /leafnode HTTP/1.1")
check("leaf node", (client.status, client.lines.read()), ("HTTP/1.1 101 Switching Protocols", b""))
check("log", server.logs("[ERR] "), "Not configured to accept leaf node connections")

# Frames that are fine.
for what, sent, answer in (
    ("ping", [frame(PING, b"hi")], [(0x8A, b"hi")]),
    ("two pings", [frame(PING, b"hi"), frame(PING, b"x" * 125)], [(0x8A, b"hi"), (0x8A, b"x" * 125)]),
    ("pong", [frame(PONG, b"hi"), frame(PING)], [(0x8A, b"")]),
    ("text", [frame(TEXT, b"PING\r\n")], [(0x82, b"PONG\r\n")]),
    ("empty", [frame(BINARY), frame(BINARY, b"PING\r\n")], [(0x82, b"PONG\r\n")]),
    ("parts", [frame(BINARY, b"PI", final=False), frame(PING, b"x"), frame(CONTINUATION, b"NG\r\n")], [(0x8A, b"x"), (0x82, b"PONG\r\n")]),
    ("borders", [frame(BINARY, b"PUB a 2"), frame(BINARY, b"\r\nx"), frame(BINARY, b"y\r\n")], [(0x82, b"MSG a 1 2\r\nxy\r\n")]),
):
    client = opened(server)
    client.send(*sent)
    check(what, [client.frame() for _ in answer], answer)
client = opened(server, Nats_No_Masking="true")
client.send(frame(BINARY, b"PUB a 1\r\nx\r\n", masked=False))
check("not masked", client.frame(), (0x82, b"MSG a 1 1\r\nx\r\n"))

# What is long goes to browsers in short frames.
for agent, short in ("Mozilla/5.0 (X11)", True), ("curl/8", False), (None, False):
    client = opened(server, User_Agent=agent)
    client.send(frame(BINARY, b"PUB a 20000\r\n" + b"x" * 20000 + b"\r\n"))
    found, longest = client.until(b"x\r\n")
    check(f"for {agent}", (found, longest <= 4096), (b"MSG a 1 20000\r\n" + b"x" * 20000 + b"\r\n", short))
many = b"".join(b"PUB b 1000000\r\n" + b"x" * 1000000 + b"\r\n" for _ in range(40))
parts = [frame(CONTINUATION, many[i:i + 131072], final=False) for i in range(0, len(many), 131072)]
for what, sent in ("one frame of 40 MB", [frame(BINARY, many)]), ("parts of 40 MB", [frame(BINARY, final=False), *parts, frame(CONTINUATION)]):
    client = opened(server)
    client.send(*sent, frame(BINARY, b"PUB a 1\r\nx\r\n"))
    check(what, client.until(b"x\r\n")[0].replace(b"PING\r\n", b""), b"MSG a 1 1\r\nx\r\n")

# Frames that are broken. nats-server means to close with the status and reason, but mostly the connection ends before.
for what, sent, why in (
    ("not masked", [frame(BINARY, b"PING\r\n", masked=False)], "mask bit missing"),
    ("reserved bit", [frame(BINARY, b"PING\r\n", reserved=2)], "RSV2 and RSV3 must be clear"),
    ("long ping", [frame(PING, b"x" * 126)], "control frame length bigger than maximum allowed of 125 bytes"),
    ("part of a ping", [frame(PING, b"x", final=False)], "control frame does not have final bit set"),
    ("code 3", [frame(3, b"x")], "unknown opcode 3"),
    ("code 11", [frame(11, b"x")], "unknown opcode 11"),
    ("nothing to continue", [frame(CONTINUATION, b"x")], "invalid continuation frame"),
    ("not continued", [frame(BINARY, b"PI", final=False), frame(BINARY, b"NG\r\n")],
     "new message started before final frame for previous message was received"),
    ("short close", [frame(CLOSE, b"x")], "close frame payload cannot be 1 byte"),
):
    client = opened(server)
    client.send(*sent)
    last = client.frame()
    reason = (0x88, struct.pack(">H", 1002) + why.encode())
    check(what, (last in (None, reason), client.frame()), (True, None))
    check("log", server.logs(" - read error: "), why)

# Closing.
for sent in b"", struct.pack(">H", 1000) + b"bye", struct.pack(">H", 1012), struct.pack(">H", 4000) + b"x":
    client = opened(server)
    client.send(frame(BINARY, b"PING\r\n"), frame(CLOSE, sent), frame(BINARY, b"PING\r\n"))
    check(f"close {sent}", [client.frame() for _ in range(3)], [(0x82, b"PONG\r\n"), (0x88, sent), None])
client = opened(server)
client.send(frame(BINARY, b"PUB a 2000000\r\n"))
check("too much", [client.frame() for _ in range(3)],
      [(0x82, b"-ERR 'Maximum Payload Violation'\r\n"), (0x88, struct.pack(">H", 1009) + b"Maximum Message Payload Exceeded"), None])
client = opened(server)
server.process.terminate()
check("shutdown", [client.frame() for _ in range(2)], [(0x88, struct.pack(">H", 1001) + b"Server Shutdown"), None])
check("exit code", server.process.wait(10), 0)

print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
