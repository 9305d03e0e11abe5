// nats.js' KV in one Chromium, against the server in the page and over a loopback WebSocket to nats-server, in turn.
// Prints a line of JSON: [name, messages a second in the page, messages a second over the WebSocket], medians of ROUNDS. The
// last is what nats.js alone can do: from the moment it gets the bytes of a watch, all in one, to its last entry.
import { NatsServer } from "../tests/page/support/nats-server.mjs";
import { launch } from "../tests/page/support/playground.mjs";
import { serve } from "../tests/page/support/site.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const COUNT = 3000;

/** Runs in the page: puts, gets, and a watch that starts with all keys. */
async function measure({ where, user, pass, count }) {
  let delivered; // when nats.js got its last large delivery
  const { wsconnect, Kvm } = await import("/nats-js/nats.js");
  let options;
  if (where === "page" || where === "nats.js") {
    const { default: init, Server } = await import("/pkg/nats_kv_playground.js");
    await init();
    const server = new Server({ jetstream: true });
    const connect = server.connector();
    const observed = async (...address) => {
      const { socket } = await connect(...address);
      const observer = {
        send: (data) => socket.send(data),
        close: () => socket.close(),
        bufferedAmount: 0,
        set onopen(handler) { socket.onopen = handler; },
        set onclose(handler) { socket.onclose = handler; },
        set onerror(handler) { socket.onerror = handler; },
        set onmessage(handler) {
          socket.onmessage = (event) => {
            if (event.data.byteLength > 50 * count) delivered = performance.now();
            handler?.(event);
          };
        },
      };
      return { socket: observer, encrypted: false };
    };
    options = { servers: "ws://in-page:4222", wsFactory: where === "page" ? connect : observed };
  } else {
    options = { servers: where, user, pass };
  }
  const nc = await wsconnect(options);
  const bucket = `b${Math.random()}`.replace(".", "");
  const kv = await new Kvm(nc).create(bucket, { history: 1, storage: "memory" });
  const rate = async (work) => {
    const start = performance.now();
    await work();
    return count / ((performance.now() - start) / 1000);
  };
  const put = await rate(async () => {
    for (let i = 0; i < count; i++) await kv.put(`key.${i}`, "value");
  });
  const get = await rate(async () => {
    for (let i = 0; i < count; i++) await kv.get(`key.${i}`);
  });
  const watch = await rate(async () => {
    let seen = 0;
    const watcher = await kv.watch();
    for await (const _ of watcher) if (++seen === count) break;
  });
  const floor = count / ((performance.now() - delivered) / 1000);
  await kv.destroy?.();
  await nc.close();
  return { put, get, watch, floor };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const [browser, server, site] = await Promise.all([
  launch(),
  NatsServer.start(),
  serve({ "/nats-js/": "target/nats-js", "/pkg/": "pkg" }),
]);
const results = { page: [], [server.url]: [], "nats.js": [] };
for (let round = 0; round < ROUNDS; round++) {
  for (const where of Object.keys(results)) {
    const page = await browser.newPage();
    // Any document of the site will do; one made up by the test would not count as local, and be kept from nats-server.
    await page.goto(`${site.origin}/nats-js/nats.js`);
    const options = { where, user: server.user, pass: server.password, count: COUNT };
    results[where].push(await page.evaluate(measure, options));
    await page.close();
  }
}
await Promise.all([browser.close(), server.close(), site.close()]);
const [ours, real, alone] = Object.values(results);
const of = (runs, name) => median(runs.map((run) => run[name]));
const rows = ["put", "get", "watch"].map((name) => [name, of(ours, name), of(real, name)]);
console.log(JSON.stringify([...rows, ["watch: nats.js alone", of(alone, "floor"), of(real, "watch")]]));
