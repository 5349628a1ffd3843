/** Where the workers for files are. */

export const SEAL_WORKER = new URL("./seal-worker.js", import.meta.url).href;
export const SAVE_WORKER = new URL("./save-worker.js", import.meta.url).href;
