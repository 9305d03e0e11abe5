// Starts our server, or nats-server, and reads from its log which ports it listens on: those that are given as -1 it chooses
// itself, as one that is looked up and let go before may be given to somebody else meanwhile.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Starts a program with these arguments; its process, `port` and, with a WebSocket door, `wsPort`. */
export async function start(program, args) {
  const process = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  await once(process, "spawn");
  const ports = {};
  let ready = false;
  let last = "";
  for await (const line of createInterface({ input: process.stderr })) {
    const [, kind, port] = line.match(/Listening for (client|websocket).*:(\d+)$/) ?? [];
    if (kind) ports[kind] = Number(port);
    last = line;
    if ((ready = line.includes("Server is ready"))) break;
  }
  if (!ready) throw new Error(`${program} ${args.join(" ")} ended before it was ready: ${last}`);
  process.stderr.resume();
  return { process, port: ports.client, wsPort: ports.websocket };
}
