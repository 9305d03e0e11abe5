// nats-server's own tests, those that start one server with JetStream and do nothing with it but connect: a copy of its source in
// which the address of that server is the address of one of ours.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where a test gets its server, what it does with it when it only talks to it, and what is kept from clients. */
const START = "RunBasicJetStreamServer(t)";
const USES = new Set(["ClientURL", "Shutdown", "WaitForShutdown"]);
const INTERNAL = /\b(?:mset|acc|fs|ms|o|sl)\.(?:store|lookup\w*|mu|cfg|addConsumer|raft\w*|info|state|msgs\w*|stop|delete)\b|luster|AckTimeout/;
const TEST = /^func (Test\w+)\(t \*testing\.T\) \{\n(.*?)^\}\n/gms;

/** Functions, with what comes first in them. */
const PATCHES = [
  ["server.go", "func (s *Server) ClientURL() string {\n", "\tif url, found := oursURL(s); found {\n\t\treturn url\n\t}\n"],
  ["server.go", "func (s *Server) Shutdown() {\n", "\tstopOurs(s)\n"],
];

function patch(file, from, to) {
  const text = readFileSync(file, "utf8");
  if (!text.includes(from)) throw new Error(`${file} has no ${from.trim()}`);
  writeFileSync(file, text.replace(from, () => to));
}

/** Makes that copy in `folder`; returns a pattern for those of the tests that match `wanted`. */
export function prepare(source, folder, wanted) {
  rmSync(folder, { recursive: true, force: true });
  execFileSync("cp", ["-r", "--no-preserve=mode", source, folder]); // modules are kept read-only
  const server = join(folder, "server");
  for (const [file, start, first] of PATCHES) patch(join(server, file), start, start + first);
  patch(join(server, "jetstream_test.go"), "opts.StoreDir = t.TempDir()\n\treturn RunServer(&opts)", "opts.StoreDir = t.TempDir()\n\treturn startOurs(RunServer(&opts), t.TempDir())");
  writeFileSync(join(server, "ours.go"), readFileSync(new URL("ours.go", import.meta.url)));
  const tests = [];
  for (const file of readdirSync(server).filter((name) => /^(jetstream|norace)_.*test\.go$|^jetstream_test\.go$/.test(name))) {
    for (const [, name, body] of readFileSync(join(server, file), "utf8").matchAll(TEST)) {
      const used = [...body.matchAll(/\bs\.(\w+)/g)].map(([, method]) => method);
      if (body.includes(START) && used.every((method) => USES.has(method)) && !INTERNAL.test(body) && wanted.test(name)) tests.push(name);
    }
  }
  return `^(${tests.join("|")})$`;
}
