// The dialog "Connect": what it gives to copy, and what it says to addresses that lead to no nats-server.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setUp } from "./support/playground.mjs";

let world;
before(async () => (world = await setUp()));
after(() => world.close());

const blocked = /WebSocket connection to|Mixed Content/; // the browser itself reports these on the console

async function open(playground) {
  await playground.page.getByRole("button", { name: "Connect", exact: true }).first().click();
  return playground.page.getByRole("dialog");
}

/** What the dialog says to an address. */
async function answer(playground, url) {
  const dialog = await open(playground);
  await dialog.getByLabel("URL").fill(url);
  await dialog.getByRole("button", { name: "Connect", exact: true }).click();
  const alert = dialog.getByRole("alert");
  await alert.waitFor();
  const text = await alert.innerText();
  await playground.page.keyboard.press("Escape");
  return text;
}

async function close(playground) {
  playground.problems = playground.problems.filter((problem) => !blocked.test(problem));
  await playground.close();
}

/** A server on the loopback; with `greeting`, one that opens WebSockets and sends that. */
async function listening(greeting) {
  const server = createServer((_, response) => response.end("a web server"));
  const sockets = new Set();
  server.on("upgrade", (request, socket) => {
    if (greeting === undefined) return socket.destroy();
    const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    if (greeting) socket.write(Buffer.concat([Buffer.from([0x82, greeting.length]), Buffer.from(greeting)]));
    sockets.add(socket.on("error", () => {}));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${server.address().port}`;
  const close = () => new Promise((resolve) => (sockets.forEach((s) => s.destroy()), server.closeAllConnections(), server.close(resolve)));
  return { host, url: `ws://${host}`, close };
}

test("the server's configuration is copied by its button", async () => {
  const playground = await world.open({ permissions: ["clipboard-read", "clipboard-write"] });
  const dialog = await open(playground);
  await dialog.getByText("What the server’s configuration needs").click();
  const shown = await dialog.locator("pre").innerText();
  await dialog.getByRole("button", { name: "Copy the configuration" }).click();
  await dialog.getByRole("status").filter({ hasText: "Copied" }).waitFor();
  const copied = await playground.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied.trim(), shown.trim());
  assert.match(copied, /jetstream[^]*websocket \{[^]*port: 8443/);
  await playground.close();
});

test("a WebSocket that is none of NATS, and a web server that has none, are told apart", async (t) => {
  const [silent, chatty, web] = await Promise.all([listening(""), listening("hello\r\n"), listening()]);
  t.after(() => Promise.all([silent, chatty, web].map((server) => server.close())));
  const playground = await world.open({ hosts: [silent.host, chatty.host, web.host] });
  for (const { url } of [silent, chatty]) {
    assert.match(await answer(playground, url), /not of a nats-server[^]*INFO[^]*port/);
  }
  assert.match(await answer(playground, web.url), /speaks WebSocket[^]*web server[^]*websocket block/);
  await playground.page.getByText("In this page", { exact: true }).waitFor();
  await close(playground);
});

test("a websocket block that an error points to is in sight", async (t) => {
  const web = await listening();
  t.after(() => web.close());
  const playground = await world.open({ hosts: [web.host] });
  const dialog = await open(playground);
  assert.equal(await dialog.locator("pre").isVisible(), false);
  await dialog.getByLabel("URL").fill(web.url);
  await dialog.getByRole("button", { name: "Connect", exact: true }).click();
  await dialog.getByRole("alert").getByText("websocket block as below").waitFor();
  await dialog.locator("pre").getByText("websocket {").waitFor();
  await close(playground);
});

test("a page that came over https says that ws:// cannot be, and what can", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "page-tls-"));
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
  const secure = await setUp(undefined, { key: readFileSync(key), cert: readFileSync(cert) });
  rmSync(folder, { recursive: true });
  t.after(() => secure.close());
  const playground = await secure.open();
  const text = await answer(playground, "ws://nats.example:8080");
  assert.match(text, /https/);
  assert.match(text, /wss:\/\/[^]*tls/);
  await close(playground);
});
