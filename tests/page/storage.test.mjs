// What the browser keeps: where it keeps nothing, or no more, the page says so and works; of two tabs one keeps.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp, Playground } from "./support/playground.mjs";

let world;
before(async () => (world = await setUp()));
after(() => world.close());

/** Starts JetStream, puts `value` under the key `k` of a new bucket `b`, and reads it. */
async function works(playground, value = "v") {
  const [a, server] = [playground.terminal("A"), playground.terminal("Server")];
  await server.press("Control+c");
  await server.enter("nats-server -js");
  await server.shows(/Server is ready/, "nats-server -js");
  await a.enter("nats kv add b");
  await a.shows(/Bucket Name: b\n/);
  await a.enter(`nats kv put b k ${value}`);
  await a.enter("nats kv get b k --raw");
  await a.shows(new RegExp(`--raw\\n${value}\\n`));
}

const notice = (playground, text) => playground.page.getByRole("status").filter({ hasText: text }).waitFor();

const REFUSALS = {
  "there is no IndexedDB": () => Object.defineProperty(window, "indexedDB", { value: undefined }),
  "open throws": () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("not here", "SecurityError");
    };
  },
  "open fails": () => {
    const open = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function () {
      const request = open.call(this, "another", 1);
      request.addEventListener("upgradeneeded", () => request.transaction.abort());
      return request;
    };
  },
};

for (const [name, script] of Object.entries(REFUSALS)) {
  test(`where ${name}, nothing is kept, which is said, and everything works`, async () => {
    const playground = await world.open({ script });
    await notice(playground, "keeps nothing");
    await works(playground);
    await playground.close();
  });
}

test("where there is no room left, it is said, and everything works", async () => {
  const playground = await world.open({
    script: () => {
      IDBObjectStore.prototype.put = () => {
        throw new DOMException("full", "QuotaExceededError");
      };
    },
  });
  await works(playground);
  await notice(playground, "stores no more");
  await playground.terminal("A").enter("nats kv put b k again");
  await playground.terminal("A").shows(/\nagain\n/);
  await playground.close();
});

test("what comes after what could not be stored is not kept, even if there is room again", async () => {
  const playground = await world.open({
    address: "#step=put",
    script: () => {
      const put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (...args) {
        const request = put.apply(this, args);
        if (window.full) this.transaction.abort();
        window.full = false;
        return request;
      };
    },
  });
  const { page } = playground;
  const a = playground.terminal("A");
  await a.enter("nats kv add b; nats kv put b before v");
  await a.shows(/\nv\n/);
  await page.waitForTimeout(200); // what is stored within 100 ms survives
  await page.evaluate(() => (window.full = true));
  await a.enter("nats bench kv put --msgs 5000 --bucket b; echo over");
  await a.shows(/\nover\n/);
  await notice(playground, "stores no more");
  await page.waitForTimeout(200);
  await playground.reload();
  await a.enter("nats stream info KV_b");
  await a.shows(/Last Sequence: 1 @/);
  await playground.close();
});

test("thousands of messages are kept as soon as a few", async () => {
  const playground = await world.open({ address: "#step=put" });
  const a = playground.terminal("A");
  await a.enter("nats kv add many; nats bench kv put --msgs 5000 --bucket many; echo over");
  await a.shows(/\nover\n/);
  await playground.page.waitForTimeout(200); // what is stored within 100 ms survives
  await playground.reload();
  await a.enter("nats stream info KV_many");
  await a.shows(/Last Sequence: 5,000/);
  await playground.close();
});

test("where nothing at all can be stored, the page works", async () => {
  const playground = await world.open({
    script: () => {
      Object.defineProperty(window, "indexedDB", { value: undefined });
      Storage.prototype.setItem = () => {
        throw new DOMException("full", "QuotaExceededError");
      };
      Storage.prototype.getItem = () => {
        throw new DOMException("not here", "SecurityError");
      };
    },
  });
  await works(playground);
  await playground.close();
});

/** The question that "Reset" asks. */
async function ask({ page }) {
  await page.getByRole("button", { name: "Reset", exact: true }).click();
  return page.getByRole("dialog", { name: "Begin again?" });
}

/** Begins again. */
async function reset(playground) {
  const loaded = playground.page.waitForEvent("load");
  await (await ask(playground)).getByRole("button", { name: "Begin again" }).click();
  await loaded;
  await playground.ready();
}

