// The views of a bucket beside its messages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
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

test("Keys says above its rows that they are not all", async () => {
  const { playground, a, page } = await viewing("Keys");
  await a.enter("for i in {1..201}; do nats kv put b key$i v; done");
  const some = page.getByText("200 of 201 keys");
  await some.waitFor();
  const [said, head, view] = await Promise.all([some, page.getByRole("columnheader", { name: "Key", exact: true }), playground.stream].map((part) => part.boundingBox()));
  assert.ok(view.y < said.y && said.y + said.height <= head.y && head.y < view.y + view.height);
  await playground.close();
});

test("a mirror is chosen like any bucket, and shown with its origin's subjects", async () => {
  const { playground, a, page } = await viewing("Messages");
  await a.enter("nats kv put b one first; nats kv add mir --mirror b; nats kv add far --mirror mir");
  const choice = page.getByRole("combobox", { name: "Bucket" });
  await choice.waitFor();
  const view = (name) => playground.stream.getByRole("button", { name, exact: true }).click();
  for (const name of ["mir", "far"]) {
    await a.enter(`nats kv put b ${name} second`); // which turns to that bucket
    await a.shows(/second\n/, `b ${name}`);
    await choice.selectOption(name);
    await playground.messages.getByText(`$KV.b.${name}`).waitFor();
    assert.deepEqual((await cells(playground.messages, "$KV.b.one")).slice(0, 4), ["1", "$KV.b.one", "PUT", "first"]);
    await view("Keys");
    const table = page.getByRole("table", { name: "Keys", exact: true });
    assert.deepEqual(await cells(table, "first"), ["one", "first", "1", "1", "–"]);
    await view("Tape");
    await page.getByTitle("1 PUT first", { exact: true }).waitFor();
    await page.locator(".tape__key").getByText("one", { exact: true }).waitFor();
    await view("Config");
    await page.getByRole("definition").filter({ hasText: "copied" }).waitFor();
    await view("Messages");
  }
  await a.enter("nats kv rm mir --force");
  await choice.getByRole("option", { name: "mir", exact: true }).waitFor({ state: "detached" });
  await playground.close();
});

