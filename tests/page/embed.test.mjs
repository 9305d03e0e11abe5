// The page within other pages: examples/embed, a sandboxed frame, and nats.js in a page and in a Worker.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setUp } from "./support/playground.mjs";

let world;
before(async () => {
  world = await setUp({ "/some/folder/": "dist", "/dist/": "dist", "/pkg/": "pkg", "/node_modules/": "node_modules", "/": "." });
});
after(() => world.close());

/** A page of ours around the playground. */
async function around(html) {
  const profile = await world.browser.newContext({ viewport: { width: 900, height: 900 } });
  const page = await profile.newPage();
  const problems = [];
  page.on("console", (m) => m.type() === "error" && problems.push(m.text()));
  page.on("pageerror", (e) => problems.push(e.message));
  await page.route("**/around.html", (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.goto(`${world.site.origin}/around.html`);
  return { page, problems, close: () => profile.close() };
}

test("one step and a terminal, without the page's header", async () => {
  const playground = await world.open({ address: "?embed=1#step=put" });
  assert.match(await playground.heading(), /Put/);
  assert.equal(await playground.page.getByRole("banner").count(), 0);
  assert.equal(await playground.page.getByRole("button", { name: "Connect", exact: true }).count(), 0);
  await playground.run(0);
  await playground.terminal("A").shows(/\nValue1\n/);
  await playground.close();
});

test("where only the stream is wanted, terminals come when a command asks or fails", async () => {
  const open = async (step) => {
    const playground = await world.open({ address: `?embed=1&panel=stream#step=${step}` });
    return { playground, field: playground.page.getByRole("textbox", { name: "Terminal A command" }) };
  };
  const get = await open("get");
  await get.playground.run(0);
  await get.playground.complete.waitFor();
  assert.equal(await get.field.isVisible(), false);
  await get.playground.close();

  const create = await open("create");
  await create.playground.run(0);
  await create.playground.run(1);
  await create.playground.messages.getByText("Value1").waitFor();
  assert.equal(await create.field.isVisible(), false);
  await create.playground.run(2);
  await create.playground.terminal("A").shows(/key exists/);
  await create.field.waitFor();
  await create.playground.close();

  const remove = await open("cleanup");
  await remove.playground.run(0);
  await remove.field.waitFor();
  await remove.playground.terminal("A").shows(/Delete bucket my-kv\?/);
  await remove.playground.page.waitForFunction(() => document.activeElement.ariaLabel === "Terminal A command");
  await remove.playground.page.keyboard.type("y\n");
  await remove.playground.complete.waitFor();
  await remove.playground.close();
});

test("what prepares a step waits for a server whose code comes late", async () => {
  const playground = await world.open();
  const { page } = playground;
  const commands = page.waitForEvent("requestfinished", (request) => /split_nats-/.test(request.url()));
  await page.route(/split_jetstream-/, async (route) => {
    await commands;
    await route.continue();
  });
  await playground.goto(`${world.site.origin}/some/folder/?embed=1#step=put`);
  await playground.run(0);
  await playground.terminal("A").shows(/\nValue1\n/);
  await playground.close();
});

test("the README's snippet shows the step and its terminal", async () => {
  const [, snippet] = readFileSync("README.md", "utf8").match(/```html\n(<iframe[^]*?)```/);
  const listening = '<script>addEventListener("message", ({ data }) => (window.told = data.height))</script>';
  const { page, problems, close } = await around(snippet.replace("https://your.host/playground/", "/some/folder/") + listening);
  const log = page.frameLocator("iframe").getByRole("textbox", { name: "Terminal A command" });
  await page.frameLocator("iframe").locator("[data-ready]").waitFor({ state: "attached" });
  const bottom = async (locator) => locator.boundingBox().then((box) => box.y + box.height);
  await page.waitForFunction(() => document.querySelector("iframe").offsetHeight > 450);
  await page.waitForFunction(() => document.querySelector("iframe").clientHeight === window.told);
  assert.ok((await bottom(log)) < (await bottom(page.locator("iframe"))), "the terminal is within the frame");
  assert.deepEqual(problems, []);
  await close();
});

test("several in one page, in frames without storage, tell their height", async () => {
  const frame = (step) => `<iframe sandbox="allow-scripts" src="/some/folder/?embed=1&theme=dark#step=${step}" width="800" height="400"></iframe>`;
  const { page, problems, close } = await around(`<!doctype html><title>docs</title>
    <script>heights = []; addEventListener("message", (e) => heights.push(e.data))</script>${frame("bucket")}${frame("put")}`);
  for (const [index, answer] of [[0, /Bucket Name: my-kv/], [1, /\bValue1\b/]]) {
    const frame = page.frameLocator("iframe").nth(index);
    await frame.locator("[data-ready]").waitFor({ state: "attached" });
    await frame.getByRole("button", { name: /^Run\b/ }).first().click();
    await frame.getByRole("log", { name: "Terminal A output" }).getByText(answer).first().waitFor();
  }
  const heights = await page.evaluate(() => heights.filter((h) => JSON.stringify(h).match(/height/)).length);
  assert.ok(heights >= 2, "a height from each frame");
  assert.deepEqual(problems, []);
  await close();
});

test("examples/embed: two steps, and nats.js code against a server in the page", async () => {
  const profile = await world.browser.newContext();
  const page = await profile.newPage();
  const problems = [];
  page.on("console", (m) => m.type() === "error" && problems.push(m.text()));
  page.on("pageerror", (e) => problems.push(e.message));
  await page.goto(`${world.site.origin}/examples/embed/index.html`);
  for (const frame of await page.locator("iframe").all()) {
    await frame.scrollIntoViewIfNeeded(); // they load when they come into view
    await frame.contentFrame().locator("[data-ready]").waitFor({ state: "attached" });
  }
  assert.deepEqual(problems, []);
  await profile.close();
});
