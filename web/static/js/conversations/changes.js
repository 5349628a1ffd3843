/** What a record has changed, for a line that tells it. Chains are base64url. */

import { toBase64url } from "../protocol/encoding.js";

/** @typedef {import("../protocol/conversations/records.js").Record} Record */

/**
 * `timer` and `joining` are there only where they are others than before. Who left of themselves is not among `removed`.
 * @typedef {object} Changes
 * @property {string[]} added
 * @property {string[]} removed
 * @property {string[]} left
 * @property {{chain: string, role: string}[]} roles
 * @property {number} [timer]
 * @property {boolean} [joining]
 * @property {number} [skipped]  epochs of which nothing was seen
 */

/**
 * @param {Record|null} before  null: the first
 * @param {Record} after
 * @returns {Changes}
 */
export function changesOf(before, after) {
  const was = new Map(before?.people.map(({ chain, role }) => [toBase64url(chain), role]));
  const is = new Map(after.people.map(({ chain, role }) => [toBase64url(chain), role]));
  const left = after.leaves.map(({ chain }) => toBase64url(chain));
  const gone = [...was.keys()].filter((chain) => !is.has(chain));
  const joins = after.joining !== null;
  return {
    added: [...is.keys()].filter((chain) => !was.has(chain)),
    removed: gone.filter((chain) => !left.includes(chain)),
    left: gone.filter((chain) => left.includes(chain)),
    roles: [...is].filter(([chain, role]) => was.has(chain) && was.get(chain) !== role)
      .map(([chain, role]) => ({ chain, role })),
    ...(after.timer === (before?.timer ?? 0) ? {} : { timer: after.timer }),
    ...(joins === ((before?.joining ?? null) !== null) ? {} : { joining: joins }),
  };
}
