// What nats.js makes of a server in lame duck mode, over TCP and over WebSocket.
import assert from "node:assert/strict";
import test from "node:test";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as tcp } from "@nats-io/transport-node";
import { wsconnect } from "@nats-io/nats-core";
import { start } from "../common/server.mjs";

/** Starts the server of this run with both doors; its process, and their addresses. */
async function open(folder) {
  const args = ["-a", "127.0.0.1", "-p", "-1"];
  if (process.env.SERVER === "ours") {
    args.push("--ws_port", "-1");
  } else {
    const config = join(folder, "server.conf");
    writeFileSync(config, 'websocket { host: "127.0.0.1", port: -1, no_tls: true }\n');
    args.push("-c", config);
  }
  const { process: server, port, wsPort } = await start(process.env.SERVER_BIN, args);
  return { server, nats: `nats://127.0.0.1:${port}`, ws: `ws://127.0.0.1:${wsPort}` };
}

test("clients hear of it, and are closed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lame-duck-"));
  const { server, nats, ws } = await open(folder);
  try {
    const connections = [
      await tcp({ servers: nats, reconnect: false }),
      await wsconnect({ servers: ws, reconnect: false }),
    ];
    const heard = connections.map(async (nc) => {
      await nc.flush();
      for await (const status of nc.status()) {
        if (status.type === "ldm") return status.server;
      }
    });
    await Promise.all(connections.map((nc) => nc.flush()));
    const exit = once(server, "exit");
    server.kill("SIGUSR2");
    assert.deepEqual(await Promise.all(heard), connections.map((nc) => nc.getServer()));
    for (const nc of connections) {
      assert.equal(nc.info.ldm, true);
      await nc.flush();
    }
    await Promise.all(connections.map((nc) => nc.closed()));
    assert.deepEqual(await exit, [0, null]);
  } finally {
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
});
