// Both themes, desk and phone: axe finds nothing, nothing sticks out, and pictures of it all go to target/screens.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { setUp } from "./support/playground.mjs";
import { STEPS, runStep } from "./support/walkthrough.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SCREENS = "target/screens";
const DESK = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

let world;
before(async () => {
  mkdirSync(SCREENS, { recursive: true });
  world = await setUp();
});
after(() => world.close());

async function accessible(playground) {
  await playground.page.evaluate(AXE);
  const { violations } = await playground.page.evaluate(() => axe.run());
  const found = violations.map((v) => `${v.id} (${v.impact}): ${v.help}\n  ${v.nodes.map((n) => n.html).join("\n  ")}`);
  assert.deepEqual(found, []);
}

async function nothingSticksOut(playground) {
  const [content, view] = await playground.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= view, `${content} pixels wide in a view of ${view}`);
}

async function screen(playground, name) {
  await playground.page.screenshot({ path: `${SCREENS}/${name}.png` });
}

for (const colorScheme of ["light", "dark"]) {
  test(`desk, ${colorScheme}`, async () => {
    const playground = await world.open({ ...DESK, colorScheme });
    await screen(playground, `desk-${colorScheme}-start`);
    await accessible(playground);
    for (const step of STEPS) {
      await runStep(playground, step);
      await screen(playground, `desk-${colorScheme}-${step.slug}`);
      if (step !== STEPS.at(-1)) await playground.next();
    }
    await accessible(playground);
    await nothingSticksOut(playground);
    await playground.close();
  });

  test(`phone, ${colorScheme}`, async () => {
    const playground = await world.open({ ...PHONE, colorScheme });
    await nothingSticksOut(playground);
    await screen(playground, `phone-${colorScheme}-start`);
    await accessible(playground);
    for (const name of ["Terminal A", "Terminal B", "Stream", "Server"]) {
      await playground.page.getByRole("button", { name, exact: true }).tap();
      await nothingSticksOut(playground);
      await screen(playground, `phone-${colorScheme}-${name.replace(" ", "-")}`);
    }
    await playground.page.getByRole("button", { name: "Terminal B", exact: true }).hover(); // a phone's browser takes what was touched last for that
    await accessible(playground);
    await playground.close();
  });
}

for (const colorScheme of ["light", "dark"]) {
  for (const [size, context] of [["desk", DESK], ["phone", PHONE]]) {
    test(`dialog and embedded page, ${size}, ${colorScheme}`, async () => {
      const playground = await world.open({ ...context, colorScheme });
      await playground.page.getByRole("button", { name: "Connect", exact: true }).click();
      const dialog = playground.page.getByRole("dialog");
      await dialog.getByText("What the server’s configuration needs").click();
      await dialog.getByLabel("URL").fill("no address");
      await dialog.getByRole("button", { name: "Connect", exact: true }).click();
      await dialog.getByRole("alert").waitFor();
      await screen(playground, `${size}-${colorScheme}-connect`);
      await accessible(playground);
      await nothingSticksOut(playground);
      await playground.close();
      const embedded = await world.open({ ...context, colorScheme, address: "?embed=1&panel=both#step=put" });
      await embedded.run(0);
      await embedded.messages.getByText("Value1").waitFor();
      await embedded.complete.click({ trial: true }); // nothing lies over it
      assert.equal(await embedded.page.getByRole("button", { name: "Stream" }).count(), 0); // its panes are those of the address
      await screen(embedded, `${size}-${colorScheme}-embed`);
      await accessible(embedded);
      await nothingSticksOut(embedded);
      await embedded.close();
    });
  }
}

test("where the system chooses the colours, nothing is told by a background that is not there", async () => {
  const playground = await world.open({ ...DESK, forcedColors: "active", address: "#step=delete" });
  await playground.run(0);
  await playground.terminal("A").shows(/\? Delete/);
  await playground.page.getByRole("button", { name: "Tape", exact: true }).click();
  const unseen = () => playground.page.evaluate(() => {
    const background = (element) => getComputedStyle(element).backgroundColor;
    const told = document.querySelectorAll(".terminal__cursor, .tape__mark[data-kind=put], .progress [data-step]");
    return { told: told.length, unseen: [...told].filter((e) => background(e) === background(document.body)).map((e) => e.className) };
  });
  await playground.page.locator(".tape__mark").waitFor();
  await screen(playground, "desk-forced-colours");
  assert.deepEqual(await unseen(), { told: 3, unseen: [] });
  await playground.close();
});

