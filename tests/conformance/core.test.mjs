// Core messaging with nats.js, over TCP and over WebSocket.
import assert from "node:assert/strict";
import net from "node:net";
import test from "node:test";
import { once } from "node:events";
import { connect as tcp, headers } from "@nats-io/transport-node";
import { wsconnect } from "@nats-io/nats-core";

const doors = {
  tcp: (more) => tcp({ servers: process.env.NATS_URL, ...more }),
  websocket: (more) => wsconnect({ servers: process.env.NATS_WS, ...more }),
};

for (const [name, open] of Object.entries(doors)) {
  const over = (what, run) => test(`${name}: ${what}`, async () => {
    const nc = await open();
    try {
      await run(nc);
    } finally {
      await nc.close();
    }
  });

  over("server info", async (nc) => {
    assert.equal(nc.info.proto, 1);
    assert.equal(nc.info.headers, true);
    assert.equal(nc.info.max_payload, 1048576);
    assert.equal(nc.info.version, "2.15.2");
    assert.ok((await nc.rtt()) >= 0);
  });

  over("messages arrive in order, up to the largest", async (nc) => {
    const sub = nc.subscribe("a.*", { max: 4 });
    const sizes = [0, 1, 70000, 1048576];
    for (const size of sizes) nc.publish("a.b", new Uint8Array(size).fill(7));
    const seen = [];
    for await (const m of sub) seen.push(m.data.length);
    assert.deepEqual(seen, sizes);
  });

  over("headers", async (nc) => {
    const sub = nc.subscribe("h", { max: 1 });
    const h = headers();
    h.append("A", "1");
    h.append("A", "2");
    nc.publish("h", "x", { headers: h });
    for await (const m of sub) {
      assert.deepEqual(m.headers.values("A"), ["1", "2"]);
      assert.equal(m.string(), "x");
    }
  });

  over("requests, many at once", async (nc) => {
    nc.subscribe("echo", { callback: (_, m) => m.respond(m.data) });
    const replies = await Promise.all(Array.from({ length: 200 }, (_, i) => nc.request("echo", `${i}`)));
    assert.deepEqual(replies.map((m) => m.string()), Array.from({ length: 200 }, (_, i) => `${i}`));
  });

  over("nobody responds", async (nc) => {
    await assert.rejects(nc.request("nobody.there", ""), /no responders/);
  });

  over("queue groups", async (nc) => {
    const counts = [0, 0, 0];
    counts.forEach((_, i) => nc.subscribe("q", { queue: "g", callback: () => counts[i]++ }));
    for (let i = 0; i < 90; i++) nc.publish("q");
    await nc.flush();
    assert.equal(counts.reduce((a, b) => a + b), 90);
    assert.ok(counts.every((count) => count > 5), `${counts}`);
  });

  over("auto-unsubscribe and drain", async (nc) => {
    let count = 0;
    const sub = nc.subscribe("u", { callback: () => count++ });
    sub.unsubscribe(2);
    for (let i = 0; i < 5; i++) nc.publish("u");
    await nc.flush();
    assert.equal(count, 2);
    const drained = nc.subscribe("d");
    nc.publish("d");
    await nc.flush();
    await drained.drain();
    const left = [];
    for await (const m of drained) left.push(m.subject);
    assert.deepEqual(left, ["d"]);
  });

  test(`${name}: a second client hears the first`, async () => {
    const [a, b] = await Promise.all([open(), open({ noEcho: true })]);
    const heard = a.subscribe("x", { max: 1 });
    let echoed = 0;
    b.subscribe("x", { callback: () => echoed++ });
    await Promise.all([a.flush(), b.flush()]);
    b.publish("x", "hi");
    for await (const m of heard) assert.equal(m.string(), "hi");
    await b.flush();
    assert.equal(echoed, 0);
    await Promise.all([a.close(), b.close()]);
  });

  over("a publish that is too large ends the connection", async (nc) => {
    assert.throws(() => nc.publish("big", new Uint8Array(1048577)), /max_payload/i);
  });
}

test("websocket: who asks for something else is told so", async () => {
  const answer = await fetch(process.env.NATS_WS.replace("ws", "http"));
  assert.equal(answer.status, 400);
  assert.equal(answer.headers.get("sec-websocket-version"), "13");
  assert.equal(await answer.text(), "Bad Request\n");
});

test("tcp: who sends faster than it reads is held up, not closed", async () => {
  const { hostname, port } = new URL(process.env.NATS_URL);
  const socket = net.connect(port, hostname);
  await once(socket, "data");
  socket.write('CONNECT {"verbose":false}\r\nSUB a 1\r\n');
  const payload = "x".repeat(1024);
  const messages = Buffer.from(`PUB a 1024\r\n${payload}\r\n`.repeat(1024));
  for (let i = 0; i < 256; i++) socket.write(messages);
  const wanted = 256 * 1024 * `MSG a 1 1024\r\n${payload}\r\n`.length;
  let got = 0;
  for await (const data of socket) {
    got += data.length;
    if (got >= wanted) break;
  }
  // It may have asked whether we are there.
  assert.ok([wanted, wanted + "PING\r\n".length].includes(got), `${got} of ${wanted}`);
});
