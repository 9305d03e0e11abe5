// What the page's wasm consists of: builds it once more with the names of its functions, and adds up their bytes by crate
// and, for ours, by module. Brotli figures are the whole's, shared out by raw bytes: what a part costs depends on its company.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const OUT = "target/size";
const FEATURES = readFileSync("index.html", "utf8").match(/data-wasm-opt-params="(.*?)"/)[1].split(" ");
const FAMILIES = [
  ["leptos", /^(leptos|tachys|reactive_|any_spawner|hydration_context|throw_error|or_poisoned|either_of|oco_ref|server_fn|wasm_split|next_tuple|guardian|send_wrapper|slotmap|typed_builder|const_)/],
  ["std", /^(core|alloc|std|dlmalloc|compiler_builtins|hashbrown|rustc_demangle|__rust|memcpy|memmove|memset|memcmp|bcmp)/],
  ["wasm-bindgen", /^(wasm_bindgen|js_sys|web_sys|gloo|__wbindgen|__wbg|wbg)/],
  ["serde", /^(serde|itoa|ryu|zmij|memchr)/],
];

function build() {
  const run = (program, ...args) => execFileSync(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  const env = { CARGO_PROFILE_WASM_STRIP: "false", CARGO_PROFILE_WASM_DEBUG: "0" };
  Object.assign(process.env, env);
  mkdirSync(OUT, { recursive: true });
  run("cargo", "build", "--quiet", "--target", "wasm32-unknown-unknown", "--profile", "wasm", "--bin", "nats-kv-playground", "--target-dir", OUT);
  run("wasm-bindgen", `${OUT}/wasm32-unknown-unknown/wasm/nats-kv-playground.wasm`, "--target", "web", "--no-typescript", "--out-dir", OUT);
  run("wasm-opt", "-Oz", ...FEATURES, "--debuginfo", `${OUT}/nats-kv-playground_bg.wasm`, "-o", `${OUT}/named.wasm`);
  run("wasm-opt", "-Oz", ...FEATURES, "--strip-debug", `${OUT}/nats-kv-playground_bg.wasm`, "-o", `${OUT}/plain.wasm`);
}

/** Reads a wasm module: bytes of each function by its name, and of each section. */
function read(bytes) {
  let at = 8;
  const number = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const text = () => {
    const length = number();
    return bytes.subarray(at, (at += length)).toString();
  };
  const names = new Map();
  const sections = new Map();
  let imported = 0;
  let bodies = [];
  while (at < bytes.length) {
    const id = bytes[at++];
    const size = number();
    const end = at + size;
    sections.set(id, (sections.get(id) ?? 0) + size);
    if (id === 2) {
      for (let count = number(); count > 0; count--) {
        text(), text();
        const kind = bytes[at++];
        if (kind === 0) (imported += 1), number();
        else throw new Error(`an import of kind ${kind}`);
      }
    } else if (id === 10) {
      for (let count = number(); count > 0; count--) {
        const length = number();
        bodies.push(length);
        at += length;
      }
    } else if (id === 0 && text() === "name") {
      while (at < end) {
        const kind = bytes[at++];
        const next = number() + at;
        if (kind === 1) for (let count = number(); count > 0; count--) names.set(number(), text());
        at = next;
      }
    }
    at = end;
  }
  return { functions: bodies.map((size, i) => [names.get(imported + i) ?? "?", size]), sections };
}

/** The part that a function belongs to. */
function part(name) {
  const path = name.replace(/^(core::ptr::drop_in_place|core::ops::function::FnOnce::call_once\S*)(::)?</, "").replace(/^[<&*()\s]+(mut |dyn |const )*/, "");
  const own = path.match(/^nats_kv_playground(?:\[\w+\])?::(\w+)(?:::(\w+))?/);
  if (own) return own[1] === "server" && own[2] === "jetstream" ? "server (jetstream)" : own[1];
  return FAMILIES.find(([, pattern]) => pattern.test(path))?.[0] ?? path.match(/^\w+/)?.[0] ?? "?";
}

if (!process.argv.includes("--again")) build();
const { functions, sections } = read(readFileSync(`${OUT}/named.wasm`));
const plain = readFileSync(`${OUT}/plain.wasm`);
const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 } };
const ratio = brotliCompressSync(plain, options).length / plain.length;
const parts = new Map([["data (texts, tables)", sections.get(11) ?? 0]]);
for (const [name, size] of functions) parts.set(part(name), (parts.get(part(name)) ?? 0) + size);
const rows = [...parts].sort((a, b) => b[1] - a[1]);
const line = (name, raw) => `${(raw / 1000).toFixed(1).padStart(9)} ${((raw * ratio) / 1000).toFixed(1).padStart(9)}  ${name}`;
console.log("   kB raw kB brotli  part");
const small = rows.filter(([, size]) => size < 1000);
for (const [name, size] of rows.filter(([, size]) => size >= 1000)) console.log(line(name, size));
console.log(line(`${small.length} smaller ones`, small.reduce((sum, [, size]) => sum + size, 0)));
console.log(line("the whole module", plain.length));
if (process.argv.includes("--functions")) {
  console.log("\nthe largest functions");
  for (const [name, size] of functions.sort((a, b) => b[1] - a[1]).slice(0, 60)) console.log(line(name.slice(0, 140), size));
}
