// The package in Node: the same exports as in browsers, ready without waiting for `init()`.
import { readFileSync } from "node:fs";
import { initSync, Server } from "./nats_kv_playground.js";

initSync({ module: readFileSync(new URL("./nats_kv_playground_bg.wasm", import.meta.url)) });

export { Server };
export default async function init() {}
