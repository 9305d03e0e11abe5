"""Random steps of what bash does with commands: pipes into them and out of them, substitutions, conditions, loops, files.

Must not know what a command prints, nor whether it succeeds.
"""
import re

from soak_cli import lines

WRITES = ["kv put", "kv put", "kv create", "kv update", "publish", "request"]
READS = ["kv get", "kv get", "kv get", "kv ls", "kv history", "kv info", "stream info", "stream ls", "stream get",
         "stream subjects", "consumer ls", "consumer next", "server check kv"]
ENDLESS = ["kv watch", "kv watch", "subscribe", "reply"]
# %W writes, %R reads, %G gets a value, %E does not end, %N is any.
INPUT = ["echo x | %W", "printf 'a\\nb\\n' | %W", "printf '' | %W", "%W < nosuch", "%W <<< 'in put'", "echo in > f; %W < f",
         "head -c 70000 /dev/zero | tr '\\0' x | %W", "printf 'a\\0b\\xff' | %W", "echo y | %N", "yes | %N", "echo x | %W -",
         "nats kv put B1 k1 < /dev/null", "{ echo 1; sleep 0.2; echo 2; } | %W", "%R | %W", "%R | %W && %R"]
OUTPUT = ["%G | tr a-z A-Z", "%G | cat -A", "%R | head -1", "%R > out; cat out", "%R 2> err; cat err",
          "%R >> out 2>&1; cat out", "%R 2>&1 | sed s/nats/NATS/", "%N > /dev/full", "%N >&-; echo $?", "%N 2>&-; echo $?",
          "timeout 2 %E | head -2", "timeout -s INT 2 %E; echo $?", "timeout 2 %E; echo $?", "%R | false; echo ${PIPESTATUS[@]}"]
CODES = ["%N && echo yes || echo no", "%N; echo \"code $?\"", "if %N; then echo then; else echo else; fi", "! %N; echo $?",
         "set -e; %N; echo on", "%N || %N || echo neither", "%N && %W; echo $?", "until %N; do break; done"]
WORDS = ["v=$(%G); echo \"$v\"", "printf '<\\n%s\\n>\\n' \"$(%R)\"", "nats kv put B1 k2 \"$(%R)\"",
         "v=$(%N); echo $?; echo \"$v\"", "nats kv put B1 k1 $(nats kv get B1 k1 --raw | wc -c)"]
LOOPS = ["for i in 1 2 3; do nats kv put B1 k$i $i; done", "for k in $(nats kv ls B1); do nats kv get B1 $k --raw; done",
         "nats kv ls B1 | while read -r k; do nats kv get B1 \"$k\" --raw < /dev/null; done",
         "n=0; while [ $n -lt 2 ]; do %W; n=$((n+1)); done", "seq 3 | while read n; do %W; done",
         "nats kv ls B1 | while read -r k; do nats kv del B1 \"$k\" --force; done", "seq 2 | xargs -n 1 nats kv put B1 k1",
         "(%W; %R) | cat"]
SHAPES = [INPUT, OUTPUT, CODES, WORDS, LOOPS]


def plumbed(session):
    """A line of bash around commands; those it does not feed find nothing to read."""
    rng, line = session.rng, session.lines.line
    right = lines.Lines(rng, session.lines.commands, 0, session.lines.flags).line  # help is our own, and would be read
    commands = {"%W": lambda: line(rng.choice(WRITES)), "%R": lambda: right(rng.choice(READS)),
                "%G": lambda: right("kv get", ["--raw"]), "%E": lambda: line(rng.choice(ENDLESS), []), "%N": line}
    shape = rng.choice(rng.choice(SHAPES))
    session.add("A$", "{ " + re.sub("%[WRGEN]", lambda place: commands[place[0]](), shape) + "; } < /dev/null")
