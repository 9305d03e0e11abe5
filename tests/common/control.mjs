// Starts real nats-servers for tests that run in a browser and cannot: prints its address, then takes
// `POST /ID` with nats-server's arguments, (re)starts that server, and answers with its WebSocket address.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, createServer as createPort } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const servers = new Map();

async function freePort() {
  const server = createPort();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const answers = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });

async function restart(id, args) {
  const server = servers.get(id) ?? { folder: mkdtempSync(join(tmpdir(), "web-nats-")), port: await freePort(), ws: await freePort() };
  servers.set(id, server);
  if (server.process) {
    const ended = new Promise((resolve) => server.process.once("exit", resolve));
    server.process.kill("SIGTERM");
    await ended;
  }
  const config = join(server.folder, "server.conf");
  writeFileSync(config, `websocket { listen: "127.0.0.1:${server.ws}", no_tls: true }`);
  const flags = ["-c", config, "-a", "127.0.0.1", "-p", String(server.port), "-sd", join(server.folder, "js")];
  server.process = spawn("nats-server", [...flags, ...args.split(" ").filter(Boolean)], { stdio: "ignore" });
  while (!(await answers(server.ws))) await new Promise((resolve) => setTimeout(resolve, 20));
  return `ws://127.0.0.1:${server.ws}`;
}

const control = createServer(async (request, response) => {
  let args = "";
  for await (const chunk of request) args += chunk;
  response.writeHead(200, { "access-control-allow-origin": "*" });
  response.end(await restart(request.url, args));
});
control.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${control.address().port}`));

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    for (const server of servers.values()) {
      server.process.kill("SIGKILL");
      rmSync(server.folder, { recursive: true, force: true });
    }
    process.exit();
  });
}
