"""Random command lines: which command, with which arguments and flags, and how they are written in bash.

Must not know of sessions: a line knows nothing of the lines before it.
"""
import re, shlex

from soak_cli import values

OUT_OF_SCOPE = re.compile(  # flags: what a single server has not, what has no end or is random
    "allow-(batch|fast|schedules|counter)|atomic|schedule-|pinned|overflow|prioritized|tls|archive|expression|"
    "interactive|socks|graph|backup|jitter|leader|cluster$|server-name|peer|trace|no-context|preferred|replicas")
USERS = re.compile("creds|nkey|jwt|seed|user|password|token")
# Commands that are asked for more often than the others, which have 1.
WEIGHTS = {
    "kv put": 6, "kv get": 6, "kv add": 5, "kv ls": 4, "kv history": 4, "kv info": 3, "kv edit": 3, "kv create": 3,
    "kv update": 3, "kv del": 2, "kv purge": 2, "kv revert": 3, "publish": 6, "request": 2, "subscribe": 3,
    "stream add": 5, "stream edit": 5, "stream info": 4, "stream get": 4, "stream view": 3, "stream find": 4, "stream ls": 3,
    "stream report": 3, "stream subjects": 3, "consumer add": 5, "consumer edit": 4, "consumer info": 4, "consumer next": 5,
    "consumer find": 3, "consumer report": 2, "consumer ls": 2, "consumer pause": 2, "context add": 2, "context ls": 2,
    "server check stream": 3, "server check consumer": 3, "server check message": 3, "server check kv": 3,
    "server check jetstream": 2, "server check request": 2,
}
# What ends only when it is interrupted, has other rates each time or tells how many bytes its own question has, which ours asks
# with fewer; what starts an editor, shows texts of our own, or has what it counts as equal in the order of Go's sort.
SPECIAL = re.compile("kv watch|reply|consumer sub|server watch|bench|top|.* graph|(context|errors) edit|cheat|account report|errors ls")
DESTRUCTIVE = re.compile(".* (rm|del|purge|compact|rmm|seal|reset|edit|revert)")  # they ask
NEEDED = {  # flags without which a command mostly asks, or waits
    "stream add": ["--defaults", "--subjects=s.>"], "consumer add": ["--defaults", "--pull"],
    "subscribe": ["--count=1", "--wait=300ms"], "request": ["--timeout=500ms"], "consumer next": ["--wait=300ms"],
    "stream view": ["--raw"],
}


def quoted(word):
    """A word of bash on one line, whatever is in it."""
    if word.isprintable():
        return shlex.quote(word)
    plain = lambda c: c.isprintable() and c not in "\\'"
    return "$'" + "".join(c if plain(c) else "".join(f"\\x{byte:02x}" for byte in c.encode()) for c in word) + "'"


class Lines:
    def __init__(self, rng, commands, oddness, flags):
        """About `flags` flags a line, and a share of odd values."""
        self.rng, self.commands, self.oddness, self.flags = rng, commands, oddness, flags
        self.users = rng.choice([0, 0, 0, 0.4])  # the share of lines that say who one is
        self.shared = [flag for flag in commands[""].flags if not OUT_OF_SCOPE.search(flag.name)]
        groups = {path.rpartition(" ")[0] for path in commands}
        self.paths = [path for path in commands if path not in groups and not SPECIAL.match(path)]
        self.weights = [WEIGHTS.get(path, 1) for path in self.paths]

    def line(self, path=None, needed=None):
        """A command line of `nats`, as bash words; `needed` are flags to have instead of those of NEEDED."""
        rng = self.rng
        path = path or rng.choices(self.paths, self.weights)[0]
        command = self.commands[path]
        arguments = self.arguments(command)
        if needed is None:
            needed = ["--force"] if DESTRUCTIVE.fullmatch(path) else NEEDED.get(path, [])
        flags = self.flags_of(command, needed)
        words = [*self.names(path), *arguments, *flags] if rng.random() < 0.85 else [*self.names(path), *flags, *arguments]
        if rng.random() < self.oddness / 2:
            self.mistype(words)
        return "nats " + " ".join(map(quoted, words))

    def names(self, path):
        """The words of a path, one of them now and then by an alias."""
        parts = path.split()
        for end, part in enumerate(parts, 1):
            aliases = self.commands[" ".join(parts[:end])].aliases
            yield self.rng.choice(aliases) if aliases and self.rng.random() < 0.1 else part

    def arguments(self, command):
        words = []
        for argument in command.arguments:
            likely = argument.required or argument.name in ("bucket", "stream", "consumer")
            if self.rng.random() > (1 - self.oddness / 3 if likely else 0.6):
                break
            words += [self.value(argument) for _ in range(self.rng.choice([1, 1, 2]) if argument.rest else 1)]
        return words

    def flags_of(self, command, needed):
        """Flags with their values: what is needed (mostly), what is required (mostly), and some more."""
        rng = self.rng
        flags = [flag for flag in command.flags if not OUT_OF_SCOPE.search(flag.name)]
        chosen = [flag for flag in flags if flag.required and rng.random() < 0.95]
        optional = [flag for flag in flags if not flag.required]
        count = min(len(optional), rng.randrange(2 * self.flags + 1))
        chosen += rng.sample(optional, count)
        if rng.random() < 0.06:
            chosen.append(rng.choice(self.shared))
        if rng.random() < self.users:
            chosen += rng.sample([flag for flag in self.shared if USERS.fullmatch(flag.name)], rng.choice([1, 1, 2, 3]))
        words = [self.flag(flag) for flag in chosen]
        names = {flag.name for flag in chosen}
        words += [[flag] for flag in needed if flag[2:].partition("=")[0] not in names and rng.random() > self.oddness]
        rng.shuffle(words)
        return [word for flag in words for word in flag]

    def flag(self, flag):
        rng = self.rng
        if not flag.type:
            if flag.negatable and rng.random() < 0.4:
                return ["--no-" + flag.name]
            return ["-" + flag.short if flag.short and rng.random() < 0.5 else "--" + flag.name]
        value = self.value(flag)
        if flag.short and rng.random() < 0.4:
            return ["-" + flag.short, value]
        return ["--" + flag.name, value] if rng.random() < 0.6 else [f"--{flag.name}={value}"]

    def value(self, parameter):
        return values.value(self.rng, parameter, self.oddness)

    def mistype(self, words):
        """A slip of the keyboard: a word too few or too many, or two that changed places."""
        at = self.rng.randrange(len(words))
        slip = self.rng.choice(["lose", "add", "double", "swap"])
        if slip == "lose":
            del words[at]
        elif slip == "add":
            words.insert(at, self.rng.choice(["extra", "--nosuch", "-Z", "--", "-", "--help", "--json", "-n"]))
        elif slip == "double":
            words.insert(at, words[at])
        else:
            words[at], words[-1] = words[-1], words[at]
