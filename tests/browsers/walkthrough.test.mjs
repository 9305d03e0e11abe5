// The walkthrough in browsers other than Chromium, which has all of the page tests: `BROWSERS="firefox webkit"`.
import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { serve } from "../page/support/site.mjs";
import { STEPS, runStep, typeStep } from "../page/support/walkthrough.mjs";
import { open } from "./playground.mjs";

let site, broken;
before(async () => {
  broken = await mkdtemp(join(tmpdir(), "broken-"));
  await cp("dist", broken, { recursive: true, filter: (name) => !name.endsWith(".wasm") });
  site = await serve({ "/some/folder/": "dist", "/broken/": broken });
});
after(async () => {
  await site.close();
  await rm(broken, { recursive: true });
});

for (const browser of process.env.BROWSERS.split(" ")) {
  for (const [how, step] of [["its buttons", runStep], ["typing", typeStep]]) {
    test(`${browser}: all ten steps by ${how}`, async () => {
      const playground = await open(browser, `${site.origin}/some/folder/`);
      try {
        for (const each of STEPS) {
          await step(playground, each);
          if (each !== STEPS.at(-1)) await playground.next();
        }
        assert.equal(STEPS.length, 10);
      } finally {
        await playground.close();
      }
    });
  }

  test(`${browser}: a line is completed and recalled, a watch interrupted, the stream seen, and a bucket kept over a reload`, async () => {
    const playground = await open(browser, `${site.origin}/some/folder/#step=put`);
    try {
      const a = playground.terminal("A");
      await a.enter("nats kv put my-kv größe 'käse & <b>brot</b>'");
      await a.shows(/invalid key/);
      await a.enter("nats kv put my-kv kept 'käse & <b>brot</b>'");
      await a.shows(/\nkäse & <b>brot<\/b>\n/, "put my-kv kept");
      await a.type("nats kv hist");
      await a.press("Tab");
      await playground.browser.wait(async () => (await a.value()) === "nats kv history ", 20_000);
      await a.enter("my-kv kept");
      await a.shows(/PUT/, "history my-kv kept");
      await a.press("ArrowUp");
      assert.equal(await a.value(), "nats kv history my-kv kept");
      await a.press("Control+c");
      await a.enter("nats kv watch my-kv");
      await a.shows(/\] PUT my-kv > kept: käse/);
      await a.press("Control+c");
      for (const [view, sign] of [["Messages", /\$KV\.my-kv\.kept/], ["Tape", /revision/], ["Keys", /kept/], ["Wire", /HPUB|PUB/], ["Config", /max_msgs_per_subject/]]) {
        await playground.view(view, sign);
      }
      await playground.reload();
      await a.enter("nats kv get my-kv kept --raw");
      await a.shows(/käse & <b>brot<\/b>/, "--raw");
    } finally {
      await playground.close();
    }
  });

  test(`${browser}: what its makers have each done in their own way`, async () => {
    const playground = await open(browser, `${site.origin}/some/folder/#step=put`);
    const inPage = (code, ...given) => playground.browser.executeScript(code, ...given);
    const until = (code, sign) => playground.browser.wait(async () => sign.test(await inPage(code)), 20_000, `no ${sign}`);
    try {
      const a = playground.terminal("A");
      // Safari sends the Enter that ends a composition as if it were none, but for its code.
      await a.type("echo ka");
      const enter = "new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true })";
      assert.equal(await inPage(`return document.activeElement.dispatchEvent(${enter})`), true);
      assert.equal(await a.value(), "echo ka");
      await a.press("Enter");
      await a.shows(/\nka\n/);

      // Safari gives the keyboard to no button that is clicked; nor does this. It lets nobody copy who has not clicked, either.
      const copy = "document.querySelector('dialog[open] .dialog__main')";
      await inPage("[...document.querySelectorAll('button')].find((button) => button.textContent === 'Share').click()");
      await until(`return ${copy}?.textContent`, /^Copy$/);
      await inPage(`${copy}.click()`);
      await until(`return ${copy}.textContent`, /^(Copied|Not allowed here)$/);
      await inPage("document.querySelector('dialog[open] input').focus()");
      await until(`return ${copy}.textContent`, /^Copy$/);
      await inPage("document.querySelector('dialog[open]').close()");

      // Firefox has scrollbars that take room.
      await a.enter("nats kv add a-bucket-with-a-long-name");
      await a.shows(/Bucket Name: a-bucket/);
      await playground.browser.manage().window().setRect({ width: 500, height: 900 });
      await inPage("document.documentElement.style.fontSize = '150%'");
      await inPage("[...document.querySelectorAll('button')].find((button) => button.textContent === 'Stream').click()");
      const head = "document.querySelector('.stream__head')";
      await until(`return ${head}.scrollWidth > ${head}.clientWidth`, /true/);
      assert.equal(await inPage(`return ${head}.offsetHeight - 1 - ${head}.clientHeight`), 0);

      // WebKit has no event for a module that fails.
      await playground.browser.get(`${site.origin}/broken/`);
      await until("return document.body.innerText", /could not be started/);
    } finally {
      await playground.close();
    }
  });
}