test("the summary of a stream is to be read, or not there", async () => {
  const playground = await world.open({ viewport: { width: 900, height: 700 }, address: "#step=put" });
  const sum = playground.stream.getByText(/messages? kept|messages kept/);
  await sum.waitFor();
  assert.ok((await sum.boundingBox()).width > 60);
  await playground.page.setViewportSize({ width: 765, height: 700 });
  await sum.waitFor({ state: "hidden" });
  await playground.close();
});

test("a long subject leaves room for the value, at each width", async () => {
  const playground = await world.open({ ...DESK, address: "#step=put" });
  await playground.terminal("A").enter(`nats kv put my-kv ${"a.long.key.".repeat(12)}end '${"a long value ".repeat(10)}'`);
  const value = playground.messages.getByRole("cell", { name: /a long value/ });
  await value.waitFor();
  for (const width of [1280, 768]) {
    await playground.page.setViewportSize({ width, height: 900 });
    const box = await value.boundingBox();
    assert.ok(box.width > 80 && box.x + box.width <= width, `${box.x} + ${box.width} of ${width}`);
    await screen(playground, `long-subject-${width}`);
  }
  await playground.close();
});

const SMALL = [["on its side", 740, 360], ["at 400 %", 320, 256]];
for (const [name, width, height] of SMALL) {
  test(`a phone ${name}: the whole page scrolls, each part is large enough to be used`, async () => {
    const playground = await world.open({ ...PHONE, viewport: { width, height } });
    const { page } = playground;
    await nothingSticksOut(playground);
    await screen(playground, `low-${width}-lesson`);
    const inner = await page.evaluate(() => [...document.querySelectorAll(".lesson, .lesson__step")].filter((e) => e.scrollHeight > e.clientHeight + 1).length);
    assert.equal(inner, 0, "nothing of the lesson is cut off");
    await playground.run(0);
    await playground.terminal("A").shows(/JetStream/);
    await playground.terminal("A").region.scrollIntoViewIfNeeded();
    await screen(playground, `low-${width}-terminal`);
    assert.ok((await playground.terminal("A").region.boundingBox()).height >= 180);
    assert.equal(await page.getByRole("group", { name: "Keys" }).count(), 0);
    await page.getByRole("button", { name: "Stream", exact: true }).tap();
    assert.ok((await playground.stream.boundingBox()).height >= 180);
    await nothingSticksOut(playground);
    await accessible(playground);
    await playground.close();
  });
}

for (const width of [320, 360, 640]) {
  test(`in a view of ${width} pixels everything of the header can be reached`, async () => {
    const playground = await world.open({ ...PHONE, viewport: { width, height: 740 } });
    for (const name of ["Share", "Connect", "Theme"]) {
      const box = await playground.page.getByRole("button", { name, exact: true }).boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= width, `${name} is in view`);
    }
    assert.ok(await playground.page.getByRole("banner").getByText("In this page").isVisible());
    await screen(playground, `header-${width}`);
    await playground.close();
  });
}

test("on a phone each view of several buckets can be chosen, and is large enough for that", async () => {
  const playground = await world.open({ ...PHONE, viewport: { width: 360, height: 740 }, address: "#step=put" });
  const { page, stream } = playground;
  await playground.terminal("A").enter("nats kv add a-longer-name-than-there-is-room-for");
  await page.getByRole("button", { name: "Stream", exact: true }).tap();
  const bucket = stream.getByRole("combobox", { name: "Bucket" });
  await bucket.waitFor();
  assert.ok((await bucket.boundingBox()).height >= 24);
  const { x, width } = await stream.getByRole("button", { name: "Config" }).boundingBox();
  assert.ok(x + width <= 360, `Config ends at ${x + width}`);
  await screen(playground, "phone-buckets");
  await playground.close();
});

test("in a column of 240 pixels an embedded step does not stick out", async () => {
  const playground = await world.open({ viewport: { width: 240, height: 700 }, address: "?embed=1&panel=both#step=create" });
  await playground.run(0);
  await playground.stream.getByRole("button", { name: "Messages", exact: true }).waitFor();
  await nothingSticksOut(playground);
  await screen(playground, "embed-240");
  await playground.close();
});

test("on a phone whatever is tapped is as large as it has to be", async () => {
  const playground = await world.open({ ...PHONE, viewport: { width: 360, height: 740 }, address: "#step=put" });
  await playground.page.getByRole("button", { name: "Stream", exact: true }).tap();
  await playground.stream.getByRole("button", { name: "Config" }).waitFor();
  const small = await playground.page.getByRole("button").evaluateAll((buttons) =>
    buttons.filter((b) => Math.min(b.offsetWidth, b.offsetHeight) < 24 && b.checkVisibility()).map((b) => b.ariaLabel ?? b.innerText),
  );
  assert.deepEqual(small, []);
  await playground.close();
});

