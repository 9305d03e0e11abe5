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
