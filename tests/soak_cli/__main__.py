"""Plays random sessions of command lines with the real programs and with ours, and prints where what is seen parts.

    make soak-cli [SECONDS=600] [SEED=N]    one session after the other from SEED on, which is random unless given

A difference is printed with its seed, the shortest session found that shows it, and what changes in the output of its last
command (- real, + ours). The session has the form of tests/golden: `tests/golden.py record` makes a test of it.
The last line is 'N sessions, N commands, N differences, N noisy'; noisy are sessions whose differences are also there between
two plays of the real programs, or gone in another play. Ends with 1 where there are differences, with 2 where it cannot run.
NATS_BIN and SERVER_BIN name our programs; by default they are the examples in target/release.
"""
import os, random, sys, time

import golden
from soak_cli import compare, sessions, shrink, side, table

PAUSE = "A. 500"  # what is gone after it is a matter of time, such as when a mirror begins to read
MOST = 3  # differences that are looked at in one session: the first often brings forth others


def ours(variable, example):
    return os.path.abspath(os.environ.get(variable, os.path.join(golden.ROOT, "target/release/examples", example)))


class Hunt:
    def __init__(self):
        self.real = golden.real("nats-server"), golden.real("nats")
        self.ours = ours("SERVER_BIN", "server"), ours("NATS_BIN", "nats")
        self.sides = side.Side(), side.Side()
        self.kinds, self.noisy = set(), 0

    def play(self, steps, *programs):
        """What each of two pairs of programs shows."""
        for one, pair in zip(self.sides, programs):
            one.start(steps, pair)
        return [one.outcomes() for one in self.sides]

    def differing(self, steps):
        """The outcomes that differ, real and ours, each with the number of its step; those of a kind once."""
        real, ours = self.play(steps, self.real, self.ours)
        if not any(map(compare.differ, real, ours)):
            return []
        real_too, real_again = self.play(steps, self.real, self.real)
        steady = 0  # how many steps show the same each time
        for step in zip(real, real_too, real_again):
            if compare.differ(*step[:2]) or compare.differ(*step[1:]):
                break
            steady += 1
        found = {}
        for at, pair in enumerate(zip(real[:steady], ours)):
            if compare.differ(*pair):
                found.setdefault(compare.kind(*pair), (at, pair))
        self.noisy += not found
        return [(kind, *where) for kind, where in found.items() if kind not in self.kinds][:MOST]

    def last_differs(self, steps):
        real, ours = self.play(steps, self.real, self.ours)
        return compare.differ(real[-1], ours[-1]) and (real[-1], ours[-1])

    def session(self, seed, steps):
        for kind, at, pair in self.differing(steps):
            until = [*steps[:at], PAUSE, steps[at]]
            if not self.last_differs(until):
                self.noisy += 1
                continue
            self.kinds.add(kind)
            shortest = shrink.shrunk(until, self.last_differs)
            changes = compare.changes(*(self.last_differs(shortest) or pair))
            print(f"=== SEED={seed}", *shortest, *changes, "", sep="\n", flush=True)

    def close(self):
        for one in self.sides:
            one.close()


def main():
    if reason := side.why_not():
        print(f"soak-cli: cannot make a network of its own for each side: {reason}")
        return 2
    seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
    seconds = float(os.environ.get("SECONDS") or 600)
    print(f"SEED={seed}", flush=True)
    commands, hunt, played, lines = table.load(), Hunt(), 0, 0
    end = time.time() + seconds
    try:
        while time.time() < end:
            steps = sessions.session(seed + played, commands)
            hunt.session(seed + played, steps)
            played, lines = played + 1, lines + sum("nats " in step for step in steps)
    finally:
        hunt.close()
    print(f"{played} sessions, {lines} commands, {len(hunt.kinds)} differences, {hunt.noisy} noisy")
    return len(hunt.kinds) > 0


sys.exit(main())
