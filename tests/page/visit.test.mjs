// What a visit fetches: the files of the budget at once, the others when they are first needed, and what is missed then is said.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BUDGET, brotli, firstVisit } from "../../scripts/size.mjs";
import { setUp } from "./support/playground.mjs";
import { STEPS, runStep } from "./support/walkthrough.mjs";

let world;
before(async () => (world = await setUp()));
after(() => world.close());

/** Opens the page; `fetched` has the names of all files it gets, in order. */
async function visit() {
  const fetched = [];
  const playground = await world.open({ address: "?" }); // the account begins with the next load
  playground.page.on("response", (r) => fetched.push(new URL(r.url()).pathname.split("/").pop() || "index.html"));
  await playground.reload();
  return { playground, fetched };
}

const weight = (names) => names.reduce((sum, name) => sum + brotli(readFileSync(join("dist", name))), 0);

test("a first visit fetches what the page names, within the budget", async () => {
  const { playground, fetched } = await visit();
  assert.deepEqual([...fetched].sort(), firstVisit("dist").sort());
  assert.ok(weight(fetched) <= BUDGET, `${weight(fetched)} bytes`);
  await playground.close();
});

test("the walkthrough needs neither the shell's language nor the commands beyond KV", async (t) => {
  const { playground, fetched } = await visit();
  for (const [index, step] of STEPS.entries()) {
    await runStep(playground, step);
    if (index < STEPS.length - 1) await playground.next();
  }
  assert.ok(fetched.some((name) => name.startsWith("split_jetstream-")), fetched.join());
  assert.ok(!fetched.some((name) => /^split_(language|commands)-/.test(name)), fetched.join());
  t.diagnostic(`${weight(fetched)} bytes of brotli for the whole walkthrough`);
  await playground.terminal("A").enter("nats --help");
  await playground.terminal("A").shows(/usage: nats/);
  assert.ok(fetched.some((name) => name.startsWith("split_commands-")), fetched.join());
  await playground.close();
});

test("what keeps the page from starting is said", async () => {
  for (const missing of [/_bg\.wasm/, /\.js$/, null]) {
    const profile = await world.browser.newContext({ javaScriptEnabled: missing !== null });
    const page = await profile.newPage();
    if (missing) await page.route(missing, (route) => route.abort());
    await page.goto(`${world.site.origin}/some/folder/`);
    await page.getByText(missing ? /could not be started/ : /needs JavaScript/).waitFor();
    assert.equal(await page.getByText("Starting a nats-server").filter({ visible: true }).count(), 0);
    await profile.close();
  }
});

test("a part that cannot be fetched is missed in words, and fetched at the next try", async () => {
  const { playground } = await visit();
  const terminal = playground.terminal("A");
  await playground.page.route(/split_commands-/, (route) => route.abort());
  await terminal.enter("nats rtt");
  await terminal.shows(/nats: error: this part of the page could not be loaded.*try again/);
  await playground.page.unroute(/split_commands-/);
  await terminal.enter("nats rtt");
  await terminal.shows(/nats:\/\/127\.0\.0\.1:4222:/);
  // What the browser itself says of the request that failed, and the loader of the exception.
  playground.problems = playground.problems.filter((p) => !/ERR_FAILED|Failed to fetch/.test(p));
  await playground.close();
});

test("the page's own client, when it cannot be fetched, is missed where one connects, and fetched at the next try", async () => {
  const { playground } = await visit();
  const { page } = playground;
  await page.route(/split_view-/, (route) => route.abort());
  await page.getByRole("button", { name: "Connect", exact: true }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("URL").fill("nats://no-address-of-a-websocket");
  const connect = () => dialog.getByRole("button", { name: "Connect", exact: true }).click();
  await connect();
  await dialog.getByRole("alert").filter({ hasText: /could not be loaded.*try again/ }).waitFor();
  await page.unroute(/split_view-/);
  await connect();
  await dialog.getByRole("alert").filter({ hasText: /No connection:/ }).waitFor();
  playground.problems = playground.problems.filter((p) => !/ERR_FAILED|Failed to fetch/.test(p));
  await playground.close();
});
