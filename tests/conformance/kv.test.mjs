// The Key/Value store as nats.js uses it.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { connect } from "@nats-io/transport-node";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";

let nc, kvm, count = 0;

before(async () => {
  nc = await connect({ servers: process.env.NATS_URL });
  kvm = new Kvm(nc);
});
after(() => nc.close());

/** A fresh bucket. */
const bucket = (options) => kvm.create(`b${++count}`, options);

/** Reads `n` entries and stops. */
async function take(iterator, n) {
  const entries = [];
  if (n === 0) {
    iterator.stop();
    return entries;
  }
  for await (const entry of iterator) {
    entries.push(entry);
    if (entries.length === n) break;
  }
  return entries;
}

const all = async (iterator) => {
  const entries = [];
  for await (const entry of iterator) entries.push(entry);
  return entries;
};

const shown = (entries) => entries.map((e) => `${e.operation} ${e.key} ${e.string()} ${e.revision}`);

test("put and get", async () => {
  const kv = await bucket();
  assert.equal(await kv.put("a", "1"), 1);
  assert.equal(await kv.put("a", "2"), 2);
  const entry = await kv.get("a");
  assert.deepEqual([entry.key, entry.string(), entry.revision, entry.operation, entry.length], ["a", "2", 2, "PUT", 1]);
  assert.equal(await kv.get("nothing"), null);
});

test("get by revision", async () => {
  const kv = await bucket({ history: 5 });
  await kv.put("a", "1");
  await kv.put("a", "2");
  assert.equal((await kv.get("a", { revision: 1 })).string(), "1");
  assert.equal(await kv.get("b", { revision: 1 }), null);
});

test("create refuses what exists", async () => {
  const kv = await bucket();
  assert.equal(await kv.create("a", "1"), 1);
  await assert.rejects(kv.create("a", "2"), /wrong last sequence: 1/);
  await kv.delete("a");
  assert.equal(await kv.create("a", "3"), 3);
});

test("update compares revisions", async () => {
  const kv = await bucket();
  const revision = await kv.put("a", "1");
  assert.equal(await kv.update("a", "2", revision), 2);
  await assert.rejects(kv.update("a", "3", revision), /wrong last sequence: 2/);
});

test("delete and purge leave markers", async () => {
  const kv = await bucket({ history: 5 });
  await kv.put("a", "1");
  await kv.put("a", "2");
  await kv.delete("a");
  assert.equal((await kv.get("a")).operation, "DEL");
  assert.equal((await all(await kv.history({ key: "a" }))).length, 3);
  await kv.purge("a");
  assert.deepEqual(shown(await all(await kv.history({ key: "a" }))), ["PURGE a  4"]);
});

test("delete with a revision", async () => {
  const kv = await bucket();
  await kv.put("a", "1");
  await assert.rejects(kv.delete("a", { previousSeq: 7 }), /wrong last sequence: 1/);
  await kv.delete("a", { previousSeq: 1 });
});

test("keys", async () => {
  const kv = await bucket();
  for (const key of ["a", "b.c", "b.d", "e"]) await kv.put(key, key);
  await kv.delete("e");
  assert.deepEqual((await all(await kv.keys())).sort(), ["a", "b.c", "b.d"]);
  assert.deepEqual((await all(await kv.keys("b.*"))).sort(), ["b.c", "b.d"]);
  assert.deepEqual((await all(await kv.keys(["a", "b.d"]))).sort(), ["a", "b.d"]);
  assert.deepEqual(await all(await (await bucket()).keys()), []);
});

test("history", async () => {
  const kv = await bucket({ history: 3 });
  for (const value of ["1", "2", "3", "4"]) await kv.put("a", value);
  await kv.put("b", "x");
  assert.deepEqual(shown(await all(await kv.history({ key: "a" }))), ["PUT a 2 2", "PUT a 3 3", "PUT a 4 4"]);
  assert.equal((await all(await kv.history())).length, 4);
  const entries = await all(await kv.history({ key: "a" }));
  assert.deepEqual(entries.map((e) => e.delta), [2, 1, 0]);
});

test("watch: last values, then updates", async () => {
  const kv = await bucket({ history: 5 });
  await kv.put("a", "1");
  await kv.put("a", "2");
  await kv.put("b", "1");
  const watch = await kv.watch();
  const seen = take(watch, 4);
  await kv.put("a", "3");
  await kv.delete("b");
  const entries = await seen;
  assert.deepEqual(shown(entries), ["PUT a 2 2", "PUT b 1 3", "PUT a 3 4", "DEL b  5"]);
  assert.deepEqual(entries.slice(2).map((e) => e.isUpdate), [true, true]);
});

