/** Whether this browser, on this page, can do what a room needs. */

/** @returns {"insecure"|"too_old"|null} what is in the way */
export function barrier() {
  if (!globalThis.isSecureContext) return "insecure";
  const needed = [
    globalThis.crypto?.subtle?.deriveBits,
    globalThis.AbortSignal?.timeout,
    globalThis.HTMLDialogElement?.prototype.showModal,
    globalThis.Intl?.PluralRules,
    Object.hasOwn,
    Array.prototype.at,
  ];
  return needed.every((part) => typeof part === "function") ? null : "too_old";
}
