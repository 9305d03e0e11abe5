// Much output: the page stays smooth, what is drawn stays bounded, typing and ^C are answered while it runs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp } from "./support/playground.mjs";

const LINES = 10_000; // kept
const LONGEST = 500; // ms of one task, on a busy machine
const ANSWER = 1_000; // ms until a key is answered, on a busy machine
const TRIES = 3; // what else the machine does only makes times longer: the shortest counts

let world;
before(async () => (world = await setUp()));
after(() => world.close());

class TooSlow extends Error {}

function within(limit, took, what) {
  if (took > limit) throw new TooSlow(`${what} took ${took} ms of ${limit}`);
}

/** A test that measures time, in a fresh page; again where it took too long. */
function measures(name, body) {
  test(name, async () => {
    for (let left = TRIES; ; ) {
      const playground = await world.open();
      try {
        return await body(playground);
      } catch (error) {
        if (!(error instanceof TooSlow) || --left === 0) throw error;
      } finally {
        await playground.close();
      }
    }
  });
}

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
  measures(`many lines stay smooth: ${line}`, async (playground) => {
    const a = playground.terminal("A");
    const longest = await watchTasks(playground.page);
    await a.enter(line);
    await a.output.evaluate((log, last) => new Promise((resolve) => {
      const look = () => (log.lastElementChild?.textContent.split("\n").includes(last) ? resolve() : requestAnimationFrame(look));
      look();
    }), String(last));
    const count = await elements(a);
    assert.ok(count > LINES / 2 && count < 1.3 * LINES, `${count} elements for the lines that are kept`);
    within(LONGEST, await longest(), "a task");
    await a.enter("echo done-$((1+1))");
    await a.shows(/done-2\n/);
    const [bottom, line_] = await Promise.all([a.region.boundingBox(), a.input.boundingBox()]);
    assert.ok(line_.y + line_.height <= bottom.y + bottom.height, "the line is in sight");
  });
}

measures("while lines pour out, typing is answered and ^C ends it at once", async (playground) => {
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
  within(keys * 100 + ANSWER, typing, `${keys} keys and their answer`);
  await a.input.focus();
  const stopped = await timed(async () => {
    await playground.page.keyboard.press("Control+c");
    await playground.page.waitForFunction((log) => log.lastElementChild?.textContent.includes("^C"), await a.output.elementHandle());
    await a.enter("echo x");
  });
  within(2 * ANSWER, stopped, "^C and the next command");
  const count = await elements(a);
  assert.ok(count < 1.3 * LINES, `${count} elements`);
  within(LONGEST, await longest(), "a task");
});
