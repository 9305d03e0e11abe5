#!/usr/bin/env python3
"""Compares `nats COMMAND --help` of the real nats (on PATH) with ours: flags, their order and values, usage lines,
sub-commands and aliases. Sentences are each project's own. The last lines are what this playground does not have, and
'N compared, N differ'. NATS_BIN names our program, by default the example in target/debug.
"""
import json, os, re, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OURS = os.path.abspath(os.environ.get("NATS_BIN", os.path.join(ROOT, "target/debug/examples/nats")))
ENV = {"COLUMNS": "120", "PATH": os.environ["PATH"], "HOME": "/nonexistent"}


def shape(program, path):
    out = subprocess.run([program, *path, "--help"], capture_output=True, text=True, env=ENV).stdout
    flags = re.findall(r"(?m)^ +(?:-(\w), )?--(\[no-\])?([a-z][\w-]*)(=\S+)?( \.\.\.)?", out)
    below = re.search(r"(?s)Subcommands:\n(.*?)\n\n", out)
    below = re.findall(r"(?m)^  ([a-z][\w -]*?)  +\S", below[1]) if below else []
    aliases = re.findall(r"(?m)^Command Aliases: .*", out)
    return {"usage": out.split("\n")[0], "sub-commands": below, "aliases": aliases, "flags": flags}, out


def main():
    model = json.loads(subprocess.run(["nats", "--fisk-introspect"], capture_output=True, text=True).stdout)
    compared, differ, absent = 0, 0, []

    def walk(command, path):
        nonlocal compared, differ
        path = path + [command["name"]]
        if path[0] in ("plugins", "traffic"):  # hidden
            return
        real, ours = shape("nats", path)[0], shape(OURS, path)
        why = re.search(r"(?s)This playground does not have it: (.*?)\n\n", ours[1])
        keys = ["sub-commands", "aliases"] if why else list(real)
        compared += 1
        if why:
            absent.append((" ".join(path), " ".join(why[1].split())))
        wrong = [k for k in keys if real[k] != ours[0][k]]
        differ += bool(wrong)
        for key in wrong:
            print(f"nats {' '.join(path)}: {key}\n  real {real[key]}\n  ours {ours[0][key]}")
        for below in command.get("commands") or []:
            walk(below, path)

    for command in model["commands"]:
        walk(command, [])
    for path, why in absent:
        print(f"not here: nats {path} ({why})")
    print(f"{compared} compared, {differ} differ")
    sys.exit(differ > 0)


main()