test("a bucket with sources has what they have under names of its own", async () => {
  const { playground, a } = await viewing("Messages");
  await a.enter("nats kv put b one first; nats kv add sum --source b; nats kv put sum two second");
  await playground.messages.getByText("$KV.sum.one").waitFor();
  await playground.messages.getByText("$KV.sum.two").waitFor();
  await playground.stream.getByRole("button", { name: "Config", exact: true }).click();
  await playground.page.getByRole("definition").filter({ hasText: "copied" }).waitFor();
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

test("Keys and the tape count down a key's own TTL, and say so when it was what took the value", async () => {
  const { playground, a, page } = await viewing("Keys", "--ttl 1h --marker-ttl 30s");
  const table = page.getByRole("table", { name: "Keys", exact: true });
  await a.enter("nats kv put b other x; nats kv create b lock held --ttl 90s; nats pub '$KV.b.ever' y -H Nats-TTL:never");
  const ends = (key, time) => table.getByRole("row").filter({ has: page.getByRole("cell", { name: key, exact: true }) }).getByText(time).waitFor();
  await ends("lock", /^1m(30|2\d)s$/);
  await ends("other", /^(1h0m0|59m\d+)s$/);
  await ends("ever", /^–$/);
  await page.getByRole("button", { name: "Tape", exact: true }).click();
  await page.getByText(/^1m(30|2\d)s left$/).waitFor();
  await page.getByRole("button", { name: "Fast-forward" }).click();
  await page.getByTitle("2 PUT held, dropped: TTL").waitFor();
  await page.getByRole("button", { name: "Keys", exact: true }).click();
  await table.getByText("PURGE").waitFor();
  await ends("lock", /^(30|2\d)s$/); // the marker's
  await playground.close();
});

test("a value that turns the direction of text leaves the reason behind it to be read", async () => {
  const playground = await world.open({ address: "#step=put" });
  await playground.terminal("A").enter("nats kv put my-kv k $'\\u202eabc'; nats kv put my-kv k next");
  const reason = playground.messages.getByText("dropped: history is full");
  await reason.waitFor();
  const [first, last] = await reason.evaluate(({ firstChild: text }) =>
    [0, text.length - 1].map((at) => {
      const letter = document.createRange();
      letter.setStart(text, at);
      letter.setEnd(text, at + 1);
      return letter.getBoundingClientRect().x;
    }),
  );
  assert.ok(first < last, `${first} < ${last}`);
  await playground.close();
});

test("the tape says in words why a message was dropped, and keeps the keyboard off what is not seen", async () => {
  const { playground, a, page } = await viewing("Tape", "--history 2 --ttl 1h");
  await a.enter("for i in 1 2 3; do nats kv put b one $i; done; nats kv put b two x; nats kv purge b two -f; nats kv put b three x");
  const tape = page.getByRole("img", { name: /^Tape/ });
  await tape.getByText("purged", { exact: true }).waitFor();
  assert.deepEqual(await tape.locator("small").filter({ hasText: /^(?!.*left)/ }).allInnerTexts(), ["history", "purged"]);
  await page.getByRole("button", { name: "Config", exact: true }).focus();
  await page.keyboard.press("Tab");
  assert.ok(await tape.evaluate((tape) => tape === document.activeElement));
  const names = await playground.messages.getByRole("row").filter({ hasText: "dropped" }).allInnerTexts();
  assert.equal(names.length, 2);
  await playground.close();
});

const config = (page) => page.getByRole("group", { name: "Configuration of the stream" });

test("Config is the server's own description of the stream, with what makes it a bucket explained, and is kept current", async () => {
  const { playground, a, page } = await viewing("Config", "--history 5 --ttl 1h");
  const json = async () => JSON.parse(await config(page).locator("pre").innerText());
  const says = (field) => config(page).getByRole("term").filter({ hasText: field }).locator("xpath=following-sibling::dd[1]").innerText();
  await config(page).getByRole("term").filter({ hasText: "max_msgs_per_subject" }).waitFor();
  const { name, subjects, max_msgs_per_subject, max_age, discard, deny_delete, allow_rollup_hdrs, allow_direct } = await json();
  assert.deepEqual([name, subjects, max_msgs_per_subject, max_age, discard], ["KV_b", ["$KV.b.>"], 5, 3600e9, "new"]);
  assert.deepEqual([deny_delete, allow_rollup_hdrs, allow_direct], [true, true, true]);
  const fields = await config(page).getByRole("term").allInnerTexts();
  for (const field of ["max_msgs_per_subject", "max_age", "discard", "deny_delete", "allow_rollup_hdrs", "allow_direct"]) assert.ok(fields.includes(field), field);
  assert.match(await says("max_msgs_per_subject"), /history/);
  assert.ok(!fields.includes("max_consumers"));
  await a.enter("nats stream edit KV_b --max-msgs-per-subject 7 --description '<b>changed</b>' -f");
  await a.shows(/Really operate on the KV stream\?/);
  await a.enter("y");
  await config(page).getByText("<b>changed</b>").waitFor();
  assert.equal((await json()).max_msgs_per_subject, 7);
  await playground.close();
});

const wire = (page) => page.getByRole("table", { name: "Wire", exact: true });
/** The row with this line, and what belongs to it. */
const passed = (page, text) => wire(page).getByRole("row").filter({ hasText: text }).last();

test("Wire has the lines of the terminals' connections in order, with what they carry, and none of the page's own", async () => {
  const { playground, a, page } = await viewing("Wire");
  const stored = passed(page, /KV_b.*"config"|STREAM\.CREATE\.KV_b/);
  await stored.waitFor(); // from before the tab was looked at
  await a.enter("nats kv put b k '<i>Value</i>'");
  await passed(page, /"seq":1/).waitFor();
  const rows = await wire(page).getByRole("row").allInnerTexts();
  const at = (pattern) => rows.findLastIndex((row) => pattern.test(row));
  const [info, connect, put, answer] = [/^A got\s+INFO \{(?!.*connect_info)/, /^A sent\s+CONNECT \{"verbose":false/, /^A sent\s+PUB \$KV\.b\.k _INBOX\.\S+ 12\s+12 B <i>Value<\/i>/, /^A got\s+MSG _INBOX\.\S+ \d+ \d+\s+\d+ B \{"stream":"KV_b", ?"seq":1/].map(at);
  assert.ok(0 < info && info < connect && connect < put && put < answer, rows.slice(-12).join("\n"));
  assert.match(rows[put], /\d\d:\d\d:\d\d$/);
  // The page's own client asks all the time which buckets there are.
  assert.ok(!rows.some((row) => /STREAM\.NAMES|"name":"playground"/.test(row)));
  await playground.terminal("B").enter("nats kv del b k -f");
  await passed(page, /^B sent\s*HPUB \$KV\.b\.k [^]*KV-Operation: DEL/).waitFor();
  await playground.close();
});

test("Wire begins with the first connection, before there was JetStream", async () => {
  const playground = await world.open();
  const { page } = playground;
  const a = playground.terminal("A");
  await a.enter("nats kv add early");
  await a.shows(/jetstream not enabled/);
  const server = playground.terminal("Server");
  await server.show();
  await server.press("Control+c");
  await server.enter("nats-server -js");
  await server.shows(/Server is ready/, "nats-server -js");
  await a.enter("nats kv add late");
  await playground.stream.getByRole("button", { name: "Wire", exact: true }).click();
  await passed(page, /STREAM\.CREATE\.KV_late/).waitFor();
  const rows = await wire(page).getByRole("row").allInnerTexts();
  assert.match(rows[1], /^A got\s+INFO \{/);
  assert.match(rows[2], /^A sent\s+CONNECT \{/);
  const refused = rows.findIndex((row) => /^A got\s+HMSG [^]*NATS\/1\.0 503/.test(row));
  assert.ok(0 < refused && refused < rows.findIndex((row) => /KV_late/.test(row)));
  await playground.close();
});

test("Wire shows no secret", async () => {
  const { playground, a, page } = await viewing("Wire");
  const server = playground.terminal("Server");
  await server.show();
  await server.press("Control+c");
  await server.enter("nats-server -js --user ada --pass s3cret-of-the-test");
  await server.shows(/Server is ready/, "s3cret-of-the-test");
  await a.enter("nats account info --user ada --password s3cret-of-the-test");
  await a.shows(/Account Usage/);
  await passed(page, /CONNECT .*"user":"ada","pass":"\*\*\*"/).waitFor();
  assert.ok(!(await wire(page).innerText()).includes("s3cret-of-the-test"));
  await playground.close();
});

test("Wire keeps the newest 500 lines, and leaves those alone who read further up", async () => {
  const { playground, a, page } = await viewing("Wire");
  await a.enter("for i in {1..60}; do nats kv put b k $i; done; nats kv put b end x");
  await passed(page, /PUB \$KV\.b\.end/).waitFor();
  assert.ok((await wire(page).getByRole("row").count()) <= 501);
  const scroll = page.getByRole("group", { name: "Lines of the protocol" });
  const top = () => scroll.evaluate((e) => e.scrollTop);
  const atEnd = (e) => e.scrollTop + e.clientHeight >= e.scrollHeight - 1;
  await page.waitForFunction(atEnd, await scroll.elementHandle());
  await a.enter("nats kv put b end y");
  await passed(page, /PUB \$KV\.b\.end \S+ 1\s*1 B y/).waitFor();
  await page.waitForFunction(atEnd, await scroll.elementHandle());
  await scroll.focus();
  await page.keyboard.press("Home");
  await page.waitForFunction((e) => e.scrollTop === 0, await scroll.elementHandle());
  await a.enter("nats kv put b end z");
  await wire(page).getByText(/1 B z/).waitFor();
  assert.equal(await top(), 0);
  await playground.close();
});

test("the tape has a caret under the last message that a watch was sent, as long as it runs", async () => {
  const { playground, a, page } = await viewing("Tape", "--history 5");
  await a.enter("nats kv put b k one && nats kv put b k two");
  await playground.terminal("B").enter("nats kv watch b");
  await page.getByTitle("sent to B: up to 2").waitFor();
  await a.enter("nats kv put b other three");
  await page.getByTitle("sent to B: up to 3").waitFor();
  const middles = () => page.evaluate(() => {
    const marks = ["sent to B: up to 3", "3 PUT three"].map((title) => document.querySelector(`[title="${title}"]`).getBoundingClientRect());
    return marks.map((box) => Math.round(box.x + box.width / 2));
  });
  const [caretAt, markAt] = await middles();
  assert.equal(caretAt, markAt);
  await playground.terminal("B").press("Control+c");
  await page.getByTitle(/^sent to B/).waitFor({ state: "detached" });
  await playground.close();
});

test("the tape shows the newest messages, and leaves those alone who look at older ones", async () => {
  const { playground, a, page } = await viewing("Tape");
  await a.enter("for i in {1..60}; do nats kv put b key$i v; done");
  const tape = page.getByRole("img", { name: /^Tape/ });
  const seen = (title) => page.waitForFunction((title) => {
    const [mark, number, tape] = [`[title="${title}"]`, ".tape__number", ".tape"].map((part) => document.querySelector(part)?.getBoundingClientRect());
    return mark && mark.right <= tape.right && mark.bottom <= tape.bottom && number.top >= tape.top && number.bottom <= mark.top;
  }, title);
  await seen("60 PUT v");
  // Until it stays: a drawing that has begun may still end at the end.
  await page.waitForFunction((tape) => {
    const there = tape.scrollLeft === 0 && tape.scrollTop === 0;
    tape.scrollTo(0, 0);
    return there;
  }, await tape.elementHandle());
  await a.enter("nats kv put b one-more v");
  await page.getByTitle("61 PUT v").waitFor({ state: "attached" });
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  assert.deepEqual(await tape.evaluate((tape) => [tape.scrollLeft, tape.scrollTop]), [0, 0]);
  await playground.close();
});

test("what somebody reads of many messages stays where it is when more come and older ones go", async () => {
  const { playground, a, page } = await viewing("Messages");
  await a.enter("for i in {1..210}; do nats kv put b k$i v; done");
  await playground.messages.getByText("$KV.b.k210", { exact: true }).waitFor();
  const scroll = page.getByRole("group", { name: "Messages of the bucket" });
  const read = playground.messages.getByRole("row").filter({ has: page.getByText("$KV.b.k110", { exact: true }) });
  await page.waitForFunction((scroll) => scroll.scrollTop + scroll.clientHeight >= scroll.scrollHeight - 1, await scroll.elementHandle());
  await read.scrollIntoViewIfNeeded();
  const before = await read.boundingBox();
  await a.enter("for i in {211..220}; do nats kv put b k$i v; done");
  await playground.messages.getByText("$KV.b.k220", { exact: true }).waitFor();
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  assert.deepEqual(await read.boundingBox(), before);
  await playground.close();
});

test("of a flood a few rows are drawn while it lasts, and as many as ever when it is over", async () => {
  const { playground, a, page } = await viewing("Messages");
  const wire = page.getByRole("table", { name: "Wire", exact: true });
  const drawn = async (table, number) =>
    page.waitForFunction(([table, number]) => table.querySelectorAll("tbody tr").length === number, [await table.elementHandle(), number]);
  await a.enter("nats bench kv put --bucket b --msgs 1000000 --no-progress");
  const numbers = playground.messages.locator("tbody td:first-child");
  await numbers.filter({ hasText: /^\d{4}$/ }).first().waitFor();
  await drawn(playground.messages, 30);
  await playground.stream.getByRole("button", { name: "Wire", exact: true }).click();
  await drawn(wire, 30);
  await a.press("Control+c");
  await a.shows(/\^C/);
  await a.enter("nats kv put b last v");
  await wire.getByText("$KV.b.last").first().waitFor();
  await drawn(wire, 500);
  await playground.stream.getByRole("button", { name: "Messages", exact: true }).click();
  await playground.messages.getByText("$KV.b.last", { exact: true }).waitFor();
  await drawn(playground.messages, 200);
  const all = await numbers.allInnerTexts();
  assert.deepEqual(all, Array.from(all, (_, at) => String(Number(all.at(-1)) - 199 + at)));
  await playground.close();
});

test("in any size the newest stay in sight, and older ones for those who look at them", async () => {
  const { playground, a, page } = await viewing("Messages");
  const views = { Messages: page.getByRole("group", { name: "Messages of the bucket" }), Tape: page.getByRole("img", { name: /^Tape/ }) };
  await a.enter("for i in {1..60}; do nats kv put b key$i v; done");
  await playground.messages.getByText("key60").waitFor();
  await playground.messages.getByText("$KV.b.key1", { exact: true }).waitFor(); // In a flood only the newest are drawn.
  for (const [name, view] of Object.entries(views)) {
    await playground.stream.getByRole("button", { name, exact: true }).click();
    const atEnd = ([view]) => view.scrollTop > 0 && view.scrollTop + view.clientHeight >= view.scrollHeight - 1 && view.scrollLeft + view.clientWidth >= view.scrollWidth - 1;
    for (const [width, height] of [[1280, 800], [900, 560], [1200, 700]]) {
      await page.setViewportSize({ width, height });
      await page.waitForFunction(atEnd, [await view.elementHandle()]);
    }
    await view.evaluate((view) => new Promise((scrolled) => {
      view.addEventListener("scroll", scrolled, { once: true });
      view.scrollTo(0, 0);
    }));
    await page.setViewportSize({ width: 900, height: 560 });
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    assert.deepEqual(await view.evaluate((view) => [view.scrollLeft, view.scrollTop]), [0, 0]);
  }
  await playground.close();
});

test("each view is accessible on a phone and in an embedded page, and no tab moves another", async () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  for (const [colorScheme, address] of [["light", "#step=put"], ["dark", "?embed=1&panel=both#step=put"]]) {
    const playground = await world.open({ address, colorScheme, viewport: { width: 1280, height: 800 } });
    const { page } = playground;
    await playground.run(0);
    await playground.messages.getByText("Value1").waitFor();
    await page.setViewportSize({ width: 360, height: 740 });
    if (!address.startsWith("?")) await page.getByRole("button", { name: "Stream", exact: true }).click();
    const tabs = page.getByRole("group", { name: "Views" }).getByRole("button");
    const places = () => tabs.evaluateAll((all) => all.map((tab) => tab.offsetLeft));
    const before = await places();
    assert.deepEqual(await tabs.allInnerTexts(), ["Messages", "Tape", "Keys", "Wire", "Config"]);
    for (const tab of await tabs.all()) {
      await tab.focus();
      await page.keyboard.press("Enter");
      assert.equal(await tab.getAttribute("aria-pressed"), "true");
      assert.deepEqual(await places(), before);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
      await page.waitForTimeout(1000); // rows that have just come are still lit up
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join()}`), []);
    }
    await playground.close();
  }
});
