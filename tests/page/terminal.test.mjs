// The terminal: what people paste, mistype and interrupt. Whatever it is, it gets an answer and the page goes on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp } from "./support/playground.mjs";

let world;
before(async () => (world = await setUp()));
after(() => world.close());

/** A page whose server has JetStream and the bucket `b`. */
async function withBucket() {
  const playground = await world.open();
  const server = playground.terminal("Server");
  const a = playground.terminal("A");
  await server.show();
  await server.press("Control+c");
  await server.enter("nats-server -js");
  await server.shows(/Server is ready/, "nats-server -js");
  await a.enter("nats kv add b");
  await a.shows(/Bucket Name: b\n/, "nats kv add b");
  return { playground, a, b: playground.terminal("B"), server };
}

/** The terminal still takes commands. */
let marks = 0;
async function goesOn(terminal) {
  marks += 1;
  await terminal.enter(`echo mark-$((0))${marks} | cat`);
  await terminal.shows(new RegExp(`mark-.*${marks}`));
}

test("markup in a value is text everywhere", async () => {
  const { playground, a } = await withBucket();
  const evil = "<img src=x onerror=alert(1)>";
  await a.enter(`nats kv put b evil '${evil}'`);
  await a.enter("nats kv get b evil --raw");
  await a.shows(new RegExp(`--raw\n[^]*${evil.replace(/[()]/g, "\\$&")}`));
  await playground.messages.getByText(evil).first().waitFor();
  assert.equal(await playground.page.locator("img[src=x]").count(), 0);
  await playground.close();
});

test("bad input gets the command's own answer", async () => {
  const { playground, a } = await withBucket();
  const cases = [
    ["nats kv frobnicate", /expected command but got "frobnicate"/],
    ["nats frobnicate", /expected command but got "frobnicate"/],
    ["nats kv get b", /required argument 'key' not provided/],
    ["nats kv put b k v --frob", /unknown long flag '--frob'/],
    ["nats kv add 'bad name'", /invalid bucket name/],
    ["nats kv get b 'bad key'", /invalid key/],
    ["nats kv get nobucket k", /bucket not found/],
    ["nats kv get b nokey", /key not found/],
    ["nats kv update b k v 77", /wrong last sequence/],
    ["nats kv update b k v minus", /minus/],
    ["frobnicate", /command not found/],
    ["echo {1..1100000} {1..5000000000}", /brace expansion: more than 100000 words/],
  ];
  for (const [line, answer] of cases) {
    await a.enter(line);
    await a.shows(answer, line);
  }
  await goesOn(a);
  await playground.close();
});

test("a lone quote, control characters and a line of a mebibyte do no harm", async () => {
  const { playground, a } = await withBucket();
  await a.enter("echo 'open");
  await a.press("Control+c");
  await goesOn(a);
  await a.input.focus();
  await playground.page.keyboard.insertText("echo \u0000\u0001\u001b[2J\u0007\u202e");
  await a.press("Enter");
  await goesOn(a);
  await a.input.focus();
  await playground.page.keyboard.insertText(`nats kv put b big ${"x".repeat(1 << 20)}`);
  await a.press("Enter");
  await a.shows(/maximum payload exceeded|xxxx/i);
  await goesOn(a);
  await playground.close();
});

test("^C ends a watch, and a put from the other terminal is seen by it", async () => {
  const { playground, a, b } = await withBucket();
  await a.enter("nats kv watch b");
  await b.enter("nats kv put b k seen");
  await a.shows(/\] PUT b > k: seen/);
  await a.press("Control+c");
  await goesOn(a);
  await playground.close();
});

test("a line typed while a command runs is seen, and its turn comes when that has ended", async () => {
  const { playground, a } = await withBucket();
  await a.enter("nats kv watch b");
  await playground.page.getByText("running", { exact: true }).first().waitFor();
  await a.enter("nats kv put b k lost");
  await a.shows(/\nnats kv put b k lost\n/);
  await a.press("Control+c"); // takes what waits with it, as everywhere
  await a.enter("sleep 0.5");
  await a.enter("echo later");
  await a.shows(/sleep 0\.5\necho later\n\$ echo later\nlater\n/);
  assert.equal(await a.count("lost"), 1);
  await playground.close();
});