test("on a phone the completion of a step comes into view", async () => {
  const playground = await world.open({ ...PHONE, reducedMotion: "reduce" });
  for (const step of STEPS.slice(0, 8)) {
    // It may come before the last Run, for which the text is scrolled back.
    const inView = playground.page.waitForFunction(() => {
      const [seen, within] = [".lesson__complete", ".lesson__step"].map((part) => document.querySelector(part)?.getBoundingClientRect());
      return seen && seen.top >= within.top && seen.bottom <= within.bottom;
    });
    await runStep(playground, step);
    await inView;
    if (step.slug === "create") await screen(playground, "phone-complete");
    await playground.next();
  }
  await playground.close();
});

test("on a phone nothing that has the keyboard is where the text fades out", async () => {
  const playground = await world.open({ ...PHONE, address: "#step=update", reducedMotion: "reduce" });
  const { page } = playground;
  const [first, second] = await playground.lesson.getByRole("button", { name: /^Run\b/ }).all();
  await first.focus();
  await second.evaluate((run) => {
    const step = run.closest(".lesson__step");
    step.scrollTop += run.getBoundingClientRect().bottom - step.getBoundingClientRect().bottom + 4;
  });
  await page.keyboard.press("Tab");
  await page.waitForFunction(() => {
    const [end, step] = [document.activeElement, document.querySelector(".lesson__step")].map((e) => e.getBoundingClientRect().bottom);
    return end <= step - 20;
  });
  await playground.close();
});

test("on paper the page is light, whatever it is on the screen", async () => {
  const playground = await world.open({ ...DESK, colorScheme: "dark" });
  const { page } = playground;
  const light = () => page.evaluate(() => {
    const [text, ground] = ["color", "backgroundColor"].map((what) => Number(getComputedStyle(document.body)[what].match(/\d+/)[0]));
    return text < ground;
  });
  assert.ok(!(await light()));
  await page.emulateMedia({ media: "print" });
  assert.ok(await light());
  await page.evaluate(() => (document.documentElement.dataset.theme = "dark"));
  assert.ok(await light());
  await playground.close();
});

