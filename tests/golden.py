#!/usr/bin/env python3
"""Plays the sessions of tests/golden in a terminal of 100 columns and compares what is seen, byte for byte.

    tests/golden.py server [NAME...]    the real nats against our server
    tests/golden.py cli    [NAME...]    our nats against the real nats-server
    tests/golden.py both   [NAME...]    our nats against our server
    tests/golden.py real   [NAME...]    the real nats against the real nats-server: are the sessions themselves right?
    tests/golden.py record FILE         play a new session with the real ones and write what is seen into FILE
NAME is the beginning of a session's path in tests/golden, such as kv-add or walkthrough/03. The last line is 'N passed, N failed'.
NATS_BIN and SERVER_BIN name our programs; by default they are the examples in target/debug. JOBS is how many play at once.

A session is plain text: `# ` comments at its top, then steps of the terminals A, B, ...
    A- COMMAND      run it; its output does not matter, it must succeed
    A$ COMMAND      run it; what it printed follows, up to the next step; `A? N` is its exit code where not 0
    A& COMMAND      start it and leave it running
    A^C             interrupt what runs in A; everything it printed since its start follows
    A. MS           wait that many milliseconds
    A%server ARGS   (re)start the server with these arguments; state in its folder is kept
    A< TEXT         what is typed at the prompts of the following command (\\n, \\r, \\t, \\x1b escapes)
The server runs with -js unless the session starts one itself. What changes from run to run is a placeholder: see RULES.
"""
import concurrent.futures, difflib, fcntl, os, pty, re, select, shutil, signal, socket, struct, subprocess, sys, tempfile
import termios, time

from common import ports

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SESSIONS = os.path.join(ROOT, "tests", "golden")
OUR_NATS = os.path.abspath(os.environ.get("NATS_BIN", os.path.join(ROOT, "target/debug/examples/nats")))
OUR_SERVER = os.path.abspath(os.environ.get("SERVER_BIN", os.path.join(ROOT, "target/debug/examples/server")))

RULES = [  # (pattern, placeholder), applied in order; tests/common/normalise.rs has the same
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\b", "{{time}}"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", "{{rfc3339}}"),
    (r"\b\d\d:\d\d:\d\d\b", "{{clock}}"),
    (r"\bN[A-Z2-7]{55}\b", "{{server_id}}"),
    (r"\b127\.0\.0\.1:\d{4,5}\b", "{{addr}}"),
    (r"\b(Client ID: |cid:)\d+", r"\1{{n}}"),
    (r"_INBOX\.[A-Za-z0-9.]+", "{{inbox}}"),
    (r"\b(nats-server|Server Version:|v?)\s?2\.15\.\d\b", r"\1 {{version}}"),
    (r"\b(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:ns|µs|ms|s)\b(?! ?(?:TTL|ttl))", "{{duration}}"),
]
CONFIGURED = re.compile(r"Maximum Age|Marker TTL|Max(?:imum)? |TTL|Duplicate|Ack Wait|Per-Key|Inactive")  # exact durations
STEP = re.compile(r"^([A-Z])([$&<-]|\^C|\.|%server)(?: (.*))?$")
QUIET = 0.5  # seconds without output after which a program has said what it had to say


def normalise(text):
    text = text.expandtabs()  # as a terminal shows them
    text = text.replace("\u00a0", " ")  # natscli's reports of differences have either blank, at random
    text = re.sub(r"(?s)^usage: nats .*?(Pass --help[^\n]*|\Z)", "{{usage}}", text, flags=re.M)
    lines = []
    for line in text.split("\n"):
        for pattern, placeholder in RULES:
            if not (placeholder == "{{duration}}" and CONFIGURED.search(line)):
                line = re.sub(pattern, placeholder, line)
        if "{{" in line:  # padding moves with what was replaced
            line = re.sub(r"(\}\}) +(│|$)", r"\1 \2", line)
        lines.append(line)
    return "\n".join(lines)


