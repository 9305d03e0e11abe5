"""A session without the steps that a difference does not need.

Must not know what a difference is: it is told whether one is still there.
"""
TRIES = 40


def shrunk(steps, still_there):
    """The fewest of `steps` found in TRIES tries; the last one, which differs, stays."""
    tries, size = TRIES, max(1, len(steps) // 2)
    while tries and size:
        at = 0
        while tries and at < len(steps) - 1:
            fewer = steps[:at] + steps[min(at + size, len(steps) - 1):]
            tries -= 1
            if still_there(fewer):
                steps = fewer
            else:
                at += size
        size //= 2
    return steps
