"""Random sessions, in the form of tests/golden: what is there first, then command lines that meet it.

A seed is one session, always the same. Must not know what is compared, nor how.
"""
import os, random

from soak_cli import configs, lines, plumbing, prompts, terminals

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
READ_INPUT = ("nats pub", "nats req", "nats kv put", "nats kv create", "nats kv update")
# What the commands have written.
FILES = "A$ find . -name bin -prune -o -type f -print0 | sort -z | xargs -0 tail -v -n +1"


class Session:
    def __init__(self, seed, commands):
        self.rng = random.Random(seed)
        self.oddness = self.rng.choice([0.01, 0.03, 0.08, 0.2])
        self.lines = lines.Lines(self.rng, commands, self.oddness, self.rng.choice([1, 1, 2, 3, 5]))
        self.steps = [f"A$ {line} </dev/null" for line in FIRST if self.rng.random() < 0.8]
        kinds, weights = zip(*KINDS.items())
        weights = [weight * self.rng.choice([0, 1, 1, 10]) for weight in weights]  # a session is mostly about something
        for _ in range(self.rng.choice([10, 15, 20]) if any(weights) else 0):
            self.rng.choices(kinds, weights)[0](self)
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


KINDS = {Session.plain: 20, prompts.asked: 2, plumbing.plumbed: 2, terminals.listening: 2}


def session(seed, commands):
    """The steps of a session."""
    return Session(seed, commands).steps