test("browsers without light-dark() have each colour of the light theme", () => {
  const [themes, fallback] = readFileSync("style/tokens.css", "utf8").split("@supports not (color: light-dark(");
  const light = [...themes.matchAll(/(--[\w-]+): light-dark\((#\w+|rgb\([^)]*\)), /g)];
  assert.equal(light.length, themes.match(/: light-dark\(/g).length);
  for (const [, name, colour] of light) assert.ok(fallback.includes(`    ${name}: ${colour};\n`), name);
});

test("an iPhone does not zoom in to what is typed into; elsewhere the view is left alone", async () => {
  const view = (playground) => playground.page.locator("meta[name=viewport]").getAttribute("content");
  const iphone = await world.open({ ...PHONE, script: "const supports = CSS.supports; CSS.supports = (...style) => style[0] === '-webkit-touch-callout' || supports(...style)" });
  assert.match(await view(iphone), /initial-scale=1,.*, ?maximum-scale=1$/);
  await iphone.close();
  const other = await world.open(PHONE);
  assert.doesNotMatch(await view(other), /maximum-scale/);
  await other.close();
});

test("sizes of text follow the browser's", async () => {
  const size = (selector) => playground.page.locator(selector).first().evaluate((element) => parseFloat(getComputedStyle(element).fontSize));
  const playground = await world.open(DESK);
  const parts = [".lesson p:not(.lesson__place)", ".lesson h2", ".terminal__scroll", ".header", ".pane-tabs button", ".clock"];
  const before = await Promise.all(parts.map(size));
  await playground.page.addStyleTag({ content: "html { font-size: 200% }" });
  assert.deepEqual(await Promise.all(parts.map(size)), before.map((size) => 2 * size));
  await nothingSticksOut(playground);
  await playground.run(0);
  await playground.terminal("A").shows(/JetStream/);
  await screen(playground, "desk-text-200");
  // The rows that a list of choices may take are measured, not assumed.
  await playground.next();
  await runStep(playground, STEPS[1]);
  const a = playground.terminal("A");
  await a.enter("for i in {10..40}; do nats kv add b$i; done");
  await a.shows(/Bucket Name: b40/);
  await a.enter("nats kv info");
  await a.shows(/> b10/, "nats kv info");
  const rows = await playground.page.locator(".terminal__scroll").first().evaluate((e) => Math.floor(e.clientHeight / parseFloat(getComputedStyle(e).lineHeight)));
  const choices = (await a.text()).split("nats kv info")[1].match(/^(> |  )b\d+$/gm);
  assert.equal(choices.length, Math.max(1, rows - 4));
  await screen(playground, "desk-text-200-choices");
  await a.press("Control+c");
  await playground.close();
});

test("what is pressed of panes and views is said, at each width", async () => {
  const playground = await world.open(DESK);
  const { page } = playground;
  const pressed = async (name) => (await page.getByRole("button", { name, exact: true }).getAttribute("aria-pressed")) === "true";
  assert.equal(await page.locator(".pane-tabs button:visible", { hasText: "Stream" }).count(), 0);
  assert.deepEqual([await pressed("Terminal A"), await pressed("Terminal B")], [true, false]);
  await page.getByRole("button", { name: "Terminal B", exact: true }).click();
  assert.ok(await pressed("Terminal B"));
  await playground.terminal("A").enter("sleep 100");
  await page.getByText("running", { exact: true }).waitFor();
  await accessible(playground);
  await page.setViewportSize(PHONE.viewport);
  await page.getByRole("button", { name: "Stream", exact: true }).click();
  assert.deepEqual([await pressed("Stream"), await pressed("Terminal B")], [true, false]);
  await playground.close();
});

test("who chooses a bucket by the keyboard keeps the keyboard there", async () => {
  const playground = await world.open({ address: "#step=bucket" });
  const a = playground.terminal("A");
  for (const name of ["one", "two", "three"]) await a.enter(`nats kv add ${name}; nats kv put ${name} k of-${name}`);
  await playground.messages.getByText("of-three").waitFor();
  const choice = playground.stream.getByRole("combobox", { name: "Bucket" });
  await choice.focus();
  const names = await choice.getByRole("option").allInnerTexts();
  for (const key of ["Home", "ArrowDown", "ArrowDown"]) {
    await playground.page.keyboard.press(key);
    await playground.messages.getByText(`of-${await choice.inputValue()}`).waitFor();
    assert.ok(await choice.evaluate((choice) => choice === document.activeElement));
  }
  assert.equal(await choice.inputValue(), names[2]);
  await a.enter("nats kv get one k");
  await playground.messages.getByText("of-one").waitFor();
  assert.equal(await choice.inputValue(), "one");
  await playground.close();
});

test("the keyboard alone reaches everything, and its place is seen", async () => {
  const playground = await world.open(DESK);
  const seen = new Set();
  for (let presses = 0; presses < 80; presses += 1) {
    await playground.page.keyboard.press("Tab");
    const focused = await playground.page.evaluate(() => {
      const element = document.activeElement;
      if (element === document.body) return { name: "", marked: true }; // between the last and the first
      const style = getComputedStyle(element);
      const marked = style.outlineStyle !== "none" || style.boxShadow !== "none" || element.matches("textarea, input");
      return { name: element.getAttribute("aria-label") ?? element.textContent.trim(), marked };
    });
    assert.ok(focused.marked, `no focus mark on '${focused.name}'`);
    seen.add(focused.name);
  }
  for (const name of ["Run", "Next step", "Terminal A command"]) {
    assert.ok([...seen].some((s) => s.startsWith(name) || s.includes(name)), `${name} is not reached by Tab: ${[...seen].join(", ")}`);
  }
  await playground.close();
});

test("the lines between lesson, terminals and stream are moved by pointer and keys, kept, and put back", async () => {
  const playground = await world.open(DESK);
  const { page } = playground;
  const [height, width] = ["Height of the terminals", "Width of the lesson"].map((name) => page.getByRole("separator", { name }));
  const places = async () => [(await page.locator(".terminals").boundingBox()).height, (await playground.lesson.boundingBox()).width];
  const before = await places();
  const line = await height.boundingBox();
  await page.mouse.move(line.x + 100, line.y + line.height / 2);
  await page.mouse.down();
  await page.mouse.move(line.x + 120, 640);
  await page.mouse.up();
  await page.keyboard.press("ArrowUp");
  await width.press("ArrowRight");
  const moved = await places();
  const [stage] = await page.locator(".stage").evaluateAll((all) => all.map((e) => e.getBoundingClientRect().toJSON()));
  assert.ok(Math.abs(moved[0] - (640 - stage.top - 0.02 * stage.height)) < 3, `${moved}`);
  assert.ok(Math.abs(moved[1] - before[1] - 0.02 * 1280) < 3, `${moved}, before ${before}`);
  assert.equal(await height.getAttribute("aria-valuenow"), `${Math.floor((100 * moved[0]) / stage.height)}`);
  await width.press("End");
  await nothingSticksOut(playground);
  await width.press("Home");
  assert.equal((await places())[1], 304, "no narrower than can be read");
  await playground.reload();
  assert.deepEqual(await places(), [moved[0], 304]);
  await accessible(playground);
  for (const split of [height, width]) await split.dblclick();
  assert.deepEqual(await places(), before);
  await playground.close();
});
