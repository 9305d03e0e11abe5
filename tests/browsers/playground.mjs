// The page in any browser that has a driver (WebDriver), with the words of the page tests. Must not know what is tried.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { Builder, By, Capabilities, Key, until } from "selenium-webdriver";
import { Typed } from "../page/support/playground.mjs";

const PATIENCE = 20_000; // ms until something that should happen counts as not happening
const KEYS = { Enter: Key.ENTER, Tab: Key.TAB, ArrowUp: Key.ARROW_UP };

/** How each browser is driven: its driver's command for a port, and what a session asks for. */
const BROWSERS = {
  firefox: {
    driver: (port) => ["geckodriver", "--port", port],
    capabilities: { browserName: "firefox", "moz:firefoxOptions": { binary: process.env.FIREFOX, args: ["-headless"] } },
  },
  // GTK's small browser, which has WebKit as Safari does; it needs a screen.
  webkit: {
    driver: (port) => ["xvfb-run", "-a", "WebKitWebDriver", `--port=${port}`],
    capabilities: { browserName: "MiniBrowser", "webkitgtk:browserOptions": { binary: process.env.MINIBROWSER, args: ["--automation"] } },
  },
};

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** A browser with the page of an address: `const playground = await open("firefox", address)` … `await playground.close()`. */
export async function open(name, address) {
  const { driver: command, capabilities } = BROWSERS[name];
  const port = await freePort();
  const [program, ...words] = command(port);
  // In a group of its own: what it starts ends with it.
  const driver = spawn(program, words, { stdio: "ignore", detached: true });
  const failed = once(driver, "error").then(([error]) => Promise.reject(error));
  try {
    const server = `http://127.0.0.1:${port}`;
    await Promise.race([listening(server), failed]);
    const browser = await new Builder().usingServer(server).withCapabilities(new Capabilities(capabilities)).build();
    const playground = new DriverPlayground(browser, driver);
    await browser.manage().window().setRect({ width: 1280, height: 900 });
    await browser.get(address);
    await playground.ready();
    return playground;
  } catch (error) {
    stop(driver);
    throw error;
  }
}

function stop(driver) {
  if (driver.pid) process.kill(-driver.pid); // none: there is no such program
}

async function listening(server) {
  for (const end = Date.now() + PATIENCE; ; ) {
    try {
      return await fetch(`${server}/status`);
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50)); // a process says nothing of its port
    }
  }
}

class DriverPlayground {
  constructor(browser, driver) {
    this.browser = browser;
    this.driver = driver;
  }

  async ready() {
    await this.browser.wait(until.elementLocated(By.css("[data-ready]")), PATIENCE);
  }

  async reload() {
    await this.browser.navigate().refresh();
    await this.ready();
  }

  terminal(name) {
    return new DriverTerminal(this.browser, name);
  }

  async next() {
    await this.browser.findElement(By.css("[aria-label='Next step']")).click();
  }

  heading() {
    return this.browser.findElement(By.css(".lesson__step h2")).getText();
  }

  /** Clicks the Run button beside the nth command of the step, the first being 0. */
  async run(index) {
    const runs = await this.browser.findElements(By.xpath("//*[@aria-label='Lesson']//button[starts-with(normalize-space(.), 'Run')]"));
    await runs[index].click();
  }

  async stepComplete() {
    await this.browser.wait(until.elementLocated(By.xpath("//*[@role='status'][contains(., 'Step complete')]")), PATIENCE);
  }

  /** Shows a view of the stream, and waits until what is in sight matches. */
  async view(name, pattern) {
    await this.browser.findElement(By.xpath(`//*[@aria-label='Stream']//button[normalize-space(.)='${name}']`)).click();
    const stream = await this.browser.findElement(By.css("[aria-label='Stream']"));
    const matches = async () => pattern.test(await this.browser.executeScript("return arguments[0].innerText", stream));
    await this.browser.wait(matches, PATIENCE, `${name} shows no ${pattern}`);
  }

  async close() {
    await this.browser.quit();
    stop(this.driver);
  }
}

/** A terminal, as in the page tests but for how the browser is reached. */
class DriverTerminal extends Typed {
  constructor(browser, name) {
    const title = name === "Server" ? "Server" : `Terminal ${name}`;
    super();
    this.browser = browser;
    this.tab = By.xpath(`//button[normalize-space(.)='${title}']`);
    this.input = By.css(`[aria-label='${title} command']`);
    this.output = By.css(`[aria-label='${title} output']`);
  }

  async show() {
    const input = await this.browser.wait(until.elementLocated(this.input), PATIENCE);
    // A driver's own idea of it misses an input that is only as large as its cursor.
    const seen = () => this.browser.executeScript("return arguments[0].checkVisibility()", input);
    if (!(await seen())) await this.browser.findElement(this.tab).click();
    await this.browser.wait(seen, PATIENCE);
    await this.browser.executeScript("arguments[0].focus()", input);
  }

  async type(text) {
    await this.show();
    await this.browser.actions().sendKeys(text).perform();
  }

  async press(...keys) {
    for (const key of keys) {
      await this.show();
      const letter = key.startsWith("Control+") && key.at(-1);
      const actions = this.browser.actions();
      await (letter ? actions.keyDown(Key.CONTROL).sendKeys(letter).keyUp(Key.CONTROL) : actions.sendKeys(KEYS[key])).perform();
    }
  }

  value() {
    return this.browser.findElement(this.input).getAttribute("value");
  }

  /** What is there, seen or not. */
  async text() {
    const [output] = await this.browser.findElements(this.output);
    return output ? (await this.browser.executeScript("return arguments[0].innerText", output)).replaceAll("\u00a0", " ") : "";
  }
}
