// What tests of nats.go and jsm.go ask for servers: a service on NATS subjects, as github.com/synadia-io/orbit.go/ntf is one. It starts ours.
// What a test wants that a single server without a configuration file has not, is refused with NOT_OFFERED.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connect, headers } from "@nats-io/transport-node";
import { start } from "../common/server.mjs";

export const NOT_OFFERED = "not offered here";

export const PROGRAM = resolve(process.env.SERVER_BIN ?? "target/debug/examples/server");
// Ours syncs what it acknowledges, which nats-server does not: a busy disk may take longer than the 100 ms that some tests wait.
const FOLDERS = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const instances = new Map();

/** One managed server: it keeps its ports and its files while it is stopped. */
class Managed {
  constructor(name, options) {
    this.name = name;
    this.jetstream = options.jetstream;
    this.folder = mkdtempSync(join(FOLDERS, "nats-go-"));
    this.websocket = options.snippets?.websocket !== undefined;
    this.port = this.wsPort = -1;
  }

  async start() {
    const args = ["-a", "127.0.0.1", "-p", `${this.port}`];
    if (this.jetstream) args.push("-js", "-sd", this.folder);
    if (this.websocket) args.push("--ws_port", `${this.wsPort}`);
    Object.assign(this, await start(PROGRAM, args));
  }

  async stop() {
    if (!this.process) return;
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await ended;
    this.process = undefined;
  }

  async destroy() {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }

  get description() {
    const ports = this.websocket ? { websocket: this.wsPort } : {};
    return { name: this.name, cluster: "", port: this.port, ports, running: this.process !== undefined };
  }
}

/** What of a request to create or change a server is not to be had, if anything. Comments of a configuration ask for nothing. */
function missing({ snippets = {}, template, tls, trace }) {
  if (template) return "a configuration of one's own";
  if (tls) return "TLS";
  if (trace) return "a capture of the traffic";
  for (const [name, body] of Object.entries(snippets)) {
    if (name === "websocket" && !body.includes("tls {")) continue;
    const asked = body.split("\n").find((line) => line.trim() && !line.trim().startsWith("#"));
    if (asked) return `${name}: ${asked.trim()}`;
  }
}

function refuseWhatIsMissing(request) {
  const what = missing(request);
  if (what) throw new Error(`${NOT_OFFERED}: ${what}`);
}

function named(name) {
  const found = [...instances.values()].find((instance) => instance.name === name);
  if (!found) throw new Error(`no server ${name}`);
  return found;
}

let created = 0;
const ANSWERS = {
  "create.server": async (request) => {
    refuseWhatIsMissing(request);
    const id = `i${++created}`;
    const server = new Managed(`n${created}`, request);
    instances.set(id, server);
    await server.start();
    return { id, kind: "server", description: request.description, servers: [server.description] };
  },
  destroy: async ({ instance_id: id }) => {
    await instances.get(id)?.destroy();
    return { destroyed: instances.delete(id) };
  },
  "stop.server": async ({ name }) => {
    await named(name).stop();
    return { shutdown: true };
  },
  "start.server": async ({ name }) => {
    await named(name).start();
    return { started: true };
  },
  "update.server": async (request) => {
    refuseWhatIsMissing(request);
    return { updated: true };
  },
  status: async ({ instance_id: id }) => ({
    instances: [...instances].filter(([key]) => !id || key === id).map(([key, server]) => ({
      id: key,
      kind: "server",
      servers: [server.description],
    })),
  }),
};

/** Starts the service behind a server of ours; its address, and `close`, which stops every server. */
export async function serve() {
  const control = new Managed("control", {});
  await control.start();
  const url = `nats://127.0.0.1:${control.port}`;
  const connection = await connect({ servers: url });
  connection.subscribe("tester.>", {
    callback: async (_, message) => {
      try {
        const kind = message.subject.slice("tester.".length);
        const answer = ANSWERS[kind];
        if (!answer) throw new Error(`${NOT_OFFERED}: ${kind}`);
        message.respond(JSON.stringify(await answer(message.data.length ? message.json() : {})));
      } catch (error) {
        const refused = headers();
        refused.set("Nats-Service-Error", error.message);
        message.respond("", { headers: refused });
      }
    },
  });
  await connection.flush();
  const close = async () => {
    await connection.close();
    await Promise.all([control, ...instances.values()].map((server) => server.destroy()));
  };
  return { url, close };
}
