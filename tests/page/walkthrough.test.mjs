// The walkthrough as a person does it: by its buttons, by typing, with a reload in the middle.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp } from "./support/playground.mjs";
import { STEPS, runStep, typeStep } from "./support/walkthrough.mjs";

let world;
before(async () => (world = await setUp()));
after(() => world.close());

async function walk(playground, steps, doStep) {
  for (const [index, step] of steps.entries()) {
    await doStep(playground, step);
    if (index < steps.length - 1) await playground.next();
  }
}

test("every step by its Run buttons", async () => {
  const playground = await world.open();
  await walk(playground, STEPS, runStep);
  assert.equal(await playground.progress(), STEPS.length);
  await playground.close();
});

test("every step by typing", async () => {
  const playground = await world.open();
  await walk(playground, STEPS, typeStep);
  assert.equal(await playground.progress(), STEPS.length);
  await playground.close();
});

test("a reload in the middle keeps the place and the progress", async () => {
  const playground = await world.open();
  await walk(playground, STEPS.slice(0, 4), runStep);
  await playground.next();
  const [heading, progress] = [await playground.heading(), await playground.progress()];
  await playground.reload();
  assert.equal(await playground.heading(), heading);
  assert.equal(await playground.progress(), progress);
  await playground.close();
});

test("a file-backed bucket is there after a reload", async () => {
  const playground = await world.open();
  await walk(playground, STEPS.slice(0, 5), runStep);
  await playground.page.waitForTimeout(200); // what is stored within 100 ms survives
  await playground.reload();
  await playground.terminal("A").enter("nats kv get my-kv Key1 --raw");
  await playground.terminal("A").shows(/\nValue1\n/);
  await playground.close();
});

test("who leaves steps out is offered what the next one needs", async () => {
  const playground = await world.open();
  const offer = playground.lesson.getByRole("button", { name: "Make what this step needs" });
  for (let step = 2; step <= 4; step += 1) await playground.next();
  assert.equal(await playground.heading(), "Put a value");
  const a = playground.terminal("A");
  await a.enter("sleep 100");
  await offer.click();
  await a.shows(/Bucket Name: my-kv/);
  await offer.waitFor({ state: "hidden" });
  await playground.run(0);
  await playground.stepComplete();
  await playground.next();
  assert.equal(await offer.isVisible(), false);
  await playground.close();
});

test("who has removed a bucket is offered it again, unless the step was to remove it", async () => {
  const playground = await world.open();
  const offer = playground.lesson.getByRole("button", { name: "Make what this step needs" });
  await walk(playground, STEPS.slice(0, 5), runStep);
  const a = playground.terminal("A");
  await a.enter("nats kv rm my-kv --force");
  await playground.lesson.getByText("The bucket of this step is not there.").waitFor();
  await offer.click();
  await a.shows(/Value1\n/, "nats kv rm my-kv --force");
  await offer.waitFor({ state: "hidden" });
  await a.enter("nats kv rm my-kv --force");
  await offer.waitFor(); // again, though it was made once
  await playground.next();
  await offer.waitFor();
  for (let step = 6; step < STEPS.length; step += 1) await playground.next();
  assert.equal(await playground.heading(), "Clean up");
  await playground.stepComplete();
  assert.equal(await offer.isVisible(), false);
  await playground.close();
});

test("a step that an address has prepared is offered again what it lacks, the key included", async () => {
  const playground = await world.open({ address: "#step=get" });
  const offer = playground.lesson.getByRole("button", { name: "Make what this step needs" });
  const a = playground.terminal("A");
  await playground.messages.getByText("$KV.my-kv.Key1").waitFor();
  assert.equal(await offer.isVisible(), false);
  await a.enter("nats kv del my-kv Key1 --force");
  await playground.lesson.getByText("The key of this step is not there.").waitFor();
  await a.enter("nats kv rm my-kv --force");
  await playground.lesson.getByText("The bucket of this step is not there.").waitFor();
  await a.enter("nats kv add my-kv; nats kv put my-kv Key1 mine"); // by hand is as good
  await offer.waitFor({ state: "hidden" });
  const server = playground.terminal("Server");
  await server.show();
  await server.press("Control+c");
  await playground.lesson.getByText("JetStream is not on.").waitFor();
  await server.enter("nats-server -js");
  await offer.waitFor({ state: "hidden" });
  await playground.close();
});

