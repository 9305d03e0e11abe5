"""Whether two plays of a step saw the same, but for what changes from run to run.

tests/golden.py masks what its sessions need; here is what random commands show beyond that. Must not know of commands: a mask
for one of them would hide what it prints wrong.
"""
import difflib, re

import golden

RANDOM = r"(?<!\w)(?=\w*(?:[A-Za-z]\d|\d[A-Za-z]|[a-z][A-Z]))"  # the beginning of what is no word
RULES = [
    (r"/tmp/golden-home-\w{8}", "{{home}}"),
    (RANDOM + r"[A-Za-z0-9]{22}(?:\.\w+)?(?!\w)", "{{nuid}}"),
    (RANDOM + r"[A-Za-z0-9]{8}(?!\w)", "{{name}}"),  # of an ephemeral consumer
    (r"(\"(?:client_id|cid|rtt|cpu|mem|uptime|duration|elapsed|request_time)\w*\": ?)\"?[\d.]+\"?", r"\1{{n}}"),
    (r"\b\d+\.\d{4,}s?\b", "{{seconds}}"),
    (r"[\d.,]+ (?:[KMG]i?)?B/s(?:ec)?|[\d,.]+ msgs/sec", "{{rate}}"),
    (r"(?<!\d)\d{15,}(?!\d)", "{{nanoseconds}}"),
]


def masked(text):
    for pattern, placeholder in RULES:
        text = re.sub(pattern, placeholder, text)
    if "{{" in text:  # tables are as wide as what was replaced
        text = re.sub(r"─+", "─", re.sub(r" +", " ", text))
    return golden.headers_sorted(text)


def differ(one, other):
    """Two plays of one step: a line, and what was seen."""
    return one != other and masked("\n".join(one)) != masked("\n".join(other))


def changes(real, ours):
    """The lines that differ, as `- real` and `+ ours`, with their surroundings."""
    lines = difflib.unified_diff(masked(real[1]).split("\n"), masked(ours[1]).split("\n"), n=2, lineterm="")
    return list(lines)[2:]


def kind(real, ours):
    """What two differences that are most likely the same have in common."""
    command = re.findall(r"nats ([a-z]+)", real[0])[:1]
    changed = [line for line in changes(real, ours) if line[0] in "-+"]
    return *command, re.sub(r"\d+|\"[^\"]*\"|'[^']*'", "#", "\n".join(line[:50] for line in changed[:3]))
