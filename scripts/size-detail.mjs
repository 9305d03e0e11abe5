// What the page's wasm consists of: takes the files that the last build left with the names of their functions, and adds up
// their bytes by crate and, for ours, by module. Brotli figures are a file's, shared out by raw bytes: what a part costs depends
// on its company.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { brotli } from "./size.mjs";

const BUILT = join(process.env.CARGO_TARGET_DIR ?? "target", "split");
const SCRIPT = readFileSync("scripts/split.sh", "utf8");
const PASSES = SCRIPT.match(/passes=\((.*)\)/)[1].split(" ");
const FEATURES = SCRIPT.match(/--enable-\{(.*?)\}/)[1].split(",").map((name) => `--enable-${name}`);
const FAMILIES = [
  ["leptos", /^(leptos|tachys|reactive_|any_spawner|hydration_context|throw_error|or_poisoned|either_of|oco_ref|server_fn|wasm_split|next_tuple|guardian|send_wrapper|slotmap|typed_builder|const_)/],
  ["std", /^(core|alloc|std|dlmalloc|compiler_builtins|hashbrown|rustc_demangle|__rust|memcpy|memmove|memset|memcmp|bcmp)/],
  ["wasm-bindgen", /^(wasm_bindgen|js_sys|web_sys|gloo|__wbindgen|__wbg|wbg)/],
  ["serde", /^(serde|itoa|ryu|zmij|memchr)/],
];

/** The files as they are sent but with names, and as they are sent. */
function files() {
  const modules = readdirSync(BUILT).filter((name) => /(_bg|^(split|chunk)_\w+)\.wasm$/.test(name));
  return modules.map((module) => {
    const optimised = (kind, flag) => {
      const out = join(BUILT, `${module}.${kind}`);
      execFileSync("wasm-opt", [...PASSES, ...FEATURES, flag, join(BUILT, module), "-o", out], { stdio: ["ignore", "ignore", "ignore"] });
      return readFileSync(out);
    };
    return { module, named: optimised("named", "--debuginfo"), plain: optimised("plain", "--strip-debug") };
  });
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
  const limits = () => (number() & 1 && number(), number());
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
        else if (kind === 3) at += 2; // a global
        else (at += kind === 1 ? 1 : 0), limits(); // a table or a memory
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
  return { functions: bodies.map((size, i) => [readable(names.get(imported + i) ?? "?"), size]), sections };
}

/** A name as Rust writes it, from the form it has in object files; files that wasm-bindgen has seen have it already. */
function readable(name) {
  if (name.startsWith("_R")) return identifiers(name.slice(2));
  if (!name.startsWith("_ZN")) return name;
  const words = [];
  for (let at = 3, length; (length = parseInt(name.slice(at), 10)); at += length) {
    at += String(length).length;
    words.push(name.slice(at, at + length));
  }
  const signs = { LT: "<", GT: ">", RF: "&", BP: "*", C: ",", LP: "(", RP: ")", u20: " ", u7b: "{", u7d: "}", u5b: "[", u5d: "]", u27: "'" };
  return words.join("::").replace(/^_(?=\$)/, "").replace(/\$(\w+)\$/g, (all, sign) => signs[sign] ?? all).replaceAll("..", "::");
}

/** The identifiers of a name in Rust's newer form (RFC 2603), in their order: where it is begins with the first. */
function identifiers(rest) {
  const words = [];
  while (rest) {
    // Tags, disambiguators and references to what was before are passed over.
    const [token, length] = rest.match(/^(?:N[a-zA-Z]|[BLs][0-9A-Za-z]*_|(\d+)_?|.)/s);
    rest = rest.slice(token.length);
    if (length > 0) words.push(rest.slice(0, length));
    rest = rest.slice(length ?? 0);
  }
  return words.join("::");
}

/** The part that a function belongs to. */
function part(name) {
  const path = name.replace(/^(core::ptr::drop_in_place|core::ops::function::FnOnce::call_once\S*)(::)?<?/, "").replace(/^[<&*()\s]+(mut |dyn |const )*/, "");
  const own = path.match(/^nats_kv_playground(?:\[\w+\])?::(\w+)(?:::(\w+))?/);
  if (own) return own[1] === "server" && own[2] === "jetstream" ? "server (jetstream)" : own[1];
  return FAMILIES.find(([, pattern]) => pattern.test(path))?.[0] ?? path.match(/^\w+/)?.[0] ?? "?";
}

const line = (name, raw, ratio) => `${(raw / 1000).toFixed(1).padStart(9)} ${((raw * ratio) / 1000).toFixed(1).padStart(9)}  ${name}`;
for (const { module, named, plain } of files().sort((a, b) => b.plain.length - a.plain.length)) {
  if (plain.length < 10_000) continue;
  const { functions, sections } = read(named);
  const ratio = brotli(plain) / plain.length;
  const parts = new Map([["data (texts, tables)", sections.get(11) ?? 0]]);
  for (const [name, size] of functions) parts.set(part(name), (parts.get(part(name)) ?? 0) + size);
  const rows = [...parts].sort((a, b) => b[1] - a[1]);
  const small = rows.filter(([, size]) => size < 1000);
  console.log(`${module}\n   kB raw kB brotli  part`);
  for (const [name, size] of rows.filter(([, size]) => size >= 1000)) console.log(line(name, size, ratio));
  console.log(line(`${small.length} smaller ones`, small.reduce((sum, [, size]) => sum + size, 0), ratio));
  console.log(line("the whole file", plain.length, ratio));
  if (process.argv.includes("--functions")) {
    console.log("the largest functions");
    for (const [name, size] of functions.sort((a, b) => b[1] - a[1]).slice(0, 60)) console.log(line(name.slice(0, 140), size, ratio));
  }
  console.log();
}
