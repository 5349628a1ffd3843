/**
 * Writes a file that is being saved into the browser's own folder, where it can be written synchronously only in a worker.
 * One message in (`id`, `does`, `name` or `bytes`), one out with the same `id` (`refusal`: a code).
 */

const FOLDER = "saving";
/** @type {any} */
let handle = null;

const DOES = Object.freeze({
  /** @param {{name: string}} given */
  async open({ name }) {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
    const file = /** @type {any} */ (await folder.getFileHandle(name, { create: true }));
    handle = await file.createSyncAccessHandle();
    handle.truncate(0);
  },
  /** @param {{bytes: Uint8Array}} given */
  async write({ bytes }) {
    for (let at = 0; at < bytes.length;) at += handle.write(bytes.subarray(at));
  },
  async close() {
    handle.flush();
    handle.close();
    handle = null;
  },
});

addEventListener("message", async ({ data: { id, does, ...given } }) => {
  try {
    await DOES[/** @type {keyof typeof DOES} */ (does)](/** @type {any} */ (given));
    postMessage({ id });
  } catch (error) {
    postMessage({ id, refusal: /** @type {any} */ (error)?.name === "QuotaExceededError" ? "no_room" : "save_failed" });
  }
});
