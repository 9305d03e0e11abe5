// Unmodified nats.js against the in-page server of the npm package, in a page and in a Worker; and the example that embeds it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { launch } from "../page/support/playground.mjs";
import { serve } from "../page/support/site.mjs";

let browser, site;
before(async () => {
  execFileSync("scripts/nats-js.sh");
  [browser, site] = await Promise.all([launch(), serve({ "/pkg/": "pkg", "/nats-js/": "target/nats-js", "/": "." })]);
});
after(() => Promise.all([browser?.close(), site?.close()]));

/** Runs where a page or a worker is; what it saw. */
async function useBucket() {
  const { default: init, Server } = await import("/pkg/nats_kv_playground.js");
  const { wsconnect, Kvm } = await import("/nats-js/nats.js");
  await init();
  const server = new Server({ jetstream: true });
  const connection = await wsconnect({ servers: "ws://in-page", wsFactory: server.connector() });
  const bucket = await new Kvm(connection).create("b", { history: 5 });
  const seen = [];
  const watch = await bucket.watch();
  const done = (async () => {
    for await (const entry of watch) if (seen.push(`${entry.revision} ${entry.operation}`) === 4) break;
  })();
  await bucket.create("k", "1");
  const refused = [await bucket.create("k", "x").catch((error) => error.message)];
  await bucket.update("k", "2", 1);
  refused.push(await bucket.update("k", "x", 1).catch((error) => error.message));
  await bucket.put("k", "3");
  const value = (await bucket.get("k")).string();
  await bucket.delete("k");
  await done;
  const history = [];
  for await (const entry of await bucket.history({ key: "k" })) history.push(entry.revision);
  const keys = [];
  for await (const key of await bucket.keys()) keys.push(key);
  await server.advance(3_600_000);
  await connection.flush();
  await connection.close();
  server.stop();
  return { seen, refused, value, history, keys };
}

const expected = {
  seen: ["1 PUT", "2 PUT", "3 PUT", "4 DEL"],
  refused: ["wrong last sequence: 1", "wrong last sequence: 2"],
  value: "3",
  history: [1, 2, 3, 4],
  keys: [],
};

/** A page of the site, and what goes wrong in it. */
async function open(path) {
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(site.origin + path);
  return { page, problems };
}

test("in a page", async () => {
  const { page, problems } = await open("/nats-js/nats.js");
  assert.deepEqual(await page.evaluate(useBucket), expected);
  assert.deepEqual(problems, []);
  await page.close();
});

test("in a Worker", async () => {
  const { page, problems } = await open("/nats-js/nats.js");
  const seen = await page.evaluate(async (code) => {
    const reply = `(${code})().then(postMessage, (error) => postMessage(String(error)))`;
    // A blob has no address of its own to import from.
    const source = reply.replaceAll('import("/', `import("${location.origin}/`);
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), { type: "module" });
    return new Promise((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
  }, String(useBucket));
  assert.deepEqual(seen, expected);
  assert.deepEqual(problems, []);
  await page.close();
});

test("the code in examples/embed", async () => {
  const { page, problems } = await open("/examples/embed/index.html");
  for (const frame of await page.locator("iframe").all()) {
    await frame.scrollIntoViewIfNeeded(); // it is loaded when it is about to be seen
    await page.waitForFunction((frame) => frame.style.height, await frame.elementHandle());
  }
  // By key: the frames may still grow, and a button that moves between press and release is not clicked.
  await page.getByRole("button", { name: "Run" }).press("Enter");
  const output = page.locator("#output");
  await output.getByText("now Bob has it").waitFor().catch((error) => problems.push(error.message));
  assert.equal(await output.textContent(), "Ada has it: revision 1\nBob: wrong last sequence: 1\nnow Bob has it\n", problems.join("\n"));
  await page.close();
});
