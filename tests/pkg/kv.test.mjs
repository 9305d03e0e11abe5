// Unmodified nats.js against the in-page server of the npm package, in Node.
import assert from "node:assert/strict";
import { test } from "node:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { Objm } from "@nats-io/obj";
import { wsconnect } from "@nats-io/nats-core";
import { Server } from "../../pkg/node.js";

/** Runs a test with a server and a connection to it. */
function at(name, options, body) {
  test(name, async () => {
    const server = new Server(options);
    const open = (more) => wsconnect({ servers: "ws://in-page", wsFactory: server.connector(), ...more });
    const connection = await open({ user: options.user, pass: options.pass });
    try {
      await body({ server, connection, open });
    } finally {
      await connection.close();
      server.stop();
    }
  });
}

const text = (entry) => entry.string();

at("create, put, get, update, a stale update, delete, history, keys", { jetstream: true }, async ({ connection }) => {
  const bucket = await new Kvm(connection).create("b", { history: 5 });
  assert.equal(await bucket.create("a", "1"), 1);
  await assert.rejects(bucket.create("a", "x"), /wrong last sequence: 1/);
  assert.equal(await bucket.put("a", "2"), 2);
  const entry = await bucket.get("a");
  assert.deepEqual([text(entry), entry.revision, entry.operation], ["2", 2, "PUT"]);
  assert.equal(await bucket.update("a", "3", 2), 3);
  await assert.rejects(bucket.update("a", "stale", 2), /wrong last sequence: 3/);
  assert.equal(text(await bucket.get("a", { revision: 1 })), "1");
  await bucket.put("b.c", "4");
  await bucket.delete("a");
  assert.equal((await bucket.get("a")).operation, "DEL");
  assert.equal(await bucket.get("missing"), null);

  const history = [];
  for await (const e of await bucket.history({ key: "a" })) history.push([e.revision, e.operation]);
  assert.deepEqual(history, [[1, "PUT"], [2, "PUT"], [3, "PUT"], [5, "DEL"]]);
  const keys = [];
  for await (const key of await bucket.keys()) keys.push(key);
  assert.deepEqual(keys, ["b.c"]);
  assert.equal(await bucket.create("a", "again"), 6);
  await bucket.purge("a");
  const status = await bucket.status();
  assert.deepEqual([status.bucket, status.values, status.history], ["b", 2, 5]);
  await bucket.destroy();
});

at("a watch sees what is there and what comes, in order", { jetstream: true }, async ({ connection, open }) => {
  const bucket = await new Kvm(connection).create("w", { history: 3 });
  await bucket.put("k", "0");
  const seen = [];
  const watch = await bucket.watch();
  const done = (async () => {
    for await (const entry of watch) {
      seen.push([entry.key, entry.operation, entry.revision]);
      if (entry.operation === "PURGE") watch.stop();
    }
  })();
  const other = await open();
  const same = await new Kvm(other).open("w");
  for (let i = 1; i <= 500; i++) await same.put("k", String(i));
  await same.purge("k");
  await done;
  await other.close();
  const expected = Array.from({ length: 501 }, (_, i) => ["k", "PUT", i + 1]);
  assert.deepEqual(seen, [...expected, ["k", "PURGE", 502]]);
});

at("timers go on while a client is busy", { jetstream: true }, async ({ connection }) => {
  const bucket = await new Kvm(connection).create("t");
  let stop = false;
  setTimeout(() => (stop = true), 50);
  let puts = 0;
  for (; !stop; puts++) await bucket.put("k", "v");
  assert.ok(puts > 10, `${puts} puts`);
});

at("advance lets TTLs run out", { jetstream: true }, async ({ server, connection }) => {
  const bucket = await new Kvm(connection).create("ttl", { ttl: 60_000 });
  await bucket.put("k", "v");
  await server.advance(59_000);
  assert.equal(text(await bucket.get("k")), "v");
  await server.advance(3_600_000);
  assert.equal(await bucket.get("k"), null);
  await connection.flush();
});

at("asks for credentials, and takes its clients back after a restart", { user: "u", pass: "p" }, async ({ server, connection, open }) => {
  await assert.rejects(open({ user: "u", pass: "wrong" }), /Authorization Violation/i);
  assert.equal(connection.info.auth_required, true);
  const seen = [];
  const messages = connection.subscribe("news", { callback: (_, message) => seen.push(message.string()) });
  await connection.flush();
  const statuses = connection.status();
  server.stop();
  assert.throws(() => (server.start(), server.start()), /address already in use/);
  for await (const { type } of statuses) if (type === "reconnect") break;
  connection.publish("news", "again");
  await connection.flush();
  assert.deepEqual(seen, ["again"]);
  messages.unsubscribe();
});

at("what is saved starts another server", { jetstream: true }, async ({ server, connection }) => {
  const kvm = new Kvm(connection);
  await (await kvm.create("file")).put("k", "kept");
  await (await kvm.create("memory", { storage: "memory" })).put("k", "gone");
  const saved = server.save();
  const second = new Server({ jetstream: true, saved });
  const other = await wsconnect({ servers: "ws://in-page", wsFactory: second.connector() });
  const bucket = await new Kvm(other).open("file");
  assert.equal(text(await bucket.get("k")), "kept");
  await assert.rejects(jetstreamManager(other).then((m) => m.streams.info("KV_memory")), /stream not found/);
  await other.close();
  second.stop();
});

at("objects and streams work too", { jetstream: true }, async ({ connection }) => {
  const store = await new Objm(connection).create("files");
  const bytes = new Uint8Array(300_000).map((_, i) => i % 251);
  await store.putBlob({ name: "f" }, bytes);
  assert.deepEqual(await store.getBlob("f"), bytes);
  const manager = await jetstreamManager(connection);
  const names = [];
  for await (const name of manager.streams.names()) names.push(name);
  assert.deepEqual(names, ["OBJ_files"]);
});

test("without -js there is no JetStream, and a stopped server refuses", async () => {
  const lines = [];
  const server = new Server({ log: (line) => lines.push(line), name: "here", port: 4333 });
  const connect = () => wsconnect({ servers: "ws://in-page", wsFactory: server.connector(), reconnect: false });
  const connection = await connect();
  assert.deepEqual([connection.info.server_name, connection.info.port], ["here", 4333]);
  await assert.rejects(new Kvm(connection).create("b"), /jetstream is not enabled|no responders/i);
  server.stop();
  await connection.closed();
  await assert.rejects(connect());
  await new Promise((turn) => setTimeout(turn));
  assert.match(lines[0], /\[INF\] Starting nats-server/);
  assert.match(lines.at(-1), /\[INF\] Server Exiting\.\./);
});