test("a clock that was moved ahead does not go back behind what is kept, until Reset", async () => {
  const playground = await world.open({ address: "#step=bucket", timezoneId: "UTC" });
  const { page } = playground;
  const a = playground.terminal("A");
  const ahead = async () => {
    await a.enter("date");
    await a.shows(/ UTC \d{4}\n/, "$ date\n");
    const now = Date.parse((await a.text()).match(/.* UTC \d{4}/g).at(-1));
    return Math.floor((now - Date.now()) / 60_000 + 0.5);
  };
  await page.getByRole("button", { name: "+1 min" }).click();
  await page.getByRole("button", { name: "+1 min" }).click();
  await a.enter("nats kv add b --marker-ttl 1h; nats kv create b k v --ttl 50s");
  await a.shows(/\nv\n/);
  assert.equal(await ahead(), 2);
  await page.waitForTimeout(200); // what is stored within 100 ms survives
  await playground.reload();
  await playground.stream.getByRole("button", { name: "Keys", exact: true }).click();
  await playground.stream.getByRole("cell", { name: /^[1-4]?\ds$/ }).waitFor();
  assert.equal(await ahead(), 2);
  await reset(playground);
  assert.equal(await ahead(), 0);
  await playground.close();
});

test("Reset erases what is kept, but asks first, with the harmless answer at hand", async () => {
  const playground = await world.open();
  const { page } = playground;
  const a = playground.terminal("A");
  await works(playground);
  const dialog = await ask(playground);
  await dialog.getByText(/Every bucket .* erased/).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Cancel");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Reset");
  await ask(playground);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "hidden" });
  await page.waitForTimeout(200); // what is stored within 100 ms survives
  await playground.reload();
  await a.enter("nats kv get b k --raw");
  await a.shows(/--raw\nv\n/);
  await reset(playground);
  await playground.terminal("Server").press("Control+c");
  await playground.terminal("Server").enter("nats-server -js");
  await playground.terminal("Server").shows(/Server is ready/, "nats-server -js");
  await a.enter("nats kv get b k --raw");
  await a.shows(/bucket not found/);
  await playground.close();
});

test("a second tab begins with what was kept, says that it keeps nothing, and keeps nothing", async () => {
  const first = await world.open();
  await works(first, "first");
  const second = new Playground(await first.page.context().newPage(), [new URL(world.site.origin).host]);
  await second.goto(`${first.page.url().split("#")[0]}#step=watch`);
  await notice(second, "Another tab keeps");
  const [a, other] = [first.terminal("A"), second.terminal("A")];
  await reset(second); // a guest: what the first keeps is not its to erase
  await notice(second, "Another tab keeps");
  await other.enter("nats kv get b k --raw");
  await other.shows(/--raw\nfirst\n/);
  await other.enter("nats kv put b k second");
  await other.shows(/\nsecond\n/);
  const server = second.terminal("Server");
  await server.show();
  await server.press("Control+c");
  await server.enter("nats-server"); // nor what the first one's server is started with
  await server.shows(/Server is ready[^]*Server is ready/);
  assert.equal(await second.page.evaluate(() => localStorage.getItem("step")), "prerequisites"); // nor at which step that one is
  await second.page.close();
  await a.enter("nats kv put b other mine");
  await a.shows(/\nmine\n/);
  await first.page.waitForTimeout(200); // what is stored within 100 ms survives
  await first.reload();
  await a.enter("nats kv get b k --raw");
  await a.shows(/--raw\nfirst\n/);
  assert.deepEqual(second.problems, []);
  await first.close();
});

test("what is said of the browser covers nothing, moves nothing where the header has room, and can be dismissed", async () => {
  for (const width of [1280, 900, 360]) {
    const playground = await world.open({ script: REFUSALS["there is no IndexedDB"], viewport: { width, height: 740 } });
    const { page } = playground;
    const said = page.getByRole("status").filter({ hasText: "keeps nothing" });
    const text = await said.getByText(/keeps nothing.*closed\.$/).boundingBox();
    assert.ok(text.x >= 0 && text.x + text.width <= width && text.y >= 0, "it is in view");
    const lesson = await playground.lesson.boundingBox();
    assert.ok(text.y + text.height <= lesson.y, "the lesson begins below it");
    const stay = "header button:not([aria-label=Dismiss])" + (width === 1280 ? ", h1, h2, .command, section, textarea" : "");
    const places = () => page.locator(stay).evaluateAll((all) => all.map((e) => JSON.stringify(e.getBoundingClientRect())));
    const before = await places();
    await page.getByRole("button", { name: "Dismiss" }).click();
    await said.waitFor({ state: "detached" });
    assert.deepEqual(await places(), before);
    await playground.close();
  }
});
