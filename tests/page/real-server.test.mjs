// The same page on a real nats-server over a WebSocket.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as net from "node:net";
import { pipeline } from "node:stream";
import { after, before, test } from "node:test";
import { NatsServer } from "./support/nats-server.mjs";
import { setUp } from "./support/playground.mjs";
import { STEPS, runStep } from "./support/walkthrough.mjs";

let world, server;
before(async () => {
  world = await setUp();
  server = await NatsServer.start();
});
after(async () => {
  await world.close();
  await server.close();
});

const refusals = /WebSocket connection to/; // the browser itself reports these on the console

async function connect(playground, { url = server.url, user = server.user, password = server.password, file = [] } = {}) {
  const { page } = playground;
  await page.getByRole("button", { name: "Connect", exact: true }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("URL").fill(url);
  await dialog.getByLabel("User").fill(user);
  await dialog.getByLabel("Password").fill(password);
  await dialog.getByLabel("File").setInputFiles(file);
  await dialog.getByRole("button", { name: "Connect", exact: true }).click();
  return dialog;
}

async function connected(playground, options) {
  const dialog = await connect(playground, options);
  await dialog.waitFor({ state: "hidden" });
  await playground.page.getByRole("button", { name: "Disconnect" }).first().waitFor();
}

async function closeDespiteRefusals(playground) {
  playground.problems = playground.problems.filter((problem) => !refusals.test(problem));
  await playground.close();
}

test("a wrong password, a wrong address and a refused connection are told apart", async () => {
  const playground = await world.open({ hosts: [server.host, "127.0.0.1:9"] });
  const dialog = await connect(playground, { password: "wrong" });
  await dialog.getByRole("alert").filter({ hasText: /password|authori[sz]ation/i }).waitFor();
  await playground.page.keyboard.press("Escape");
  const refused = await connect(playground, { url: "ws://127.0.0.1:9" });
  await refused.getByRole("alert").filter({ hasText: /reach|refused|listen/i }).waitFor();
  await playground.page.keyboard.press("Escape");
  const address = await connect(playground, { url: "not an address" });
  await address.getByRole("alert").filter({ hasText: /address|ws:\/\//i }).waitFor();
  await closeDespiteRefusals(playground);
});

test("who cancels an attempt to connect stays where they were, however late the server answers", async (t) => {
  const door = net.createServer().listen(0, "127.0.0.1");
  t.after(() => door.close());
  await once(door, "listening");
  const host = `127.0.0.1:${door.address().port}`;
  const playground = await world.open({ hosts: [server.host, host] });
  const comes = once(door, "connection");
  const dialog = await connect(playground, { url: `ws://${host}` });
  const [socket] = await comes;
  const closed = once(socket, "close");
  await dialog.getByRole("button", { name: "Connecting…" }).waitFor();
  assert.equal(await playground.page.getByText("A real server is connected").isVisible(), false);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "hidden" });
  pipeline(socket, net.connect(server.wsPort, "127.0.0.1"), socket, () => {}); // now it answers
  await closed;
  await playground.page.getByRole("banner").getByText("In this page").waitFor();
  await connected(playground);
  await closeDespiteRefusals(playground);
});

test("what the lesson says of the server in this page is not said of a real one", async () => {
  const playground = await world.open({ hosts: [server.host] });
  const { lesson, page } = playground;
  const other = lesson.getByText(/connected to a real server.*about the one in this page/);
  assert.equal(await other.isVisible(), false);
  await connected(playground);
  await other.waitFor();
  await playground.next();
  await lesson.getByText(/real server is not started from here.*until you disconnect/).waitFor();
  await page.getByRole("button", { name: "Disconnect" }).click();
  await lesson.getByText(/not started from here/).waitFor({ state: "hidden" });
  await playground.close();
});

test("Disconnect leaves no connection behind, not even that of a watch", async () => {
  const playground = await world.open({ hosts: [server.host] });
  const a = playground.terminal("A");
  const closed = [];
  playground.page.on("websocket", (socket) => closed.push(socket.waitForEvent("close")));
  await connected(playground);
  await a.enter("nats kv add watched; nats kv put watched k v; nats kv watch watched");
  await a.shows(/PUT watched > k: v/);
  await playground.page.getByRole("button", { name: "Disconnect" }).click();
  await Promise.all(closed);
  await a.enter("echo free");
  await a.shows(/\^C\n.*echo free\nfree\n/);
  await playground.close();
});

test("users with keys: a file of credentials, or with a seed alone", async () => {
  const USERS = "tests/page/support/users";
  const [, jwt] = readFileSync(`${USERS}/user.creds`, "utf8").match(/USER JWT-----\n(.*)\n/);
  const { sub: nkey } = JSON.parse(Buffer.from(jwt.split(".")[1], "base64url"));
  const ways = [
    { users: readFileSync(`${USERS}/operator.conf`, "utf8"), file: `${USERS}/user.creds` },
    { users: `authorization { users: [{ nkey: ${nkey} }] }`, file: `${USERS}/user.nk` },
  ];
  for (const { users, file } of ways) {
    const keys = await NatsServer.start({ users });
    const playground = await world.open({ hosts: [keys.host] });
    const nobody = { url: keys.url, user: "", password: "" };
    const refused = await connect(playground, nobody);
    await refused.getByRole("alert").filter({ hasText: /authorization/i }).waitFor();
    await playground.page.keyboard.press("Escape");
    const none = await connect(playground, { ...nobody, file: `${USERS}/operator.conf` });
    await none.getByRole("alert").filter({ hasText: "no nkey seed found" }).waitFor();
    await playground.page.keyboard.press("Escape");
    await connected(playground, { ...nobody, file });
    const a = playground.terminal("A");
    await a.enter("nats kv add keys");
    await a.shows(/Information for Key-Value Store Bucket keys/);
    await a.enter("nats kv put keys k v; env | grep -c NATS_");
    await a.shows(/\nv\n0\n/);
    await playground.messages.getByText("$KV.keys.k").waitFor();
    await closeDespiteRefusals(playground);
    await keys.close();
  }
});

test("on a phone it is seen that the server is another", async () => {
  const playground = await world.open({ hosts: [server.host], viewport: { width: 360, height: 740 } });
  await connected(playground);
  const said = playground.page.getByRole("status").filter({ hasText: "Connected · loopback" });
  assert.ok((await said.boundingBox()).width > 120);
  await playground.close();
});

test("the whole walkthrough, seen by the real command as well", async () => {
  const playground = await world.open({ hosts: [server.host] });
  await connected(playground);
  const steps = STEPS.filter((step) => !["prerequisites", "jetstream"].includes(step.slug)); // -js is on, and not ours to stop
  await playground.next();
  await playground.next();
  for (const [index, step] of steps.entries()) {
    await runStep(playground, step);
    if (step.slug === "put") assert.equal(await server.nats("kv", "get", "my-kv", "Key1", "--raw"), "Value1");
    if (index < steps.length - 1) await playground.next();
  }
  assert.doesNotMatch(await server.nats("kv", "ls", "--names"), /my-kv/);
  await server.nats("kv", "rm", "my-sem", "-f");
  await playground.close();
});

test("account info names the address that the page connected to", async () => {
  const playground = await world.open({ hosts: [server.host] });
  await connected(playground);
  await playground.terminal("A").enter("nats account info");
  await playground.terminal("A").shows(new RegExp(`Connected URL: ${server.url}\\n\\s*Connected Address: ${server.host}\\n`));
  await playground.close();
});

test("a watch sees a foreign write, and outlives a restart of the server with each revision once", async () => {
  const playground = await world.open({ hosts: [server.host] });
  await connected(playground);
  const a = playground.terminal("A");
  await server.nats("kv", "add", "w", "--history", "10");
  await a.enter("nats kv watch w");
  await server.nats("kv", "put", "w", "k", "one");
  await a.shows(/\] PUT w > k: one\n/);
  const shown = playground.messages.getByRole("cell", { name: "one" });
  await shown.waitFor();
  await server.down();
  await playground.page.getByText(/reconnecting/i).first().waitFor();
  await playground.terminal("B").enter("nats kv put w k lost");
  await playground.terminal("B").shows(/no servers available/);
  assert.ok(await shown.isVisible(), "it is only out of reach");
  await server.up();
  await server.nats("kv", "put", "w", "k", "two");
  await a.shows(/\] PUT w > k: two\n/);
  await server.nats("kv", "put", "w", "k", "three");
  await a.shows(/\] PUT w > k: three\n/);
  const seen = (await a.text()).match(/PUT w > k: \w+/g);
  assert.deepEqual(seen, ["PUT w > k: one", "PUT w > k: two", "PUT w > k: three"]);
  await a.press("Control+c");
  await closeDespiteRefusals(playground);
});

