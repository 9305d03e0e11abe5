// A real nats-server with a WebSocket door and a password (or users with keys), on the loopback; can be stopped and started again.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { start } from "../../common/server.mjs";

export class NatsServer {
  user = "ada";
  password = "s3cret-of-the-test";

  static async start(options = {}) {
    const server = new NatsServer();
    server.folder = mkdtempSync(join(tmpdir(), "page-nats-"));
    server.users = options.users;
    server.jetstream = options.jetstream === false ? "" : `jetstream { store_dir: "${server.folder}/js" }`;
    await server.up();
    return server;
  }

  get host() {
    return `127.0.0.1:${this.wsPort}`;
  }

  get url() {
    return `ws://${this.host}`;
  }

  async up() {
    const config = join(this.folder, "server.conf");
    writeFileSync(
      config,
      `listen: "127.0.0.1:${this.port ?? -1}"
       server_name: "loopback"
       ${this.jetstream}
       ${this.users ?? `authorization { user: "${this.user}", password: "${this.password}" }`}
       websocket { listen: "127.0.0.1:${this.wsPort ?? -1}", no_tls: true }`,
    );
    Object.assign(this, await start("nats-server", ["-c", config]));
  }

  async down() {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGTERM");
    await ended;
  }

  /** Runs the real `nats`; its output. */
  async nats(...args) {
    const url = `nats://${this.user}:${this.password}@127.0.0.1:${this.port}`;
    const env = { ...process.env, NATS_URL: url, HOME: this.folder, XDG_CONFIG_HOME: this.folder };
    return (await promisify(execFile)("nats", args, { env })).stdout;
  }

  async close() {
    await this.down();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
