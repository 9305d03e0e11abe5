// Serves a folder on a free port of the loopback, below a path of its own, so that only relative addresses work.
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};

/**
 * @param {Record<string, string>} folders path on the site to folder on disk, e.g. { "/docs/kv/": "dist" }
 * @param {{ key: string, cert: string }} [tls] serves https
 */
export async function serve(folders, tls) {
  const server = (tls ? createSecureServer : createServer)(tls ?? {}, async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://site").pathname)).replaceAll("\\", "/");
    const mount = Object.keys(folders).find((m) => path.startsWith(m));
    const file = mount && join(folders[mount], path.slice(mount.length) || "index.html");
    try {
      const body = await readFile(file.endsWith("/") ? join(file, "index.html") : file);
      response.writeHead(200, {
        "content-type": TYPES[extname(file)] ?? (file.endsWith("/") ? TYPES[".html"] : "application/octet-stream"),
        "access-control-allow-origin": "*", // a sandboxed frame has an opaque origin
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `${tls ? "https" : "http"}://127.0.0.1:${server.address().port}`;
  return { origin, close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))) };
}