class Server:
    """The server of one session: a port and a folder that stay, a process that may be restarted."""

    def __init__(self, binary, port=0):
        self.binary, self.process = binary, None
        self.folder = tempfile.mkdtemp(prefix="golden-server-")
        self.log = tempfile.TemporaryFile()
        self.held = ports.reserve(port)
        self.port = ports.number(self.held)

    def start(self, args):
        self.stop()
        command = [self.binary, *args.split(), "-a", "127.0.0.1", "-p", str(self.port), "-sd", self.folder]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        end = time.time() + 15
        while time.time() < end and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as s:
                    s.settimeout(5)
                    if s.recv(4) == b"INFO":
                        return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("the server did not come up: " + " ".join(command) + self.last_words())

    def last_words(self):
        """How the server ended and the end of its log; nothing while it runs."""
        if self.process is None or self.process.poll() is None:
            return ""
        self.log.seek(0)
        return f"\nthe server ended with {self.process.poll()}:\n{self.log.read()[-2000:].decode('utf-8', 'replace')}"

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def clients(self):
        """How many connections to this server there are."""
        with open("/proc/net/tcp") as table:
            fields = [line.split() for line in table]
        return sum(f[2].endswith(f":{self.port:04X}") and f[3] == "01" for f in fields[1:])

    def close(self):
        self.stop()
        self.held.close()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Running:
    """One command line in a terminal of its own."""

    def __init__(self, command, home, port):
        self.output, self.code = b"", None
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 100, 0, 0))
            env = {"PATH": home + "/bin:" + os.environ["PATH"], "HOME": home, "XDG_CONFIG_HOME": home, "TZ": "UTC",
                   "LANG": "C.UTF-8", "TERM": "xterm-256color", "COLUMNS": "100", "NATS_URL": f"nats://127.0.0.1:{port}"}
            os.chdir(home)  # sessions may write files
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-c", command], env)

    def wait(self, seconds, quiet=None, ready=lambda: True):
        """Reads until the end (True), for some time, or until it is `ready` and then `quiet` for so long."""
        end, last = time.time() + seconds, time.time()
        while self.code is None and time.time() < end:
            if select.select([self.terminal], [], [], 0.05)[0]:
                try:
                    data = os.read(self.terminal, 65536)
                except OSError:
                    data = b""
                if not data:
                    code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                    self.code = code if code >= 0 else 128 - code  # as a shell says it
                    os.close(self.terminal)
                    return True
                self.output += data
                for _ in range(data.count(b"\x1b[6n")):  # a prompt asks where the cursor is
                    os.write(self.terminal, b"\x1b[1;40R")
                last = time.time()
            elif not ready():
                last = time.time()
            elif quiet and time.time() - last > quiet:
                break
        return self.code is not None

    def type(self, text):
        """Types each answer when the program has asked for it."""
        answered = 0
        for answer in re.findall(r"(?s).*?\r|.+", text.encode().decode("unicode_escape")):
            self.wait(2 if answered else 10, QUIET, lambda: len(self.output) > answered)
            answered = len(self.output)
            if self.code is None:
                os.write(self.terminal, answer.encode())

    def interrupt(self):
        if self.code is None:
            os.write(self.terminal, b"\x03")
            if not self.wait(3):
                os.killpg(self.pid, signal.SIGKILL)  # pty.fork has made it a group
                self.wait(3)

    def text(self):
        text = self.output.decode("utf-8", "replace").replace("\r\n", "\n").replace("^C", "")
        text = re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[78])|\x08", "", text)
        # A prompt redrawn with its answer.
        text = re.sub(r"(?m)^\? .*(?: \(y/N\) .*\n|\[Use arrows.*\n(?:[> ] .*\n)+)(?=\? )", "", text.replace("\r", ""))
        return text[:-1] if text.endswith("\n") else text


