#!/usr/bin/env python3
"""Which addresses `-a` opens, what clients are told of theirs and what the log says: with plain sockets."""
import json, os, socket, subprocess

V4, V6 = "127.0.0.1", "::1"
PREFIX = "Listening for client connections on "


def seen_from(address, port):
    """The address a server sees a client of the same machine at, None where it does not listen."""
    try:
        with socket.create_connection((address, port), 5) as s:
            return json.loads(s.makefile("rb").readline().removeprefix(b"INFO "))["client_ip"]
    except ConnectionRefusedError:
        return None


def check(host, shown, doors):
    command = [os.environ["SERVER_BIN"], "-a", host, "-p", "-1"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        line = next((line for line in server.stdout if PREFIX in line), "no line")
        listening = line.strip().split(PREFIX)[-1]
        port = int(listening.rpartition(":")[2])
        found = listening.removesuffix(f":{port}"), {door for door in (V4, V6) if seen_from(door, port) == door}
    finally:
        server.kill()
        server.wait()
    print(f"-a {host}: {found}" + ("" if found == (shown, doors) else f", not {(shown, doors)}"))
    return found == (shown, doors)


try:
    socket.create_server((V6, 0), family=socket.AF_INET6).close()
    both = {V4, V6}
except OSError:
    both = {V4}
results = [check("127.0.0.1", "127.0.0.1", {V4}), check("0.0.0.0", "0.0.0.0", both)]
if V6 in both:
    results += [check("::", "[::]", both), check("::1", "[::1]", {V6})]
print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