test("editing keys, history and completion are those of a shell", async () => {
  const { playground, a } = await withBucket();
  await a.type("cho edited");
  await a.press("Control+a");
  await a.type("e");
  await a.press("Control+e");
  await a.type("-line");
  await a.press("Enter");
  await a.shows(/\nedited-line\n/);
  await a.press("ArrowUp");
  await a.press("Enter");
  await a.shows(/\nedited-line\n[^]*\nedited-line\n/);
  await a.press("Control+r");
  await a.type("kv add");
  await a.press("Enter");
  await a.shows(/Bucket Name: b\n[^]*Bucket Name: b\n/);
  await a.type("echo one two");
  await a.press("Control+w");
  await a.type("three");
  await a.press("Enter");
  await a.shows(/\none three\n/);
  await a.type("nats kv hist");
  await a.press("Tab");
  await a.type("--help");
  await a.press("Enter");
  await a.shows(/usage: nats kv history/i);
  await playground.close();
});

test("what is marked in the output is copied, and what is then pasted, pressed or typed goes on to the line", async () => {
  const playground = await world.open({ address: "#step=put", permissions: ["clipboard-read", "clipboard-write"] });
  const a = playground.terminal("A");
  const { keyboard } = playground.page;
  await a.enter("echo marked");
  await a.shows(/\nmarked\n/);
  const mark = () => a.output.getByText("marked", { exact: true }).last().dblclick();
  await mark();
  await keyboard.press("Control+c");
  await keyboard.press("Control+v");
  await keyboard.type(" text");
  assert.equal(await a.input.inputValue(), "marked text");
  await mark();
  await keyboard.press("ArrowUp");
  assert.equal(await a.input.inputValue(), "echo marked");
  await mark();
  await keyboard.press("Enter");
  await a.shows(/echo marked\nmarked\n[^]*echo marked\nmarked\n/);
  await playground.close();
});

test("lines are killed, yanked, moved in by words and recalled", async () => {
  const { playground, a } = await withBucket();
  const value = () => a.input.inputValue();
  await a.type("two echo one");
  await a.press("Alt+b", "Alt+b", "Control+k");
  assert.equal(await value(), "two ");
  await a.press("Control+u");
  assert.equal(await value(), "");
  await a.press("Control+y"); // kills in a row are one
  assert.equal(await value(), "two echo one");
  await a.press("Control+a", "Alt+d", "Control+d");
  assert.equal(await value(), "echo one");
  await a.press("Control+u", "Control+e", "Control+u");
  assert.equal(await value(), "");
  await a.enter("echo 'first of two'");
  await a.enter("echo second");
  await a.shows(/\nsecond\n/);
  await a.press("Control+p", "Control+p");
  assert.equal(await value(), "echo 'first of two'");
  await a.press("Control+n");
  assert.equal(await value(), "echo second");
  await a.press("Control+c");
  assert.equal(await value(), "");
  await a.press("Control+r");
  await playground.page.keyboard.type("of tw");
  await a.press("Escape");
  assert.equal(await value(), "echo 'first of two'");
  await a.press("Control+u", "Control+l");
  await a.shows(/^\s*$/);
  await goesOn(a);
  await playground.close();
});

test("Escape, then Tab leave a terminal with something on its line, and at a question", async () => {
  const { playground, a } = await withBucket();
  const leaves = async () => {
    await a.press("Tab");
    assert.ok(await a.input.evaluate((input) => input === document.activeElement), "Tab alone completes");
    await a.press("Escape");
    await playground.page.keyboard.press("Shift");
    await playground.page.keyboard.press("Tab");
    assert.ok(!(await a.input.evaluate((input) => input === document.activeElement)), "Tab leaves");
  };
  await a.type("nats kv ad");
  await leaves();
  assert.equal(await a.input.inputValue(), "nats kv add ");
  await a.press("Escape", "End", "Tab"); // only right after it
  assert.ok(await a.input.evaluate((input) => input === document.activeElement));
  const described = await a.input.getAttribute("aria-describedby");
  assert.match(await playground.page.locator(`[id="${described}"]`).textContent(), /Escape.*Tab.*leave/);
  await a.press("Control+u");
  await a.enter("nats kv rm b");
  await a.shows(/Delete bucket/);
  await leaves();
  await playground.close();
});

