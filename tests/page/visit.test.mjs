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

/** The page with a policy of its host, in a view of its own; `within` makes a page around it. */
async function under(policy, within) {
  const profile = await world.browser.newContext();
  const page = await profile.newPage();
  const problems = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.route("**/some/folder/", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), "content-security-policy": policy } });
  });
  await page.route("**/around.html", (route) => route.fulfill({ contentType: "text/html", body: within }));
  await page.goto(`${world.site.origin}/${within ? "around.html" : "some/folder/#step=put"}`);
  return { page, problems, close: () => profile.close() };
}

test("a Content-Security-Policy as the README has it is enough, by itself and in a frame; one that is too strict is said to be", async () => {
  const [policy] = readFileSync("README.md", "utf8").match(/^default-src .*$/m);
  const frame = '<!doctype html><title>docs</title><iframe sandbox="allow-scripts" src="/some/folder/?embed=1&panel=both#step=put" height="800"></iframe>';
  for (const within of [undefined, frame]) {
    const { page, problems, close } = await under(policy, within);
    const view = within ? page.frameLocator("iframe") : page;
    await view.getByRole("button", { name: /^Run\b/ }).click();
    await view.getByRole("button", { name: "Tape", exact: true }).click();
    await view.locator(".tape__value").getByText("Value1").waitFor();
    assert.deepEqual(problems, []);
    await close();
  }
  for (const strict of ["default-src 'self'", policy.replace("'wasm-unsafe-eval'", "")]) {
    const { page, close } = await under(strict);
    await page.getByText(/could not be started.*Content-Security-Policy/).waitFor();
    assert.equal(await page.getByText("Starting a nats-server").filter({ visible: true }).count(), 0);
    await close();
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
