// How the page loads what it doesn't need at once: asked for again after a failure, whenever it is needed.

// Browsers remember that an address failed, so each try has another. The page names the integrity of so
// many (TRIES in ephemeral/page/pages.py); what is asked for under any other is refused.
const TRIES = 6;

/**
 * A function that promises the module at this address. `failed(error)` is told of each try that failed.
 * The address is no string that stands in `import()`: the bundler would write the one there that it knows.
 * @param {string} address
 * @param {(error: unknown) => void} [failed]
 * @returns {() => Promise<any>}
 */
export function loading(address, failed = () => {}) {
  /** @type {Promise<any>|null} */
  let module = null;
  let again = "";
  return () => {
    module ??= import(address + again).catch((error) => {
      module = null;
      again = again.length < TRIES - 1 ? `${again}?` : "";
      failed(error);
      throw Object.assign(new Error("not loaded"), { code: "unreachable" });
    });
    return module;
  };
}

/**
 * A function that promises that the style sheet at this address is in force; asked again after a failure, it tries
 * again.
 * @param {string} address
 * @param {string} integrity
 * @returns {() => Promise<void>}
 */
export function styling(address, integrity) {
  /** @type {Promise<void>|null} */
  let style = null;
  return () => {
    style ??= new Promise((resolve, reject) => {
      const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: address, integrity });
      link.addEventListener("load", () => resolve());
      link.addEventListener("error", () => {
        link.remove();
        style = null;
        reject(Object.assign(new Error("not loaded"), { code: "unreachable" }));
      });
      document.head.append(link);
    });
    return style;
  };
}