test("what a step needs is not offered where it is there, whoever has made it", async () => {
  const playground = await world.open({ address: "#run=nats%20kv%20ls&step=bucket" });
  const offer = playground.lesson.getByRole("button", { name: "Make what this step needs" });
  await playground.terminal("A").shows(/No Key-Value buckets found/);
  assert.equal(await offer.isVisible(), false);
  await playground.next();
  await offer.waitFor();
  await playground.terminal("A").enter("nats kv add my-kv");
  await offer.waitFor({ state: "hidden" });
  await playground.close();
});

test("a bucket is not removed because its server is stopped", async () => {
  const playground = await world.open({ address: "#step=cleanup" });
  const server = playground.terminal("Server");
  await playground.messages.getByText("$KV.my-kv.Key1").waitFor();
  await server.show();
  await server.press("Control+c");
  await server.shows(/Server Exiting/);
  await playground.terminal("A").enter("nats kv ls");
  await playground.terminal("A").shows(/no servers available/);
  await playground.page.waitForTimeout(7_000); // until what was asked of it counts as unanswered
  await server.enter("nats-server -js");
  await playground.messages.getByText("$KV.my-kv.Key1").waitFor();
  assert.equal(await playground.complete.count(), 0);
  await playground.terminal("A").enter("nats kv rm my-kv --force");
  await playground.stepComplete();
  await playground.close();
});

test("an address opens a step", async () => {
  const playground = await world.open({ address: "#step=update" });
  assert.match(await playground.heading(), /Update/);
  assert.equal(await playground.lesson.getByRole("button", { name: "Make what this step needs" }).isVisible(), false);
  await playground.close();
});

test("the watch is done with as soon as it has shown the write, in sight or not", async () => {
  for (const width of [1280, 360]) {
    const playground = await world.open({ address: "#step=watch", viewport: { width, height: 800 } });
    await playground.run(0);
    await playground.terminal("A").shows(/\] DELETE my-kv > Key1/);
    await playground.run(1);
    await playground.stepComplete();
    await playground.terminal("A").shows(/\] PUT my-kv > Key1: Value2/); // it stays in front where there is room for one only
    await playground.close();
  }
});

test("Back and Forward lead from step to step, and what the terminals show stays", async () => {
  const playground = await world.open();
  const { page } = playground;
  const first = await playground.heading();
  await playground.terminal("A").enter("echo kept");
  await playground.terminal("A").shows(/\nkept\n/);
  await playground.next();
  const second = await playground.heading();
  await playground.next();
  const opens = (heading) => playground.lesson.getByRole("heading", { name: heading }).waitFor();
  await page.goBack();
  await opens(second);
  await page.locator("h2:focus").filter({ hasText: second }).waitFor(); // where reading begins
  await page.goBack();
  await opens(first);
  await page.goForward();
  await opens(second);
  await playground.terminal("A").shows(/\nkept\n/);
  await playground.reload();
  await page.goBack();
  await opens(first);
  await playground.close();
});

test("each Run says what it runs, and where", async () => {
  const playground = await world.open({ address: "#step=watch" });
  await playground.lesson.getByRole("button", { name: "Run nats kv watch my-kv in Terminal A", exact: true }).waitFor();
  await playground.lesson.getByRole("button", { name: "Run nats kv put my-kv Key1 Value2 in Terminal B", exact: true }).waitFor();
  await playground.close();
});

test("Next and Previous put the keyboard at the step's heading", async () => {
  const playground = await world.open();
  for (const [name, heading] of [["Next step", /Start JetStream|JetStream/], ["Previous step", /./]]) {
    await playground.page.getByRole("button", { name }).click();
    const focused = playground.page.locator("h2:focus");
    await focused.waitFor();
    assert.equal(await focused.innerText(), await playground.heading());
    assert.match(await playground.heading(), heading);
  }
  await playground.close();
});