test("after a change of the password, one connects again with the new one", async () => {
  const playground = await world.open({ hosts: [server.host] });
  await connected(playground);
  await server.down();
  server.password = "another-s3cret";
  await server.up();
  const again = playground.page.getByRole("button", { name: "Again" });
  await again.click();
  const dialog = playground.page.getByRole("dialog");
  assert.equal(await dialog.getByLabel("URL").inputValue(), server.url);
  for (const [password, then] of [["wrong", () => dialog.getByRole("alert").waitFor()], [server.password, () => dialog.waitFor({ state: "hidden" })]]) {
    await dialog.getByLabel("User").fill(server.user);
    await dialog.getByLabel("Password").fill(password);
    await dialog.getByRole("button", { name: "Connect", exact: true }).click();
    await then();
  }
  await again.waitFor({ state: "hidden" });
  await playground.terminal("A").enter("nats account info");
  await playground.terminal("A").shows(/Account Usage/);
  await closeDespiteRefusals(playground);
});

test("before the lesson touches a bucket that was there, it asks", async () => {
  const playground = await world.open({ hosts: [server.host], address: "#step=bucket" });
  await server.nats("kv", "add", "my-kv");
  await server.nats("kv", "put", "my-kv", "Key1", "precious");
  await connected(playground);
  await playground.next();
  await playground.run(0);
  const question = playground.page.getByRole("dialog");
  await question.waitFor();
  await playground.page.keyboard.press("Escape");
  assert.equal(await server.nats("kv", "get", "my-kv", "Key1", "--raw"), "precious");
  await server.nats("kv", "rm", "my-kv", "-f");
  await playground.close();
});

