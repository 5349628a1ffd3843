/** The way to the service worker: begun where something is to be played, and this page in its hands. */

/** A worker that doesn't take this page for so long isn't waited for; where there can be none the browser says so at once. */
const ATTEMPTS = 100;
const AGAIN_MS = 75;

/**
 * Whether what this page asks for goes by a worker that knows of streams. One of before doesn't answer, until the one of
 * now has taken its place; a page that was loaded past the worker is taken by asking.
 * @param {ServiceWorkerContainer|undefined} container
 * @param {string} script
 * @returns {Promise<boolean>}
 */
export async function isAtWork(container, script) {
  if (container === undefined) return false;
  try {
    const registration = await container.register(script, { updateViaCache: "none" });
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { active } = registration;
      if (active !== null && await claims(active) && container.controller !== null) return true;
      await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
    }
  } catch {
    // A private window, a policy, or no network: the worker isn't to be had.
  }
  return false;
}

/** @param {ServiceWorker} worker  @returns {Promise<boolean>} whether it knows of streams */
function claims(worker) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    const answered = (/** @type {boolean} */ streams) => {
      clearTimeout(timer);
      port1.close();
      resolve(streams);
    };
    const timer = setTimeout(() => answered(false), AGAIN_MS);
    port1.onmessage = ({ data }) => answered(data?.streams === true);
    worker.postMessage({ kind: "claim" }, [port2]);
  });
}
