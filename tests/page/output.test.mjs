// Much output: the page stays smooth, what is drawn stays bounded, typing and ^C are answered while it runs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp } from "./support/playground.mjs";

const LINES = 10_000; // kept
const LONGEST = 500; // ms of one task, on a busy machine
const ANSWER = 1_000; // ms until a key is answered, on a busy machine

let world;
before(async () => (world = await setUp()));
after(() => world.close());

/** Notes from now on how long tasks are. */
async function watchTasks(page) {
  await page.evaluate(() => {
    window.tasks = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => Math.round(entry.duration)))).observe({ type: "longtask" });
  });
  return () => page.evaluate(() => Math.max(0, ...tasks));
}

const elements = (terminal) => terminal.output.evaluate((log) => log.querySelectorAll("*").length);

for (const [last, line] of [[100_000, "seq 100000"], [20_000, "for i in $(seq 20000); do echo $i; done"]]) {
  test(`many lines stay smooth: ${line}`, async () => {
    const playground = await world.open();
    const a = playground.terminal("A");
    const longest = await watchTasks(playground.page);
    await a.enter(line);
    await a.output.evaluate((log, last) => new Promise((resolve) => {
      const look = () => (log.lastElementChild?.textContent.split("\n").includes(last) ? resolve() : requestAnimationFrame(look));
      look();
    }), String(last));
    const count = await elements(a);
    assert.ok(count > LINES / 2 && count < 1.3 * LINES, `${count} elements for the lines that are kept`);
    const took = await longest();
    assert.ok(took < LONGEST, `a task of ${took} ms`);
    await a.enter("echo done-$((1+1))");
    await a.shows(/done-2\n/);
    const [bottom, line_] = await Promise.all([a.region.boundingBox(), a.input.boundingBox()]);
    assert.ok(line_.y + line_.height <= bottom.y + bottom.height, "the line is in sight");
    await playground.close();
  });
}

test("while lines pour out, typing is answered and ^C ends it at once", async () => {
  const playground = await world.open();
  const [a, b] = [playground.terminal("A"), playground.terminal("B")];
  await b.show();
  const longest = await watchTasks(playground.page);
  await a.enter("while true; do echo a line that comes again and again; done");
  await playground.page.waitForFunction((log) => log.childElementCount > 50, await a.output.elementHandle(), { timeout: 60_000 });
  const timed = async (what) => {
    const start = Date.now();
    await what();
    return Date.now() - start;
  };
  const typing = await timed(async () => {
    await b.enter("echo meanwhile");
    await b.shows(/\nmeanwhile\n/);
  });
  const keys = "echo meanwhile".length + 1;
  assert.ok(typing < keys * 100 + ANSWER, `${keys} keys and their answer took ${typing} ms`);
  await a.input.focus();
  const stopped = await timed(async () => {
    await playground.page.keyboard.press("Control+c");
    await playground.page.waitForFunction((log) => log.lastElementChild?.textContent.includes("^C"), await a.output.elementHandle());
    await a.enter("echo x");
  });
  assert.ok(stopped < 2 * ANSWER, `^C and the next command took ${stopped} ms`);
  const count = await elements(a);
  assert.ok(count < 1.3 * LINES, `${count} elements`);
  const took = await longest();
  assert.ok(took < LONGEST, `a task of ${took} ms`);
  await playground.close();
});
