"""Random sessions, in the form of tests/golden: what is there first, then command lines that meet it.

A seed is one session, always the same. Must not know what is compared, nor how.
"""
import os, random

from soak_cli import configs, lines

FIRST = [
    "nats stream add S1 --subjects 's.>' --defaults",
    "nats kv add B1 --history 5",
    "nats stream add S2 --subjects 't.>' --defaults --storage memory",
    "nats kv add B2 --mirror B1",
    "nats consumer add S1 C1 --pull --defaults",
    "nats pub s.1 'm{{Count}}' --count 5 -q",
    "nats context add ctx1 --server 127.0.0.1:4222 --description one --select",
]
ENVIRONMENT = ["COLUMNS=40", "COLUMNS=160", "COLUMNS=300", "NATS_COLOR=red", "NATS_COLOR=rounded", "NO_COLOR=1",
               "NATS_CONTEXT=ctx1", "NATS_CONTEXT=nosuch", "NATS_TIMEOUT=1s", "NATS_TIMEOUT=abc", "NATS_URL=localhost",
               "NATS_URL=", "TZ=Europe/Berlin", "XDG_CONFIG_HOME=other"]
INPUTS = ["in", "", "a\nb", "{{Count}}", "ü"]
ANSWERS = [r"\r"] * 10 + [r"y\r", r"n\r", r"x\r", r"\t\r", r"\x1b[B\r", r"1\r", r"1h\r", r"-1\r", r"S1\r", r"s.>\r"]
LISTENERS = ["kv watch", "subscribe", "reply", "consumer sub"]
WRITERS = ["kv put", "publish", "request", "kv del", "kv create", "kv purge"]
READ_INPUT = ("nats pub", "nats req", "nats kv put", "nats kv create", "nats kv update")
ASKING = ["stream add", "stream add", "consumer add", "consumer add", "stream rm", "stream purge", "stream rmm", "stream seal",
          "stream edit", "stream info", "stream state", "consumer rm", "consumer info", "consumer edit", "consumer next",
          "kv del", "kv purge", "kv revert", "kv compact", "context rm", "context select"]
# What the commands have written.
FILES = "A$ find . -name bin -prune -o -type f -print0 | sort -z | xargs -0 tail -v -n +1"


class Session:
    def __init__(self, seed, commands):
        self.rng = random.Random(seed)
        self.oddness = self.rng.choice([0.01, 0.03, 0.08, 0.2])
        self.lines = lines.Lines(self.rng, commands, self.oddness, self.rng.choice([1, 1, 2, 3, 5]))
        self.steps = [f"A$ {line} </dev/null" for line in FIRST if self.rng.random() < 0.8]
        for _ in range(self.rng.choice([10, 15, 20])):
            self.rng.choices([self.plain, self.asked, self.listening], [20, 1, 2])[0]()
        self.steps.append(FILES)

    def add(self, prefix, line, ending=""):
        """A step, and before it the files it reads."""
        for name, path in configs.FILES.items():
            if name in line and self.rng.random() < 0.5:
                text = lines.quoted(configs.text(self.rng, name, self.oddness))
                folder = f"mkdir -p {os.path.dirname(path)} && " if "/" in path else ""
                self.steps.append(f"A- {folder}echo {text} > {path}")
        if self.rng.random() < 0.05:
            line = self.rng.choice(ENVIRONMENT) + " " + line
        self.steps.append(f"{prefix} {line}{ending}")

    def plain(self):
        """A command that finds no terminal where it reads, now and then none where it writes."""
        line = self.lines.line()
        if line.startswith(READ_INPUT) and self.rng.random() < 0.25:
            ending = " <<< " + lines.quoted(self.rng.choice(INPUTS))
        else:
            ending = " </dev/null"
        self.add("A$", line, ending + (" | cat" if self.rng.random() < 0.15 else ""))

    def asked(self):
        """A command that asks something in a terminal, and what is typed there."""
        path = self.rng.choice(ASKING)
        line = self.lines.line(path).replace(" --force", "").replace(" --defaults", "")
        answers = self.rng.choice([1, 1, 2, 3]) if not path.endswith(" add") else 25
        self.steps.append("A< " + "".join(self.rng.choice(ANSWERS) for _ in range(answers)))
        self.add("A$", line)

    def listening(self):
        """A command that listens while others write."""
        self.add("B&", self.lines.line(self.rng.choice(LISTENERS)))
        for _ in range(self.rng.choice([1, 2, 3])):
            self.add("A$", self.lines.line(self.rng.choice(WRITERS)), " </dev/null")
        self.steps.append("B^C")


def session(seed, commands):
    """The steps of a session."""
    return Session(seed, commands).steps
