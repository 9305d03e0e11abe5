"""Random steps of a command that asks, and what is typed there.

Must not know what a command asks for: an answer may be none at all to it.
"""
ASKING = ["stream add", "consumer add"] * 4 + ["kv del"] * 3 + ["kv purge", "kv revert", "stream info", "consumer info"] * 2 + [
    "stream rm", "stream purge", "stream rmm", "stream seal", "stream edit", "stream state", "stream get", "stream view",
    "stream copy", "stream subjects", "consumer rm", "consumer edit", "consumer next", "consumer sub", "consumer ls",
    "consumer copy", "consumer pause", "consumer resume", "consumer reset", "kv compact", "context rm", "context select",
    "publish"]
# No question mark: it shows texts of our own.
YES_OR_NO = [r"y\r", r"y\r", r"Y\r", r"yes\r", r"n\r", r"no\r", r"\r", r"maybe\r"]
MENU = [r"\x1b[B\r", r"\x1b[B\x1b[B\r", r"\x1b[A\r", r"S\r", r"zzz\x7f\x7f\x7f\r", r"C1\r", r"file\r", r"\t\r", r" \r"]
VALUE = [r"S9\r", r"C9\r", r"s.>\r", r"q.a q.b\r", r"q.a, q.b\r",
         r"1\r", r"-1\r", r"0\r", r"1h\r", r"1M\r", r"d.9\r", r"50%\r", r"all\r"]
SLIPS = [r"x\r", r"abx\x7f\r", r"ab\x15\r",
         r"a b\x17\r", r"ab\x1b[Dc\r", r"\x1b[3~\r", r"\x01a\r", r"ü\x7f\r", r"日本\r", r"\x1b[C\r"]
GIVE_UP = [r"\x03", r"ab\x03"]
DEFAULT = [r"\r"]


def asked(session):
    """A command at a terminal that lacks what it needs or has not been told to go on."""
    rng = session.rng
    path = rng.choice(ASKING)
    questions = 25 if path.endswith(" add") else rng.choice([1, 1, 2, 3, 5])
    likely = [DEFAULT, YES_OR_NO, MENU, VALUE, SLIPS, GIVE_UP]
    weights = [rng.choice([10, 20, 40]), 5, 3, 4, 1, 0.3] if questions == 25 else [2, 8, 3, 1, 1, 0.3]
    answers = [rng.choice(rng.choices(likely, weights)[0]) for _ in range(questions)]
    session.steps.append("A< " + "".join(answers))
    bare = rng.random() < 0.3
    session.add("A$", f"nats {path}" if bare else session.lines.line(path, []))
