// Starts real nats-servers for tests that run in a browser and cannot: prints its address, then takes
// `POST /ID` with nats-server's arguments, (re)starts that server, and answers with its WebSocket address.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "./server.mjs";

const servers = new Map();

async function restart(id, args) {
  const server = servers.get(id) ?? { folder: mkdtempSync(join(tmpdir(), "web-nats-")) };
  servers.set(id, server);
  if (server.process) {
    const ended = new Promise((resolve) => server.process.once("exit", resolve));
    server.process.kill("SIGTERM");
    await ended;
  }
  const config = join(server.folder, "server.conf");
  writeFileSync(config, `websocket { listen: "127.0.0.1:${server.wsPort ?? -1}", no_tls: true }`);
  const flags = ["-c", config, "-a", "127.0.0.1", "-p", String(server.port ?? -1), "-sd", join(server.folder, "js")];
  Object.assign(server, await start("nats-server", [...flags, ...args.split(" ").filter(Boolean)]));
  return `ws://127.0.0.1:${server.wsPort}`;
}

const control = createServer(async (request, response) => {
  let args = "";
  for await (const chunk of request) args += chunk;
  response.writeHead(200, { "access-control-allow-origin": "*" });
  response.end(await restart(request.url, args));
});
control.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${control.address().port}`));

async function stop(server) {
  const ended = new Promise((resolve) => server.process.once("exit", resolve));
  server.process.kill("SIGKILL");
  await ended; // what still writes to a folder brings it back
  rmSync(server.folder, { recursive: true, force: true });
}

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => Promise.all([...servers.values()].map(stop)).then(() => process.exit()));
}
