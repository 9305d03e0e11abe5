// Streams, consumers, object store and services as nats.js uses them.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { connect } from "@nats-io/transport-node";
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Objm } from "@nats-io/obj";
import { Svcm } from "@nats-io/services";

let nc, js, jsm;

before(async () => {
  nc = await connect({ servers: process.env.NATS_URL });
  js = jetstream(nc);
  jsm = await jetstreamManager(nc);
});
after(() => nc.close());

/** A stream of `n` messages. */
async function stream(name, n, config = {}) {
  await jsm.streams.add({ name, subjects: [`${name}.>`], ...config });
  for (let i = 1; i <= n; i++) await js.publish(`${name}.m${i % 2}`, `${i}`);
}

const take = async (messages, n) => {
  const seqs = [];
  for await (const m of messages) {
    seqs.push(m.seq);
    m.ack();
    if (seqs.length === n) break;
  }
  return seqs;
};

test("publish: acks, duplicates, expectations", async () => {
  await stream("pub", 0);
  assert.deepEqual((({ seq, duplicate }) => [seq, duplicate])(await js.publish("pub.a", "1", { msgID: "x" })), [1, false]);
  assert.equal((await js.publish("pub.a", "1", { msgID: "x" })).duplicate, true);
  await assert.rejects(js.publish("pub.a", "2", { expect: { lastSequence: 7 } }), /wrong last sequence: 1/);
  await assert.rejects(js.publish("nobody.listens", "2"));
});

test("fetch, consume and next", async () => {
  await stream("pull", 10);
  await jsm.consumers.add("pull", { durable_name: "c", ack_policy: AckPolicy.Explicit });
  const consumer = await js.consumers.get("pull", "c");
  assert.deepEqual(await take(await consumer.fetch({ max_messages: 3 }), 3), [1, 2, 3]);
  const next = await consumer.next();
  assert.equal(next.seq, 4);
  assert.equal(await next.ackAck(), true);
  assert.deepEqual(await take(await consumer.consume({ max_messages: 2 }), 6), [5, 6, 7, 8, 9, 10]);
  assert.equal(await consumer.next({ expires: 1000 }), null);
});

test("ordered consumers, filtered and from a sequence", async () => {
  await stream("ord", 10);
  const all = await js.consumers.get("ord");
  assert.deepEqual(await take(await all.consume(), 10), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const odd = await js.consumers.get("ord", { filter_subjects: "ord.m1" });
  assert.deepEqual(await take(await odd.fetch({ max_messages: 5 }), 5), [1, 3, 5, 7, 9]);
  const late = await js.consumers.get("ord", { opt_start_seq: 8, deliver_policy: DeliverPolicy.StartSequence });
  assert.deepEqual(await take(await late.consume(), 3), [8, 9, 10]);
});

test("push consumers", async () => {
  await stream("push", 5);
  const ordered = await js.consumers.getPushConsumer("push");
  assert.deepEqual(await take(await ordered.consume(), 5), [1, 2, 3, 4, 5]);
  await jsm.consumers.add("push", { durable_name: "d", ack_policy: AckPolicy.Explicit, deliver_subject: "push-to" });
  const durable = await js.consumers.getPushConsumer("push", "d");
  assert.deepEqual(await take(await durable.consume(), 5), [1, 2, 3, 4, 5]);
});

test("nak with a delay, term, redelivery", async () => {
  await stream("nak", 2);
  await jsm.consumers.add("nak", { durable_name: "c", ack_policy: AckPolicy.Explicit });
  const consumer = await js.consumers.get("nak", "c");
  const first = await consumer.next();
  first.nak(300);
  const second = await consumer.next();
  assert.equal(second.seq, 2);
  second.term("enough");
  const again = await consumer.next({ expires: 2000 });
  assert.deepEqual([again.seq, again.info.deliveryCount], [1, 2]);
  assert.equal(await again.ackAck(), true);
  assert.equal((await consumer.info()).num_ack_pending, 0);
});

test("work queue: gone when acknowledged", async () => {
  await stream("work", 3, { retention: "workqueue" });
  await jsm.consumers.add("work", { durable_name: "c", ack_policy: AckPolicy.Explicit });
  const consumer = await js.consumers.get("work", "c");
  for (let i = 0; i < 2; i++) await (await consumer.next()).ackAck();
  assert.deepEqual((({ messages, first_seq }) => [messages, first_seq])((await jsm.streams.info("work")).state), [1, 3]);
  await assert.rejects(jsm.consumers.add("work", { durable_name: "d", ack_policy: AckPolicy.Explicit }), /multiple non-filtered/);
});

test("pause and resume", async () => {
  await stream("pause", 1);
  await jsm.consumers.add("pause", { durable_name: "c", ack_policy: AckPolicy.Explicit });
  const { paused } = await jsm.consumers.pause("pause", "c", new Date(Date.now() + 60_000));
  assert.equal(paused, true);
  const consumer = await js.consumers.get("pause", "c");
  assert.equal(await consumer.next({ expires: 1000 }), null);
  await jsm.consumers.resume("pause", "c");
  assert.equal((await consumer.next({ expires: 2000 })).seq, 1);
});

test("management: list, names, purge, delete, direct get", async () => {
  await stream("adm", 6, { allow_direct: true });
  assert.equal((await jsm.streams.info("adm", { subjects_filter: ">" })).state.subjects["adm.m1"], 3);
  assert.equal((await jsm.direct.getMessage("adm", { last_by_subj: "adm.m0" })).seq, 6);
  assert.equal((await jsm.streams.purge("adm", { filter: "adm.m1" })).purged, 3);
  assert.equal(await jsm.streams.deleteMessage("adm", 2), true);
  await jsm.consumers.add("adm", { durable_name: "b" });
  await jsm.consumers.add("adm", { durable_name: "a" });
  assert.deepEqual((await jsm.consumers.list("adm").next()).map((info) => info.name), ["a", "b"]);
  assert.equal(await jsm.consumers.delete("adm", "a"), true);
  await assert.rejects(jsm.consumers.info("adm", "a"), /consumer not found/);
});

test("object store", async () => {
  const store = await new Objm(nc).create("objects");
  await store.putBlob({ name: "big" }, new Uint8Array(300_000).fill(7));
  assert.equal((await store.getBlob("big")).length, 300_000);
  assert.deepEqual((await store.list()).map((info) => info.name), ["big"]);
  await store.delete("big");
});

test("services", async () => {
  const services = new Svcm(nc);
  const service = await services.add({ name: "echo", version: "1.0.0" });
  service.addEndpoint("echo", (error, message) => message.respond(message.data));
  assert.equal((await nc.request("echo", "hello", { timeout: 2000 })).string(), "hello");
  const names = [];
  for await (const info of await services.client().ping("echo")) names.push(info.name);
  assert.deepEqual(names, ["echo"]);
  await service.stop();
});
