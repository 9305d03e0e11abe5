// Bytes of the built page, raw and as brotli -q 11 sends them. A first visit is what index.html names, all that a browser
// fetches before somebody does something (tests/page/visit.test.mjs holds that); it has a budget. The rest is fetched when it
// is first needed: JetStream by a server with -js, the command by a line that runs it.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

export const BUDGET = 160_000; // bytes of brotli; the goal of the project is 150,000, a build without rust-src needs more

export const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
  }).length;

/** Names of the files a browser fetches at once. */
export function firstVisit(folder) {
  const page = readFileSync(join(folder, "index.html"), "utf8");
  return readdirSync(folder, { recursive: true }).filter((name) => name === "index.html" || page.includes(name));
}

function main(folder) {
  const first = firstVisit(folder);
  const files = readdirSync(folder, { recursive: true }).filter((name) => statSync(join(folder, name)).isFile());
  const number = (n) => n.toLocaleString("en").padStart(12);
  const table = (title, names) => {
    let [raw, sent] = [0, 0];
    for (const name of names.sort()) {
      const bytes = readFileSync(join(folder, name));
      const compressed = brotli(bytes);
      [raw, sent] = [raw + bytes.length, sent + compressed];
      console.log(`${number(bytes.length)}${number(compressed)}  ${name}`);
    }
    console.log(`${number(raw)}${number(sent)}  ${title}\n`);
    return sent;
  };
  console.log(`${"raw".padStart(12)}${"brotli".padStart(12)}  file`);
  const sent = table("first visit", first);
  table("fetched when first needed", files.filter((name) => !first.includes(name)));
  const over = sent > BUDGET || first.length < 3;
  console.log(`${over ? "over" : "within"} the budget of ${BUDGET.toLocaleString("en")} bytes of brotli for a first visit`);
  process.exit(over ? 1 : 0);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main(process.argv[2] ?? "dist");
