/** The key of what a device stores: half its own, half the server's (docs/accounts.md, section 10). */

import { concat } from "../encoding.js";
import { derived } from "./derivation.js";

export const SHARE_BYTES = 32;

/**
 * `HKDF(local || share, "", "storage")`: 32 bytes, which neither half gives alone.
 * @param {Uint8Array} local
 * @param {Uint8Array} share
 */
export async function storageKey(local, share) {
  if (local.length !== SHARE_BYTES || share.length !== SHARE_BYTES) throw new TypeError("both halves have 32 bytes");
  const both = concat(local, share);
  try {
    return await derived(both, "storage");
  } finally {
    both.fill(0);
  }
}
