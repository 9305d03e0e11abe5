"""The commands of src/cli/commands.txt, with their arguments and flags.

Knows the form of that file (its top describes it); must not know which values make sense, nor anything of chance.
"""
import dataclasses, os, re

FILE = os.path.join(os.path.dirname(__file__), "../../src/cli/commands.txt")
ARGUMENT = re.compile(r"([<\[])([\w-]+)[>\]](\.\.\.)?(.*)")
FLAG = re.compile(r"(?:-(\S) )?--(\[no-\])?([\w-]+)(.*)")
TYPE = re.compile(r"(string|list|map|duration|int\d*|uint\d*|enum|file|regexp|size\d+)(?::(\S+))?")


@dataclasses.dataclass
class Parameter:
    """An argument, or a flag; one without a type is a flag that takes no value."""
    name: str
    type: str
    required: bool
    choices: list
    short: str = None
    negatable: bool = False
    rest: bool = False


@dataclasses.dataclass
class Command:
    path: str
    aliases: list
    arguments: list
    flags: list
    refused: bool = False


def typed(words):
    """The type that a parameter's words name, and the values that an enum lists."""
    for word in words.split():
        if match := TYPE.fullmatch(word):
            return match[1], (match[2] or "").split(",")
    return "", []


def read_parameter(command, line):
    spec = line.strip().split("  ")[0]
    if match := ARGUMENT.fullmatch(spec):
        kind, choices = typed(match[4])
        command.arguments.append(
            Parameter(match[2], kind or "string", match[1] == "<", choices, rest=bool(match[3])))
    elif match := FLAG.fullmatch(spec):
        kind, choices = typed(match[4])
        command.flags.append(
            Parameter(match[3], kind, "!" in match[4].split(), choices, short=match[1], negatable=bool(match[2])))


def read_command(lines):
    path, _, aliases = lines[0].removeprefix("command ").lstrip("+~").partition(",")
    command = Command("" if path == "nats" else path, aliases.split(), [], [])
    for line in lines[1:]:
        if line.startswith("! "):
            command.refused = True
        elif line.startswith("  "):
            read_parameter(command, line)
    return command


def below(path, other):
    return path == other or path.startswith(other + " ")


def load():
    """What this playground has, by path; "" is nats itself, whose flags all commands take."""
    with open(FILE) as file:
        blocks = [block.split("\n") for block in file.read().split("\n\n")]
    commands = [read_command(lines) for lines in blocks if lines[0].startswith("command ")]
    refused = [command.path for command in commands if command.refused]
    return {command.path: command for command in commands if not any(below(command.path, path) for path in refused)}
