// A real nats-server with a WebSocket door and a password, on the loopback; can be stopped and started again.
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class NatsServer {
  user = "ada";
  password = "s3cret-of-the-test";

  static async start(options = {}) {
    const server = new NatsServer();
    server.folder = mkdtempSync(join(tmpdir(), "page-nats-"));
    [server.port, server.wsPort] = [await freePort(), await freePort()];
    const jetstream = options.jetstream === false ? "" : `jetstream { store_dir: "${server.folder}/js" }`;
    writeFileSync(
      join(server.folder, "server.conf"),
      `listen: "127.0.0.1:${server.port}"
       server_name: "loopback"
       ${jetstream}
       authorization { user: "${server.user}", password: "${server.password}" }
       websocket { listen: "127.0.0.1:${server.wsPort}", no_tls: true }`,
    );
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
    this.process = spawn("nats-server", ["-c", join(this.folder, "server.conf")], { stdio: "ignore" });
    this.process.once("error", (error) => (this.failed = error));
    while (!(await this.answers())) {
      if (this.failed) throw this.failed;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  answers() {
    return new Promise((resolve) => {
      const socket = connect(this.wsPort, "127.0.0.1", () => (socket.destroy(), resolve(true)));
      socket.once("error", () => resolve(false));
    });
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
