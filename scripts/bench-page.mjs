// nats.js' KV in one Chromium, against the server in the page and over a loopback WebSocket to nats-server, in turn.
// Prints a line of JSON: [name, messages a second in the page, messages a second over the WebSocket], medians of ROUNDS. The
// last two tell what a watch in the page consists of: the server's work, and what nats.js does from the moment it gets the
// bytes of all entries, in one, to the last of them.
import { NatsServer } from "../tests/page/support/nats-server.mjs";
import { launch } from "../tests/page/support/playground.mjs";
import { serve } from "../tests/page/support/site.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const COUNT = 3000;

/** Runs in the page: puts, gets, a watch that starts with all keys, and one that sees as many puts as they are made. */
async function measure({ where, user, pass, count }) {
  let delivered; // when nats.js got its last large delivery
  let served = 0; // ms the server took for what it was sent
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
        send: (data) => {
          const start = performance.now();
          socket.send(data);
          served += performance.now() - start;
        },
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
  const puts = () =>
    rate(async () => {
      for (let i = 0; i < count; i++) await kv.put(`key.${i}`, "value");
    });
  const put = await puts();
  const putAgain = await puts();
  const get = await rate(async () => {
    for (let i = 0; i < count; i++) await kv.get(`key.${i}`);
  });
  const all = async () => {
    let seen = 0;
    const watcher = await kv.watch();
    for await (const _ of watcher) if (++seen === count) break;
  };
  served = 0;
  const watch = await rate(all);
  const client = count / ((performance.now() - delivered) / 1000);
  const engine = count / (served / 1000);
  const again = await rate(all);
  const live = await rate(async () => {
    const watcher = await kv.watch({ include: "updates" });
    const seen = (async () => {
      let seen = 0;
      for await (const _ of watcher) if (++seen === count) break;
    })();
    const puts = Array.from({ length: count }, (_, i) => kv.put(`key.${i}`, "value"));
    await Promise.all([seen, ...puts]);
  });
  await kv.destroy?.();
  await nc.close();
  return { put, putAgain, get, watch, again, live, client, engine };
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
const row = (title, name) => [title, of(ours, name), of(real, name)];
const rows = [row("put", "put"), row("put, a second time", "putAgain"), row("get", "get"), row("watch", "watch")];
rows.push(row("watch, a second time", "again"));
rows.push(row("watch of puts that are all under way", "live"));
rows.push(["watch: the server alone", of(alone, "engine"), of(real, "watch")]);
rows.push(["watch: nats.js alone", of(alone, "client"), of(real, "watch")]);
console.log(JSON.stringify(rows));