test("who goes to a terminal in the frame in which Next was pressed, stays there", async () => {
  const playground = await world.open();
  const focused = await playground.page.evaluate(async () => {
    const terminal = document.querySelector("textarea[aria-label='Terminal A command']");
    document.querySelector(".lesson__next").click();
    terminal.focus();
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    await frame();
    return document.activeElement === terminal;
  });
  assert.ok(focused);
  await playground.close();
});

test("who presses Run by a key stays at the button, until the command asks something", async () => {
  const playground = await world.open();
  const { page } = playground;
  const a = playground.terminal("A");
  const isFocused = (locator) => locator.evaluate((element) => element === document.activeElement);
  const press = async (name) => {
    const button = playground.lesson.getByRole("button", { name });
    await button.focus();
    await page.keyboard.press("Enter");
    return button;
  };
  await walk(playground, STEPS.slice(0, 4), runStep);
  await playground.next();
  await press(/^Run .* Key1 in/);
  await a.shows(/revision: 1 created/);
  const get = await press(/^Run .* --raw/);
  await playground.stepComplete();
  assert.ok(await isFocused(get));
  await playground.next();
  const remove = await press(/^Run .* Key1 in/);
  await a.shows(/Delete key my-kv > Key1\?/);
  await page.waitForFunction(() => document.activeElement.ariaLabel === "Terminal A command");
  await page.keyboard.type("y\n");
  await playground.stepComplete();
  assert.ok(await isFocused(a.input));
  assert.ok(!(await isFocused(remove)));
  await playground.close();
});

test("the stream shows each message as it lands", async () => {
  const playground = await world.open();
  const a = playground.terminal("A");
  await walk(playground, STEPS.slice(0, 4), runStep);
  const row = (text) => playground.messages.getByRole("row").filter({ hasText: text });
  const cells = async (text) => (await row(text).getByRole("cell").allInnerTexts()).map((cell) => cell.trim());
  await row("Value1").waitFor(); // It is drawn a moment after the step is done.
  const put = await cells("Value1");
  assert.ok(put.includes("1") && put.includes("Value1") && put.some((cell) => cell.endsWith("Key1")), put.join(" | "));
  await a.enter("nats kv del my-kv Key1 -f");
  await row(/DELETE/).waitFor();
  assert.ok((await cells(/DELETE/)).includes("2"));
  await playground.close();
});

test("a bucket that is shown again has the messages that were dropped meanwhile and before", async () => {
  const playground = await world.open();
  const { page } = playground;
  const a = playground.terminal("A");
  await walk(playground, STEPS.slice(0, 4), runStep);
  const dropped = (text) => playground.messages.getByRole("row").filter({ hasText: text }).filter({ hasText: "dropped: history is full" });
  await a.enter("nats kv put my-kv Key1 Value2");
  await dropped("Value1").waitFor();
  await a.enter("nats kv add other");
  const choice = page.getByLabel("Bucket", { exact: true });
  await choice.waitFor();
  await choice.selectOption("other");
  await playground.messages.getByRole("row").filter({ hasText: "Value2" }).waitFor({ state: "detached" });
  await a.enter("nats kv put other Key1 there && nats kv put my-kv Key1 Value3 && nats kv put my-kv Key1 Value4");
  await playground.messages.getByRole("row").filter({ hasText: "there" }).waitFor();
  await choice.selectOption("my-kv");
  await dropped("Value1").waitFor();
  await dropped("Value2").waitFor();
  await playground.messages.getByRole("row").filter({ hasText: "Value4" }).waitFor();
  await playground.close();
});

test("a message removed from between others is shown as removed", async () => {
  const playground = await world.open();
  const a = playground.terminal("A");
  await walk(playground, STEPS.slice(0, 3), runStep);
  await a.enter("nats kv put my-kv one first && nats kv put my-kv two second && nats kv put my-kv three third");
  const row = (text) => playground.messages.getByRole("row").filter({ hasText: text });
  await row("third").waitFor();
  await a.enter("nats stream purge KV_my-kv --subject='$KV.my-kv.two' -f");
  await a.shows(/Really operate on the KV stream\?/);
  await a.enter("y");
  await row("second").filter({ hasText: "removed" }).waitFor();
  assert.equal(await row("removed").count(), 1);
  await playground.close();
});