test("no secret stays behind", async () => {
  const playground = await world.open({ hosts: [server.host] });
  await connected(playground);
  await playground.terminal("A").enter("nats account info");
  await playground.terminal("A").shows(/Account Usage/);
  const left = await playground.page.evaluate(async () => {
    const stores = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie, location.href];
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise((resolve) => (indexedDB.open(name).onsuccess = (e) => resolve(e.target.result)));
      for (const store of database.objectStoreNames) {
        const all = database.transaction(store).objectStore(store).getAll();
        await new Promise((resolve) => (all.onsuccess = resolve));
        stores.push(JSON.stringify(all.result.map((v) => (v instanceof Uint8Array ? new TextDecoder().decode(v) : v))));
      }
    }
    return stores.join("\n") + document.documentElement.outerHTML;
  });
  assert.ok(!left.includes(server.password));
  await playground.page.getByRole("button", { name: "Disconnect" }).first().click();
  await playground.terminal("A").enter("nats account info");
  await playground.terminal("A").shows(/JetStream is not supported/);
  await playground.close();
});

test("the views say the same of a real server: its traffic without secrets, its configuration as others change it", async () => {
  const playground = await world.open({ hosts: [server.host] });
  const { page } = playground;
  await connected(playground);
  const a = playground.terminal("A");
  const view = (name) => playground.stream.getByRole("button", { name, exact: true }).click();
  await a.enter("nats kv add views");
  await a.shows(/Bucket Name: views\n/);
  await view("Wire");
  const wire = page.getByRole("table", { name: "Wire", exact: true });
  const line = (pattern) => wire.getByRole("row").filter({ hasText: pattern }).last().waitFor();
  await a.enter("nats kv put views k Value1");
  await line(/^A sent\s*PUB \$KV\.views\.k \S+ 6\s*6 B Value1/);
  await line(/^A sent\s*CONNECT .*"user":"ada","pass":"\*\*\*"/);
  await line(/^A got\s*INFO .*"server_name":"loopback"/);
  const text = await wire.innerText();
  assert.ok(!text.includes(server.password) && !text.includes("NATS KV Playground"));
  await view("Config");
  const { config } = JSON.parse(await server.nats("stream", "info", "KV_views", "--json"));
  await server.nats("request", "$JS.API.STREAM.UPDATE.KV_views", JSON.stringify({ ...config, description: "by somebody else" }));
  await page.getByRole("group", { name: "Configuration of the stream" }).getByText("by somebody else").waitFor();
  await view("Tape");
  await a.enter("nats kv watch views");
  await page.getByTitle("sent to A: up to 1").waitFor();
  await server.nats("kv", "put", "views", "k", "Value2");
  await page.getByTitle("sent to A: up to 2").waitFor();
  await a.press("Control+c");
  await server.nats("kv", "rm", "views", "-f");
  await playground.close();
});

test("after a reload the server that was connected to is offered again, without its credentials", async () => {
  const playground = await world.open({ hosts: [server.host] });
  await connected(playground);
  await playground.page.reload();
  await playground.page.getByRole("button", { name: "Connect", exact: true }).first().click();
  const dialog = playground.page.getByRole("dialog");
  const field = (name) => dialog.getByLabel(name).inputValue();
  assert.deepEqual([await field("URL"), await field("User"), await field("Password")], [server.url, "", ""]);
  await playground.close();
});

test("an address offers a server and does not connect to it", async () => {
  const playground = await world.open({ address: `?server=${encodeURIComponent(server.url)}` });
  await playground.page.getByRole("dialog").getByLabel("URL").waitFor();
  assert.equal(await playground.page.getByRole("dialog").getByLabel("URL").inputValue(), server.url);
  await playground.close(); // a connection would be a problem: its host is not allowed here
});
