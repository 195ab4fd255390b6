// Takes webhooks of vigia with what Node.js 18 or later brings, and nothing else.
//
//     VIGIA_WEBHOOK_KEYS="whpk_..." node receiver.mjs
//
// and in vigia.toml
//
//     [[webhooks]]
//     name = "node"
//     url = "http://127.0.0.1:8001/vigia"
//     key_files = ["node.key"]
//
// VIGIA_WEBHOOK_KEYS holds what `vigia webhooks key` printed (whpk_...) or a shared secret (whsec_...); several apart by
// blanks, while a key is changed. PORT is where it listens on this machine (8001), LEDGER the file it writes (ledger.jsonl).
//
// Each webhook becomes one line of the ledger, which is on the disk before it is answered. A line is both the memory of an
// id and the effect, so after a power cut both are there or neither. One process writes a ledger. With a database do the
// same in one transaction: insert the id, which is unique, and do the work.

import { createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { createServer } from "node:http";

const TOLERANCE_S = 300;
const BODY_BYTES_MAX = 262_144;

// ANCHOR: verify
/** Whether a webhook is vigia's. `body` is a Buffer: the bytes as they came, before anything is parsed. */
export function isAuthentic(body, headers, keys) {
  const id = headers["webhook-id"] ?? "";
  const stamp = headers["webhook-timestamp"] ?? "";
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(id) || !/^[0-9]{1,12}$/.test(stamp)) return false;
  if (Math.abs(Date.now() / 1000 - Number(stamp)) > TOLERANCE_S) return false;
  const content = Buffer.concat([Buffer.from(`${id}.${stamp}.`), body]);
  return (headers["webhook-signature"] ?? "").split(" ").some((signature) => {
    const [version, encoded = ""] = signature.split(",");
    const given = Buffer.from(encoded, "base64");
    return keys.some((key) => isBy(key, version, given, content));
  });
}

function isBy(key, version, given, content) {
  if (version === "v1" && key.startsWith("whsec_")) {
    const secret = Buffer.from(key.slice("whsec_".length), "base64");
    const expected = createHmac("sha256", secret).update(content).digest();
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
  if (version === "v1a" && key.startsWith("whpk_")) {
    const x = Buffer.from(key.slice("whpk_".length), "base64").toString("base64url");
    const publicKey = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } });
    return given.length === 64 && verify(null, content, publicKey, given);
  }
  return false;
}
// ANCHOR_END: verify

/** A file of one JSON object a line, and the ids that are in it. */
class Ledger {
  constructor(path) {
    const text = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    // A line that was being written when the power went was answered to nobody: vigia tells it again.
    const whole = text.lastIndexOf("\n") + 1;
    if (whole < text.length) truncateSync(path, whole);
    const lines = text.subarray(0, whole).toString().split("\n").filter(Boolean);
    this.ids = new Set(lines.map((line) => JSON.parse(line).id));
    this.file = openSync(path, "a");
  }

  /** False where the id is known: nothing changes. */
  add(id, event) {
    if (this.ids.has(id)) return false;
    const activity = event.activity ?? {};
    const { account, kind, direction, coin, amount, digest } = activity;
    const line = { id, type: event.type, account: account?.externalId, kind, direction, coin: coin?.type, amount, digest };
    writeSync(this.file, `${JSON.stringify(line)}\n`);
    fsyncSync(this.file);
    this.ids.add(id);
    return true;
  }

  close() {
    closeSync(this.file);
  }
}

/** The whole body; null where it is larger than vigia ever sends. */
async function read(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What to answer. */
async function receive(request, keys, ledger) {
  if (request.url !== "/vigia") return 404;
  if (request.method !== "POST") return 405;
  const body = await read(request);
  if (body === null) return 413;
  if (!isAuthentic(body, request.headers, keys)) return 400;
  let event;
  try {
    event = JSON.parse(body.toString());
  } catch {
    return 400;
  }
  const id = request.headers["webhook-id"];
  if (ledger.add(id, event)) console.log(`handled ${id}`);
  return 204;
}

function main() {
  const keys = (process.env.VIGIA_WEBHOOK_KEYS ?? "").split(" ").filter(Boolean);
  if (keys.length === 0) throw new Error("VIGIA_WEBHOOK_KEYS names no key");
  const ledger = new Ledger(process.env.LEDGER ?? "ledger.jsonl");
  const server = createServer((request, response) => {
    receive(request, keys, ledger)
      .catch((error) => {
        // 500: vigia tells it again. A ledger that cannot be written is no reason to say that it was.
        console.error(error);
        return 500;
      })
      .then((status) => response.writeHead(status).end());
  });
  server.listen(Number(process.env.PORT ?? 8001), "127.0.0.1", () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}/vigia`);
  });
  const stop = () => server.close(() => ledger.close());
  process.on("SIGINT", stop).on("SIGTERM", stop);
}

main();
