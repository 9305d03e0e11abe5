// Bytes of the built page, raw and as brotli -q 11 sends them, and whether a first visit stays within the budget.
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const BUDGET = 200_000; // bytes of brotli; the goal of the project is 150,000
const FIRST_VISIT = new Set([".html", ".js", ".wasm", ".css"]); // whatever else there is loads later or not at all

const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
  }).length;

const folder = process.argv[2] ?? "dist";
const number = (n) => n.toLocaleString("en").padStart(12);
let raw = 0;
let sent = 0;
console.log(`${"raw".padStart(12)}${"brotli".padStart(12)}  file`);
for (const file of readdirSync(folder, { recursive: true, withFileTypes: true }).filter((f) => f.isFile())) {
  const bytes = readFileSync(join(file.parentPath ?? file.path, file.name));
  const compressed = brotli(bytes);
  const first = FIRST_VISIT.has(extname(file.name));
  if (first) [raw, sent] = [raw + bytes.length, sent + compressed];
  console.log(`${number(bytes.length)}${number(compressed)}  ${file.name}${first ? "" : " (not in a first visit)"}`);
}
console.log(`${number(raw)}${number(sent)}  first visit`);
const over = sent > BUDGET || sent === 0;
console.log(`${over ? "over" : "within"} the budget of ${BUDGET.toLocaleString("en")} bytes of brotli`);
process.exit(over ? 1 : 0);
