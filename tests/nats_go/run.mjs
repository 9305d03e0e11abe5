// The own tests of NATS libraries in Go and of nats-server, against our server: node tests/nats_go/run.mjs nats.go|jsm.go|nats-server
// [PATTERN] says which pass. What asks for something that is not offered here (a cluster, TLS, accounts ...) counts as neither passed
// nor failed.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { prepare } from "./nats_server.mjs";
import { NOT_OFFERED, PROGRAM, serve } from "./tester.mjs";

/** Packages with tests that ask a tester for their servers, and how the module finds what only they need; or a change to it. */
const LIBRARIES = {
  "nats.go": { module: "nats.go", packages: ["jetstream/test", "test", "micro/test"], flags: ["-modfile=go_test.mod"] },
  "jsm.go": { module: "jsm.go", packages: ["test"], flags: [] },
  "nats-server": { module: "nats-server/v2", packages: ["server"], flags: ["-vet=off"], prepare },
};
const OUT = "target/nats-go";

/** Tests that cannot pass, with the reason. One that passes all the same counts as a failure of this list. */
const OUT_OF_SCOPE = JSON.parse(readFileSync(new URL("out-of-scope.json", import.meta.url)));

const go = (args, options) => execFileSync("go", args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], ...options });

/** The tests of one package as a program, and the folder they want to run in. */
function build(source, name, flags) {
  const program = resolve(OUT, `${library}-${name.replace("/", "-")}-${version}`);
  go(["test", ...flags, "-c", "-o", program, `./${name}`], { cwd: source });
  return { program, folder: join(source, name) };
}

/** Runs a package's tests; for each its `action` (pass, fail, skip) and what it wrote. */
async function play({ program, folder }, url, pattern) {
  const args = ["tool", "test2json", "-t", program, "-test.v", "-test.run", pattern, "-test.timeout", "20m"];
  const env = { ...process.env, TESTER_NATS_URL: url, SERVER_BIN: PROGRAM };
  const tests = new Map();
  const process_ = spawn("go", args, { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: process_.stdout })) {
    const { Action: action, Test: name, Output: output } = JSON.parse(line);
    if (!name) continue;
    const test = tests.get(name) ?? { output: "" };
    tests.set(name, test);
    if (output) test.output += output;
    if (["pass", "fail", "skip"].includes(action)) test.action = action;
  }
  return tests;
}

/** What became of a test, and the output of those of its parts that say why. */
function judge(tests, name) {
  const { action } = tests.get(name);
  const reason = OUT_OF_SCOPE[name];
  if (action === "skip") return { verdict: "skipped" };
  if (action === "pass") return reason ? { verdict: "failed", why: `listed as out of scope: ${reason}, and passes\n` } : { verdict: "passed" };
  const broken = [...tests.keys()].filter((part) => (part === name || part.startsWith(`${name}/`)) && !["pass", "skip"].includes(tests.get(part).action));
  // The innermost say it; a test fails with any of its parts.
  const causes = broken.filter((part) => !broken.some((inner) => inner.startsWith(`${part}/`))).map((part) => tests.get(part).output);
  if (causes.every((output) => output.includes(NOT_OFFERED))) return { verdict: "not offered" };
  return reason ? { verdict: "out of scope" } : { verdict: "failed", why: causes.join("") };
}

let [library, pattern = "."] = process.argv.slice(2);
const { module, packages, flags, prepare: change } = LIBRARIES[library];
const version = readFileSync("scripts/need.sh", "utf8").match(new RegExp(`^${library.toUpperCase().replace(/\W/, "_")}=(.+)$`, "m"))[1];
mkdirSync(OUT, { recursive: true });
let source = JSON.parse(go(["mod", "download", "-json", `github.com/nats-io/${module}@${version}`])).Dir;
if (change) {
  const copy = resolve(OUT, library);
  pattern = change(source, copy, new RegExp(pattern));
  source = copy;
}
const tester = await serve();
const count = { passed: 0, failed: 0, "not offered": 0, "out of scope": 0, skipped: 0 };
for (const name of packages) {
  const tests = await play(build(source, name, flags), tester.url, pattern);
  for (const test of [...tests.keys()].filter((test) => !test.includes("/"))) {
    const { verdict, why } = judge(tests, test);
    count[verdict]++;
    if (why) console.log(`--- ${name} ${test}\n${why}`);
  }
}
await tester.close();
const { passed, failed, ...others } = count;
console.log(`${library} ${version}: ${Object.entries(others).map(([verdict, number]) => `${number} ${verdict}`).join(", ")}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
