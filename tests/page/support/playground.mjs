// The page as a person finds it: by roles and names only. Also keeps account of what must never happen.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { serve } from "./site.mjs";

const PATIENCE = 20_000; // ms until something that should happen counts as not happening

export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
  });
}

/** A browser and a site for a file of tests: `const world = await setUp()` … `await world.close()`. */
export async function setUp(folders = { "/some/folder/": "dist" }, tls) {
  const [browser, site] = await Promise.all([launch(), serve(folders, tls)]);
  return {
    browser,
    site,
    /** Opens the page in a fresh profile. */
    async open({ address = "", path = "/some/folder/", hosts = [], script, ...context } = {}) {
      const profile = await browser.newContext({ viewport: { width: 1280, height: 800 }, ignoreHTTPSErrors: true, ...context });
      profile.setDefaultTimeout(PATIENCE);
      if (script) await profile.addInitScript(script); // what the browser lacks or refuses
      const playground = new Playground(await profile.newPage(), [new URL(site.origin).host, ...hosts]);
      await playground.goto(site.origin + path + address);
      return playground;
    },
    async close() {
      await browser.close();
      await site.close();
    },
  };
}

export class Playground {
  /** Whatever must not be there at the end: console errors, requests to others, dialogs. */
  problems = [];

  constructor(page, hosts) {
    this.page = page;
    const foreign = (url) => /^(https?|wss?):$/.test(new URL(url).protocol) && !hosts.includes(new URL(url).host);
    page.on("console", (m) => ["error", "warning"].includes(m.type()) && this.problems.push(`console: ${m.text()}`));
    page.on("pageerror", (e) => this.problems.push(`error: ${e.message}`));
    page.on("dialog", (d) => (this.problems.push(`dialog: ${d.message()}`), d.dismiss()));
    page.on("request", (r) => foreign(r.url()) && this.problems.push(`request to ${r.url()}`));
    page.on("websocket", (w) => foreign(w.url()) && this.problems.push(`connection to ${w.url()}`));
    this.lesson = page.getByRole("region", { name: "Lesson" });
    this.stream = page.getByRole("region", { name: "Stream" });
    this.messages = page.getByRole("table", { name: "Messages" });
    this.complete = page.getByRole("status").filter({ hasText: "Step complete" });
  }

  async goto(address) {
    await this.page.goto(address);
    await this.ready();
  }

  async ready() {
    await this.page.locator("[data-ready]").waitFor({ state: "attached", timeout: 60_000 });
  }

  async reload() {
    await this.page.reload();
    await this.ready();
  }

  terminal(name) {
    return new Terminal(this.page, name);
  }

  async next() {
    await this.page.getByRole("button", { name: "Next step" }).click();
  }

  heading() {
    return this.lesson.getByRole("heading").first().innerText();
  }

  async progress() {
    return Number(await this.page.getByRole("progressbar", { name: "Lesson progress" }).getAttribute("aria-valuenow"));
  }

  /** Clicks the Run button beside the nth command of the step, the first being 0. */
  async run(index) {
    await this.lesson.getByRole("button", { name: /^Run\b/ }).nth(index).click();
  }

  async stepComplete() {
    await this.complete.first().waitFor();
  }

  async close() {
    await this.page.context().close();
    assert.deepEqual(this.problems, []);
  }
}

/** What a terminal is to a person, however the browser is driven: who extends this has `type`, `press` and `text`. */
export class Typed {
  async enter(line) {
    await this.type(line);
    await this.press("Enter");
  }

  /** How often something is shown. */
  async count(text) {
    return (await this.text()).split(text).length - 1;
  }

  /** Waits until what follows the last occurrence of `after`, if given, matches. */
  async shows(pattern, after = "") {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const text = await this.text();
      const from = after && text.lastIndexOf(after);
      if (from !== -1 && pattern.test(text.slice(from || 0))) return;
      if (Date.now() > end) assert.fail(`waited in vain for ${pattern} after '${after}' in:\n${text.slice(-3000)}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  /** Waits until `command` was echoed once more than `before` times and its output matches. */
  async answers(command, before, pattern) {
    const end = Date.now() + PATIENCE;
    while ((await this.count(command)) <= before && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await this.shows(pattern, command);
  }
}

export class Terminal extends Typed {
  constructor(page, name) {
    super();
    const title = name === "Server" ? "Server" : `Terminal ${name}`;
    this.page = page;
    this.tab = page.getByRole("button", { name: title, exact: true });
    this.region = page.getByRole("region", { name: title, exact: true });
    this.input = page.getByRole("textbox", { name: `${title} command`, exact: true });
    this.output = page.getByRole("log", { name: `${title} output`, exact: true });
  }

  /** Brings it to the front where terminals are tabs or folded away. */
  async show() {
    if (!(await this.input.isVisible()) && (await this.tab.count())) await this.tab.click();
    await this.input.waitFor();
  }

  /** Types as a person does. */
  async type(text) {
    await this.show();
    await this.input.focus();
    await this.page.keyboard.type(text);
  }

  async press(...keys) {
    await this.input.focus();
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async text() {
    return (await this.output.count()) ? (await this.output.innerText()).replaceAll("\u00a0", " ") : "";
  }
}
