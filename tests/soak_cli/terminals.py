"""Random steps of several terminals: what listens in B and C while something happens in A.

Must not know what a listener shows, nor which of its names and subjects the others meet.
"""
LISTENERS = ["kv watch"] * 5 + ["subscribe"] * 3 + ["reply"] * 2 + ["consumer sub"] * 2
# What listeners hear of, and what takes away what they listen to.
EVENTS = ["kv put"] * 8 + ["kv create", "kv update", "kv del", "kv purge", "kv revert"] * 2 + ["publish"] * 5 + [
    "request"] * 3 + ["kv compact", "kv edit", "kv add", "stream purge", "stream rmm", "stream edit", "stream rm",
                      "consumer edit", "consumer rm", "consumer pause", "consumer next", "consumer add"]
SHOW_END = '; echo "ended with $?"'
RESTART = ["A%server -js", "A. 4000"]  # as long as it takes to connect again


def listening(session):
    """Listeners, what happens meanwhile, and an interrupt for those that have not ended by then."""
    rng, line = session.rng, session.lines.line
    terminals = rng.choice(["B", "B", "B", "BC"])
    for terminal in terminals:
        path = rng.choice(LISTENERS)
        session.add(f"{terminal}&", line(path, []) if rng.random() < 0.7 else line(path), SHOW_END)
    for _ in range(rng.choice([1, 2, 3, 5, 8])):
        session.add("A$", line(rng.choice(EVENTS)), " </dev/null")
    if rng.random() < 0.02:
        session.steps += RESTART
        session.add("A$", line("kv put"), " </dev/null")
    session.steps += [f"{terminal}^C" for terminal in terminals]
