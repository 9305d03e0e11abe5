// The views of a bucket beside its messages.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp } from "./support/playground.mjs";

let world;
before(async () => (world = await setUp()));
after(() => world.close());

/** A page with an empty bucket `b`, made with these flags, and this view of it. */
async function viewing(name, flags = "", context = {}) {
  const playground = await world.open({ address: "#step=bucket", ...context });
  const a = playground.terminal("A");
  await a.enter(`nats kv add b ${flags}`);
  await a.shows(/Bucket Name: b\n/);
  await playground.stream.getByRole("button", { name, exact: true }).click();
  return { playground, a, page: playground.page };
}

/** What the cells of a table's row with this text say. */
const cells = async (table, text) => (await table.getByRole("row").filter({ hasText: text }).getByRole("cell").allInnerTexts()).map((cell) => cell.trim());

test("Keys has a row a key: its value, revision, how many are kept, and its end", async () => {
  const { playground, a, page } = await viewing("Keys", "--history 3");
  const table = page.getByRole("table", { name: "Keys", exact: true });
  await a.enter("for i in 1 2 3 4; do nats kv put b one v$i; done; nats kv put b two '<b>bold</b>'; nats kv del b one -f; nats kv put b past x; nats kv purge b past -f");
  await table.getByRole("row").filter({ hasText: "PURGE" }).waitFor();
  assert.deepEqual(await table.getByRole("columnheader").allInnerTexts(), ["Key", "Value", "Revision", "Kept", "TTL left"]);
  assert.deepEqual(await cells(table, "two"), ["two", "<b>bold</b>", "5", "1", "–"]);
  assert.deepEqual(await cells(table, "one"), ["one", "DELETE", "6", "3", "–"]);
  assert.deepEqual(await cells(table, "past"), ["past", "PURGE", "8", "1", "–"]);
  assert.deepEqual(await table.locator("td:first-child").allInnerTexts(), ["one", "past", "two"]);
  const colour = (text) => table.getByText(text, { exact: true }).evaluate((e) => getComputedStyle(e).color);
  assert.notEqual(await colour("DELETE"), await colour("<b>bold</b>"));
  assert.equal(await playground.messages.count(), 0); // one view at a time
  await playground.stream.getByRole("button", { name: "Messages", exact: true }).click();
  assert.equal((await cells(playground.messages, /PURGE/))[0], "8");
  await playground.close();
});

test("Keys counts down a bucket's TTL, to the row's end", async () => {
  const { playground, a, page } = await viewing("Keys", "--ttl 90s");
  const table = page.getByRole("table", { name: "Keys", exact: true });
  await a.enter("nats kv put b lock held");
  const row = table.getByRole("row").filter({ hasText: "held" });
  await row.getByText(/^1m(30|2\d)s$/).waitFor();
  const drawn = await row.elementHandle();
  await page.getByRole("button", { name: "+1 min" }).click();
  await row.getByText(/^(30|2\d)s$/).waitFor();
  assert.ok(await drawn.evaluate((row) => row.isConnected), "only the time is drawn anew");
  await page.getByRole("button", { name: "Fast-forward" }).click();
  await row.waitFor({ state: "detached" });
  await playground.close();
});