def outcomes(session, server_binary, nats_binary, port=0, patience=20):
    """Plays a session; the line of each step, and what was seen from there to the next."""
    server, home = Server(server_binary, port), tempfile.mkdtemp(prefix="golden-home-")
    os.mkdir(home + "/bin")
    os.symlink(nats_binary, home + "/bin/nats")
    seen, running, typed = [], {}, {}
    try:
        steps = [(line, STEP.match(line)) for line in session.split("\n") if STEP.match(line)]
        if steps and steps[0][1].group(2) != "%server":
            server.start("-js")
        for line, step in steps:
            who, kind, arg = step.group(1), step.group(2), step.group(3) or ""
            texts = []
            seen.append((line, texts))
            if kind == "%server":
                server.start(arg)
            elif kind == ".":
                time.sleep(int(arg) / 1000)
            elif kind == "<":
                typed[who] = arg
            elif kind in "$-":
                command = Running(arg, home, server.port)
                if who in typed:
                    command.type(typed.pop(who))
                if not command.wait(patience):
                    command.interrupt()
                if kind == "-" and command.code:
                    texts.append(f"(exit code {command.code})\n{command.text()}")
                if kind == "$" and command.text():
                    texts.append(normalise(command.text()))
                if kind == "$" and command.code:
                    texts.append(f"{who}? {command.code}")
            elif kind == "&":
                if who in running:
                    running[who].interrupt()
                before = server.clients()
                running[who] = Running(arg, home, server.port)
                running[who].wait(10, QUIET, lambda: server.clients() > before)
            elif kind == "^C":
                command = running.pop(who)
                command.wait(3, QUIET)
                command.interrupt()
                if command.text():
                    texts.append(normalise(command.text()))
    except Exception as error:
        seen.append((f"({type(error).__name__}: {error})", []))
    finally:
        for command in running.values():
            command.interrupt()
        if words := server.last_words():
            seen[-1][1].append(words)
        server.close()
        shutil.rmtree(home, ignore_errors=True)
    return [(line, "\n".join(texts)) for line, texts in seen]


def play(session, server_binary, nats_binary):
    """Plays a session; what was seen, in the form of a session."""
    comments = [line for line in session.split("\n") if line.startswith("# ")]
    seen = [part for outcome in outcomes(session, server_binary, nats_binary) for part in outcome if part]
    return "\n".join(comments + seen) + "\n"


HEADERS = re.compile(r"(?:^\{\{clock\}\} [\w-]+: .*\n){2,}", re.M)


def headers_sorted(text):
    """The real nats prints the headers of a reply in the order of a Go map: any."""
    return HEADERS.sub(lambda run: "".join(sorted(run[0].splitlines(True))), text)


def real(name):
    return shutil.which(name) or sys.exit(f"{name} is not on PATH")


def main():
    modes = ("server", "cli", "both", "real", "record")
    if len(sys.argv) < 2 or sys.argv[1] not in modes:
        sys.exit(__doc__)
    mode, names = sys.argv[1], sys.argv[2:]
    server = OUR_SERVER if mode in ("server", "both") else real("nats-server")
    nats = OUR_NATS if mode in ("cli", "both") else real("nats")
    if missing := [path for path in (server, nats) if not os.path.exists(path)]:
        sys.exit(f"{missing[0]} is not there: cargo build --no-default-features --examples")
    if mode == "record":
        session = open(names[0]).read()
        return open(names[0], "w").write(play(session, server, nats))

    found = sorted(os.path.relpath(os.path.join(folder, f), SESSIONS)
                   for folder, _, files in os.walk(SESSIONS) for f in files if f.endswith(".txt"))
    chosen = [path for path in found if not names or path.startswith(tuple(names))]
    wanted = {path: open(os.path.join(SESSIONS, path)).read() for path in chosen}
    order = headers_sorted if nats != OUR_NATS else str
    passed = 0
    with concurrent.futures.ProcessPoolExecutor(int(os.environ.get("JOBS", "4"))) as pool:
        plays = {path: pool.submit(play, wanted[path], server, nats) for path in chosen}
        plays = {path: plays[path].result() for path in chosen}
    for path, seen in plays.items():
        differs = lambda seen: order(seen) != order(wanted[path])
        if differs(seen) and re.search(r"(?m)^[A-Z]\. \d|--timeout \d+ms", wanted[path]):
            # It measures time, and the machine was busy: once more, alone. Two real ones part under load, too, where the
            # client's time and the server's for a pull run out together.
            seen = play(wanted[path], server, nats)
        passed += not differs(seen)
        if differs(seen):
            diff = difflib.unified_diff(wanted[path].splitlines(True), seen.splitlines(True), path, "seen", n=2)
            print("".join(diff), flush=True)
    print(f"{passed} passed, {len(chosen) - passed} failed")
    sys.exit(passed < len(chosen))


if __name__ == "__main__":
    main()