test("Tab completes commands, flags, and what the server has", async () => {
  const { playground, a } = await withBucket();
  const filled = (line) => a.region.locator(`textarea`).and(a.input).evaluate((field, line) => new Promise((resolve) => {
    const look = () => (field.value === line ? resolve() : requestAnimationFrame(look));
    look();
  }), line);
  await a.enter("nats kv put b some.key v");
  await a.shows(/\nv\n/);
  await a.type("nats kv pu");
  await a.press("Tab", "Tab");
  await a.shows(/purge[^]*put|put[^]*purge/, "nats kv pu");
  await a.type("t ");
  await a.press("Control+u");
  await a.type("nats kv get b so");
  await a.press("Tab");
  await filled("nats kv get b some.key ");
  await a.type("--ra");
  await a.press("Tab");
  await filled("nats kv get b some.key --raw ");
  await a.press("Enter");
  await a.shows(/--raw\s*\nv\n/);
  await playground.close();
});

/** Pastes lines into a terminal. */
async function paste(playground, terminal, lines) {
  await playground.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await playground.page.evaluate((text) => navigator.clipboard.writeText(text), lines.join("\n"));
  await terminal.show();
  await terminal.press("Control+v");
}

test("a paste of lines runs them one by one, also behind one that fails", async () => {
  const { playground, a } = await withBucket();
  const lines = ["nats kv put b one 1", "nats kv get b nothere", "# a comment", "nats kv put b two 2", "echo status $?", ""];
  await paste(playground, a, lines);
  await a.shows(/put b one 1\n1\n[^]*get b nothere\n[^]*key not found[^]*# a comment\n[^]*put b two 2\n2\n[^]*\nstatus 0\n/);
  await goesOn(a);
  await playground.close();
});

test("a paste that answers a question, or gives a line to read, goes on behind it", async () => {
  const { playground, a } = await withBucket();
  await paste(playground, a, ["nats kv del b k", "y", "read line", "a line", 'echo "read $line"', "nats kv ls --names", ""]);
  await a.shows(/Delete key b > k\? Yes\n[^]*\nread a line\n[^]*--names\nb\n/);
  await a.enter("cat > file");
  await paste(playground, a, [...Array(200).keys(), ""]);
  await a.press("Control+d");
  await a.enter("wc -l file");
  await a.shows(/\n\s*200 file\n/);
  await playground.close();
});

test("^D that is typed ahead ends what reads later", async () => {
  const { playground, a } = await withBucket();
  await a.enter("sleep 1; cat > file");
  await a.enter("one");
  await a.press("Control+d");
  await a.enter("wc -l file");
  await a.shows(/\n\s*1 file\n/);
  await playground.close();
});

test("a terminal that becomes narrower stays at its end, unless somebody has scrolled up to read", async () => {
  const { playground, a, b } = await withBucket();
  const { page } = playground;
  const atEnd = () => a.output.evaluate((log) => {
    const scroll = log.parentElement;
    return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 2;
  });
  await a.enter("echo {1..1000}; sleep 100");
  await a.shows(/ 1000\n/);
  await b.tab.click();
  await b.enter("echo beside");
  await b.shows(/\nbeside\n/);
  await page.waitForTimeout(200);
  assert.ok(await atEnd());
  await a.output.evaluate((log) => (log.parentElement.scrollTop = 0));
  await b.tab.click();
  await page.waitForTimeout(200);
  assert.ok(!(await atEnd()));
  await a.press("Control+c");
  await playground.close();
});

test("a terminal is still at its end when a window was a phone's for a while", async () => {
  const { playground, a } = await withBucket();
  const { page } = playground;
  await playground.terminal("Server").show();
  await a.enter("echo {1..400}; sleep 100");
  await a.shows(/ 400\n/);
  const scroll = await a.output.evaluateHandle((log) => log.parentElement);
  const atEnd = () => page.waitForFunction((e) => e.clientHeight > 0 && e.scrollHeight - e.scrollTop - e.clientHeight < 2, scroll);
  for (const width of [360, 1280, 360, 1280]) {
    await page.setViewportSize({ width, height: width === 360 ? 740 : 800 });
    await page.getByRole("button", { name: "Stream", exact: true }).waitFor({ state: width === 360 ? "visible" : "hidden" });
    await atEnd();
  }
  await playground.terminal("B").tab.click();
  await atEnd();
  await a.press("Control+c");
  await playground.close();
});

test("that no server runs is said, and where to start one", async () => {
  const { playground, a, server } = await withBucket();
  const state = playground.page.getByRole("banner").getByRole("status");
  await state.filter({ hasText: "In this page" }).waitFor();
  await server.press("Control+c");
  await state.filter({ hasText: "Stopped" }).waitFor();
  await playground.stream.getByText(/No server runs.*nats-server -js/).waitFor();
  await a.enter("nats kv ls");
  await a.shows(/no servers available/);
  await server.enter("nats-server -js");
  await state.filter({ hasText: "In this page" }).waitFor();
  await playground.stream.getByRole("heading", { name: "b" }).waitFor();
  await playground.close();
});

test("a server that wants a password from now on still shows what is in it", async () => {
  const playground = await world.open({ address: "#step=bucket" });
  const [a, server] = [playground.terminal("A"), playground.terminal("Server")];
  await server.show();
  await server.press("Control+c");
  await server.enter("nats-server -js --user ada --pass s3cret");
  await a.enter("nats kv add shut");
  await a.shows(/Authorization Violation/);
  await a.enter("nats --user ada --password s3cret kv add opened");
  await a.shows(/Bucket Name: opened/);
  await playground.stream.getByText("opened").first().waitFor();
  await playground.close();
});

test("an empty line typed ahead does not keep back what follows", async () => {
  const playground = await world.open();
  const a = playground.terminal("A");
  await a.enter("sleep 0.5");
  await a.enter("");
  await a.enter("echo behind");
  await a.shows(/\nbehind\n/);
  await playground.close();
});

test("set -e ends a pasted script at its first failure, and says what was not run", async () => {
  const { playground, a } = await withBucket();
  await paste(playground, a, ["#!/bin/bash", "set -euo pipefail", "nats kv get b nothere || true", "nats kv get b nothere", "# never", "nats kv put b never 2", ""]);
  await a.shows(/key not found[^]*get b nothere\n[^]*key not found[^]*set -e: not run: 2 more\n/);
  await a.enter("false; echo as before");
  await a.shows(/\nas before\n/);
  assert.doesNotMatch(await a.text(), /command not found|put b never/);
  await playground.close();
});

test("^C at a list of choices leaves it to be read", async () => {
  const { playground, a } = await withBucket();
  await a.enter("nats kv add c");
  await a.shows(/Bucket Name: c\n/);
  await a.enter("nats kv info");
  await a.shows(/> b\n\s+c\n/);
  await a.press("Control+c");
  await a.shows(/\[Use arrows to move, type to filter\]\n> b\n\s+c\nnats: error: interrupt\n/, "nats kv info");
  await playground.close();
});

test("a server that cannot start leaves the log to the one that runs", async () => {
  const playground = await world.open();
  const [a, server] = [playground.terminal("A"), playground.terminal("Server")];
  const listen = '\\[FTL\\] Error listening on port: 127.0.0.1:4222, "listen tcp 127.0.0.1:4222: bind: address already in use"\n';
  await a.enter("nats-server");
  await a.shows(new RegExp(`\\[INF\\] Starting nats-server\n[^]*\\[INF\\]   ID: +N[A-Z2-7]{55}\n.*${listen}`));
  await a.shows(/\nOne runs in this page already, in “Server”: \^C there stops it\.\n/);
  await a.enter("clear; nats-server -js");
  await a.shows(new RegExp(`JETSTREAM[^]*Took .* to start JetStream\n.*${listen}`));
  assert.equal(await a.count("Listening for client connections"), 0);
  await server.show();
  await server.press("Control+c");
  await server.shows(/Server Exiting/);
  assert.equal(await a.count("Server Exiting"), 0);
  await playground.close();
});

test("nats-server says what is wrong with its flags before their list", async () => {
  const playground = await world.open();
  const server = playground.terminal("Server");
  await server.press("Control+c");
  for (const [line, error] of [["nats-server --foo", "flag provided but not defined: -foo"], ["nats-server -p abc", 'invalid value "abc" for flag -p: parse error']]) {
    await server.enter(line);
    await server.shows(/^.*\n.*\n\s*Usage: nats-server/, line);
    assert.equal((await server.text()).split(line).at(-1).split("\n")[1], error);
  }
  await server.enter("nats-server -c nats.conf");
  await server.shows(/nats\.conf: configuration files are not read here/);
  await playground.close();
});

test("^C ends whatever runs: a loop, a pipe, a sleep, a prompt", async () => {
  const { playground, a } = await withBucket();
  // Its line may soon be among those that the terminal has forgotten.
  await a.enter("while true; do echo x; done");
  await a.shows(/\nx\nx\n/);
  await a.press("Control+c");
  await goesOn(a);
  for (const line of ["sleep 100", "nats sub '>' | cat", "nats kv del b"]) {
    const before = await a.count(line);
    await a.enter(line);
    await a.answers(line, before, /^/);
    await a.press("Control+c");
    await goesOn(a);
  }
  await playground.close();
});

test("a benchmark shows how far it is, and ^C ends it", async () => {
  const playground = await world.open({ address: "#step=put" });
  const a = playground.terminal("A");
  await a.shows(/Leader: N/);
  await a.enter("nats bench kv put --bucket my-kv --msgs 200000");
  await a.shows(/Putting .*\b[1-9]\d?%/);
  await a.press("Control+c");
  await a.enter("echo still here");
  await a.shows(/\nstill here/);
  assert.equal(await a.count("putter stats"), 0);
  await playground.close();
});

test("on a phone there is a row of keys, and the keyboard does not hide the line", async () => {
  const playground = await world.open({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
  const a = playground.terminal("A");
  const tap = (name) => a.region.getByRole("button", { name, exact: true }).tap();
  await a.enter("echo tapped");
  await a.shows(/\ntapped\n/);
  await tap("Up");
  assert.equal(await a.input.inputValue(), "echo tapped");
  await tap("Pipe");
  await a.type("cat");
  assert.equal(await a.input.inputValue(), "echo tapped|cat");
  await a.press("Enter");
  await a.shows(/tapped\|cat\ntapped\n/);
  await a.enter("sleep 100");
  await tap("Control C");
  await goesOn(a);
  await a.type("nats kv hist");
  await tap("Tab");
  await playground.page.waitForFunction((field) => field.value === "nats kv history ", await a.input.elementHandle());
  // The keyboard comes up: the view is as much lower.
  await playground.page.setViewportSize({ width: 360, height: 400 });
  // It is drawn anew in a frame after that; then the line is in view.
  const inView = (field) => innerHeight === 400 && field.getBoundingClientRect().top >= 0 && field.getBoundingClientRect().bottom <= 400;
  await playground.page.waitForFunction(inView, await a.input.elementHandle());
  for (const key of ["Tab", "Control C"]) {
    const box = await a.region.getByRole("button", { name: key, exact: true }).boundingBox();
    assert.ok(box.y + box.height <= 400, `${key} is out of view`);
  }
  await playground.close();
});
