// "Share": a link that replays a session, on a server of its own, wherever it is opened.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Playground, setUp } from "./support/playground.mjs";
import { STEPS, runStep } from "./support/walkthrough.mjs";

let world;
before(async () => (world = await setUp()));
after(() => world.close());

const address = (lines, step = "get") => `#run=${lines.map(encodeURIComponent).join("%0A")}&step=${step}`;
const shared = (playground) => playground.page.getByRole("status").filter({ hasText: "shared session" });

/** The link that the dialog offers. */
async function link(playground) {
  await playground.page.getByRole("button", { name: "Share", exact: true }).click();
  const value = await playground.page.getByRole("dialog", { name: "Share" }).getByRole("textbox").inputValue();
  await playground.page.keyboard.press("Escape");
  return value;
}

/** Another page of the same browser. */
async function beside(playground, url) {
  const other = new Playground(await playground.page.context().newPage(), [new URL(world.site.origin).host]);
  await other.goto(url);
  return other;
}

/** Does the first steps of the walkthrough, and waits until what they made is kept. */
async function begin(playground) {
  for (const step of STEPS.slice(0, 4)) {
    await runStep(playground, step);
    await playground.next();
  }
  await playground.page.waitForTimeout(200); // what is stored within 100 ms survives
}

test("a link taken after a reload makes the same again, at the same step", async () => {
  const playground = await world.open();
  await begin(playground);
  await playground.terminal("A").enter("nats kv put my-kv token s3cret");
  await playground.terminal("A").shows(/\ns3cret\n/);
  const seed = "SUAAGBAFAYDQQCIKBMGA2DQPCAIREEYUCULBOGAZDINRYHI6D4QCCIUGBQ";
  await playground.terminal("A").enter(`echo ${seed} > own.nk; echo eyJ0s3cret`);
  await playground.terminal("A").shows(/\neyJ0s3cret\n/);
  await playground.reload();
  await playground.terminal("A").enter("nats kv put my-kv late '2 & 3'");
  await playground.terminal("A").shows(/\n2 & 3\n/);
  const url = await link(playground);
  assert.doesNotMatch(url, /s3cret/);
  assert.ok(!url.includes(seed));
  const other = await world.open({ address: url.slice(url.indexOf("#")) });
  assert.equal(await other.heading(), await playground.heading());
  await other.terminal("A").enter("nats kv get my-kv Key1 --raw; echo; nats kv get my-kv late --raw");
  await other.terminal("A").shows(/--raw\nValue1\n2 & 3\n/);
  await other.close();
  await playground.close();
});

test("how many lines are left out is said, as the link then does not do all that was done", async () => {
  const playground = await world.open({ address: "#step=put" });
  const a = playground.terminal("A");
  const said = async (text) => {
    await playground.page.getByRole("button", { name: "Share", exact: true }).click();
    await playground.page.getByRole("dialog", { name: "Share" }).getByText(text).waitFor();
    await playground.page.keyboard.press("Escape");
  };
  await said("Lines that may hold a password, a token or an NKey are left out.");
  for (const [key, text] of [["api.token", "One line is left out"], ["author", "2 lines are left out"]]) {
    await a.enter(`nats kv put my-kv ${key} of-${key}`);
    await a.shows(new RegExp(`\nof-${key}\n`));
    await said(text);
  }
  await playground.close();
});

test("what was agreed to is not asked again, wherever it stands in a line", async () => {
  const playground = await world.open({ address: "#step=put" });
  const a = playground.terminal("A");
  await a.enter("nats kv put my-kv note 'then; nats kv rm my-kv' && nats kv purge my-kv gone -f; nats kv ls my-kv | head -n 1");
  await a.shows(/head -n 1\n.*\nnote\n/);
  await a.enter("nats kv del my-kv note; nats kv ls my-kv");
  await a.shows(/\? Delete/, "nats kv del");
  await a.enter("y");
  await a.shows(/No keys found/, "? Delete");
  const run = new URLSearchParams(new URL(await link(playground)).hash.slice(1)).get("run");
  assert.deepEqual(run.split("\n"), [
    "nats kv add my-kv",
    "nats kv put my-kv note 'then; nats kv rm my-kv' && nats kv purge my-kv gone -f; nats kv ls my-kv | head -n 1",
    "nats kv del --force my-kv note; nats kv ls my-kv",
  ]);
  await playground.close();
});

test("a shared session neither reads nor changes what the browser keeps, and says so", async () => {
  const mine = await world.open();
  await begin(mine);
  const before = await mine.page.evaluate(() => JSON.stringify(localStorage));
  const url = mine.page.url().replace(/#.*/, "");
  await mine.page.goto("about:blank");
  const other = await beside(mine, url + address(["nats kv rm my-kv --force", "nats kv add theirs", "nats kv ls --names"]));
  await shared(other).waitFor();
  await other.terminal("A").shows(/my-kv --force\n[^]*not found[^]*--names\ntheirs\n/);
  await other.next(); // the address goes on to hold the session
  await other.reload();
  await shared(other).waitFor();
  await other.page.getByRole("button", { name: "Reset", exact: true }).click();
  const loaded = other.page.waitForEvent("load");
  await other.page.getByRole("button", { name: "Begin again" }).click();
  await loaded;
  await other.ready();
  await other.terminal("A").shows(/--names\ntheirs\n/);
  await other.page.close();
  await mine.goto(url);
  assert.equal(await mine.page.evaluate(() => JSON.stringify(localStorage)), before);
  assert.equal(await shared(mine).count(), 0);
  await mine.terminal("A").enter("nats kv get my-kv Key1 --raw");
  await mine.terminal("A").shows(/--raw\nValue1\n/);
  await mine.close();
});

test("a shared session goes on after a command that fails", async () => {
  const playground = await world.open({ address: address(["nats kv add b", "nats kv get b nokey", "nats kv put b k v"]) });
  await playground.terminal("A").shows(/key not found[^]*put b k v\nv\n/);
  await playground.close();
});

test("what a shared session is asked is answered by a person, not by the line behind it", async () => {
  const playground = await world.open();
  const a = playground.terminal("A");
  const run = address(["nats kv add b", "nats kv put b k v", "nats kv del b k", "nats kv put b k after"]);
  const loaded = playground.page.waitForEvent("load");
  await playground.page.evaluate((to) => (location.hash = to), run);
  await loaded;
  await a.shows(/\? Delete key b > k\?/);
  await a.enter("y");
  await a.shows(/\? Delete key b > k\? Yes\n.*put b k after\nafter\n/);
  await playground.ready();
  await playground.close();
});

test("a link to a shared session, opened where the page is already, is opened", async () => {
  const playground = await world.open();
  const loaded = playground.page.waitForEvent("load");
  await playground.page.evaluate((to) => (location.hash = to), address(["nats kv add b", "nats kv ls --names"], "put"));
  await loaded;
  await playground.ready();
  await shared(playground).waitFor();
  assert.match(await playground.heading(), /Put/);
  await playground.terminal("A").shows(/--names\nb\n/);
  await playground.close();
});

test("a link that the browser does not let be copied is not said to be", async () => {
  const playground = await world.open({ script: () => (navigator.clipboard.writeText = () => Promise.reject(new Error("refused"))) });
  await playground.page.getByRole("button", { name: "Share", exact: true }).click();
  const dialog = playground.page.getByRole("dialog", { name: "Share" });
  await dialog.getByRole("button", { name: "Copy" }).click();
  await dialog.getByRole("status").filter({ hasText: "Not allowed here" }).waitFor();
  await playground.close();
});
