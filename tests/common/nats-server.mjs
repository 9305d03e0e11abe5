// Starts the real nats-server. It chooses the ports that are given as -1 itself and says which: a port that is looked up
// and let go before may be given to somebody else meanwhile.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Starts one with these arguments; its process, `port` and, with a WebSocket door, `wsPort`. */
export async function start(folder, args) {
  const process = spawn("nats-server", [...args, "--ports_file_dir", folder], { stdio: "ignore" });
  let ended;
  process.once("error", (error) => (ended = error));
  process.once("exit", (code) => (ended = new Error(`nats-server ended with ${code}: ${args.join(" ")}`)));
  const file = join(folder, `nats-server_${process.pid}.ports`);
  let listens;
  while (!(listens = written(file))) {
    if (ended) throw ended;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { nats, websocket = [] } = listens;
  const [port, wsPort] = [nats[0], websocket[0]].map((url) => url && Number(new URL(url).port));
  return { process, port, wsPort };
}

/** What the server writes into this file once it listens. */
function written(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined; // Not there yet, or not all of it.
  }
}