test("watch: history, updates only, from a revision, one key, without deletes, headers only", async () => {
  const kv = await bucket({ history: 5 });
  await kv.put("a", "1");
  await kv.put("a", "2");
  await kv.put("b.c", "1");
  await kv.delete("a");
  const first = async (options, n) => shown(await take(await kv.watch(options), n));
  assert.deepEqual(await first({ include: "history" }, 4), ["PUT a 1 1", "PUT a 2 2", "PUT b.c 1 3", "DEL a  4"]);
  assert.deepEqual(await first({ resumeFromRevision: 2 }, 3), ["PUT a 2 2", "PUT b.c 1 3", "DEL a  4"]);
  assert.deepEqual(await first({ key: "b.>" }, 1), ["PUT b.c 1 3"]);
  assert.deepEqual(await first({ key: ["b.c", "a"] }, 2), ["PUT b.c 1 3", "DEL a  4"]);
  assert.deepEqual(await first({ ignoreDeletes: true }, 1), ["PUT b.c 1 3"]);
  const [bare] = await take(await kv.watch({ key: "b.c", headers_only: true }), 1);
  assert.deepEqual([bare.string(), bare.length], ["", 1]);
  const updates = take(await kv.watch({ include: "updates" }), 1);
  await kv.put("z", "9");
  assert.deepEqual(shown(await updates), ["PUT z 9 5"]);
});

test("many values come in order and flow control keeps up", async () => {
  const kv = await bucket();
  const value = new Uint8Array(50_000).fill(97);
  const n = 200;
  for (let i = 0; i < n; i++) await kv.put(`k${i}`, value);
  const entries = await take(await kv.watch(), n);
  assert.deepEqual(entries.map((e) => e.revision), Array.from({ length: n }, (_, i) => i + 1));
});

test("status", async () => {
  const kv = await bucket({ history: 4, description: "d", max_bytes: 10_000, maxValueSize: 100, ttl: 60_000 });
  await kv.put("a", "1");
  const status = await kv.status();
  assert.deepEqual(
    [status.history, status.description, status.max_bytes, status.maxValueSize, status.ttl, status.values],
    [4, "d", 10_000, 100, 60_000, 1],
  );
  assert.ok(status.size > 0);
});

test("limits: a value too large, a bucket too full", async () => {
  const kv = await bucket({ maxValueSize: 10, max_bytes: 200 });
  await assert.rejects(kv.put("a", "x".repeat(11)), /message size exceeds maximum allowed/);
  await assert.rejects(async () => {
    for (let i = 0; i < 20; i++) await kv.put(`k${i}`, "0123456789");
  }, /maximum bytes exceeded/);
});

test("time to live and its marker", async () => {
  const kv = await bucket({ ttl: 1000, markerTTL: 2000 });
  await kv.put("a", "1");
  const [put, gone] = await take(await kv.watch({ key: "a" }), 2);
  assert.deepEqual([put.operation, gone.operation], ["PUT", "PURGE"]);
});

test("purgeDeletes", async () => {
  const kv = await bucket();
  await kv.put("a", "1");
  await kv.put("b", "1");
  await kv.delete("a");
  await kv.purgeDeletes(-1);
  assert.deepEqual(shown(await all(await kv.history())), ["PUT b 1 2"]);
});

test("mirror of a bucket", async () => {
  const kv = await bucket();
  await kv.put("a", "1");
  const { bucket: name } = await kv.status();
  const mirror = await kvm.create(`m${name}`, { mirror: { name: `KV_${name}` } });
  // The mirror follows when it has attached to its origin.
  while ((await mirror.status()).values === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  const jsm = await jetstreamManager(nc);
  const message = await jsm.streams.getMessage(`KV_m${name}`, { last_by_subj: `$KV.${name}.a` });
  assert.equal(message.string(), "1");
});

test("list, open, destroy", async () => {
  const kv = await bucket();
  const { bucket: name } = await kv.status();
  const names = (await all(kvm.list())).map((status) => status.bucket);
  assert.ok(names.includes(name));
  await kvm.open(name);
  assert.equal(await kv.destroy(), true);
  const jsm = await jetstreamManager(nc);
  await assert.rejects(jsm.streams.info(`KV_${name}`), /stream not found/);
});

test("a bucket is a stream", async () => {
  const kv = await bucket();
  const { bucket: name } = await kv.status();
  const ack = await jetstream(nc).publish(`$KV.${name}.k`, "v");
  assert.equal(ack.stream, `KV_${name}`);
  assert.equal((await kv.get("k")).string(), "v");
});
