/** Where a file is saved to, by what this browser can do: a file that the person has chosen, memory, or its own folder. */

import { SAVE_WORKER } from "../device/file-workers.js";
import { randomBytes } from "../device/random.js";
import { workerAddress } from "../device/worker-address.js";
import { toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { ID_BYTES } from "../protocol/limits.js";

/** Up to here a file may lie in memory. */
const MEMORY_BYTES = 104_857_600;
const FOLDER = "saving";
/** Held by whoever saves into that folder: the next start removes what nobody saves any more. */
const LOCK = "ephemeral-account/saving/";
/** A browser has begun to copy what it was given by then. */
const GIVEN_MS = 60_000;
/** What the browser was given may still be copied, whether the page that gave it is there or not. */
const COPIED_MS = 3_600_000;

/** @typedef {import("./saver.js").Sink} Sink */

/**
 * What is asked of the person comes first: a browser lets a page ask only right after a press.
 * @param {string} name
 * @param {string} type
 * @param {number} size
 * @returns {Promise<Sink>}
 * @throws {Refusal} `cancelled`; `save_unavailable`: this browser can't save so large a file
 */
export async function sinkFor(name, type, size) {
  const pick = /** @type {any} */ (globalThis).showSaveFilePicker;
  if (pick !== undefined) return picked(await pick.call(globalThis, { suggestedName: name }).catch(refused));
  const shown = SHOWN.test(type) ? type : "application/octet-stream";
  return size <= MEMORY_BYTES ? inMemory(name, shown) : inFolder(name, shown);
}

/** What was saved there before, by nobody now, and is copied by now. @param {number} [now]  by this machine's clock, in milliseconds */
export async function tidy(now = Date.now()) {
  const root = await navigator.storage?.getDirectory?.().catch(() => null);
  const folder = /** @type {any} */ (await root?.getDirectoryHandle(FOLDER).catch(() => null));
  if (folder == null) return;
  for await (const name of folder.keys()) {
    await navigator.locks.request(LOCK + name, { ifAvailable: true }, async (lock) => {
      if (lock === null) return;
      const file = await folder.getFileHandle(name).then((/** @type {any} */ handle) => handle.getFile()).catch(() => null);
      // One that can't be read is nobody's.
      if ((file?.lastModified ?? 0) < now - COPIED_MS) await folder.removeEntry(name).catch(() => undefined);
    });
  }
}

/** Nobody is signed in here any more: what was saved leaves nothing behind, whether the browser has copied it or not. */
export async function dropAll() {
  const root = await globalThis.navigator?.storage?.getDirectory?.().catch(() => null);
  await root?.removeEntry(FOLDER, { recursive: true }).catch(() => undefined);
}

/** @param {DOMException} error  @returns {never} */
function refused(error) {
  throw new Refusal(error.name === "AbortError" ? "cancelled" : "save_failed");
}

/** @param {any} handle  @returns {Promise<Sink>} */
async function picked(handle) {
  // Nothing stands there before it is closed.
  const stream = await handle.createWritable().catch(refused);
  return {
    isCertain: true,
    write: (bytes) => stream.write(bytes).catch(noRoom),
    done: () => stream.close().catch(noRoom),
    async drop() {
      await stream.abort();
      // Some browsers make an empty file when one is chosen; one that was there before stays as it was.
      if ((await handle.getFile()).size === 0) await handle.remove?.();
    },
  };
}

/** @param {DOMException} error  @returns {never} */
function noRoom(error) {
  throw new Refusal(error.name === "QuotaExceededError" ? "no_room" : "save_failed");
}

/** Whatever else it is called, some browser might show it as a page of this origin rather than save it. */
const SHOWN = /^(?:image\/(?:jpeg|png|gif|webp|avif)|video\/[\w.+-]+|audio\/[\w.+-]+)$/;

/** @param {string} name  @param {string} type  @returns {Sink} */
function inMemory(name, type) {
  /** @type {BlobPart[]} */
  const parts = [];
  return {
    isCertain: false,
    // Of a segment a part may be its padding.
    async write(bytes) { parts.push(/** @type {Uint8Array<ArrayBuffer>} */ (bytes)); },
    async done() { give(new Blob(parts.splice(0), { type }), name); },
    async drop() { parts.length = 0; },
  };
}

/** @param {string} name  @param {string} type  @returns {Promise<Sink>} */
async function inFolder(name, type) {
  if (navigator.storage?.getDirectory === undefined) throw new Refusal("save_unavailable");
  const id = toBase64url(randomBytes(ID_BYTES));
  const worker = new Worker(workerAddress(false, SAVE_WORKER), { type: "module" });
  /** @type {Map<number, {resolve: () => void, reject: (why: Refusal) => void}>} */
  const asked = new Map();
  let last = 0;
  worker.addEventListener("message", ({ data }) => {
    const one = asked.get(data.id);
    asked.delete(data.id);
    if (data.refusal === undefined) one?.resolve();
    else one?.reject(new Refusal(String(data.refusal)));
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    for (const { reject } of asked.values()) reject(new Refusal("save_failed"));
  });
  const ask = (/** @type {string} */ does, /** @type {object} */ given = {}) => /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
    last += 1;
    asked.set(last, { resolve, reject });
    worker.postMessage({ id: last, does, ...given });
  }));
  // As long as this page is there: what it gives the browser is copied from that file.
  navigator.locks.request(LOCK + id, () => new Promise(() => undefined));
  const folder = async () => (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER);
  try {
    await ask("open", { name: id });
  } catch (error) {
    worker.terminate();
    throw /** @type {Refusal} */ (error).code === "no_room" ? error : new Refusal("save_unavailable");
  }
  const again = async () => {
    const file = await (await (await folder()).getFileHandle(id)).getFile();
    give(new File([file], name, { type }), name);
  };
  return {
    isCertain: false,
    write: (bytes) => ask("write", { bytes }),
    async done() {
      await ask("close");
      worker.terminate();
      await again();
    },
    again,
    async drop() {
      await ask("close").catch(() => undefined);
      worker.terminate();
      await (await folder()).removeEntry(id);
    },
  };
}

/** The browser saves it, where it saves what is downloaded. @param {Blob} content  @param {string} name */
function give(content, name) {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), GIVEN_MS);
}
