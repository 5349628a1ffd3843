/** What a record has changed, for a line that tells it. Chains are base64url. */

import { toBase64url } from "../protocol/encoding.js";
import { isSame } from "../protocol/accounts/derivation.js";

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
 * @property {string[]} [moved]  who has come by a device; of lines of before there was this, nobody can tell
 * @property {number} [skipped]  epochs of which nothing was seen
 */

/**
 * People of the record before whose chains have got a device since.
 * @param {Record|null} before
 * @param {Record} after
 * @param {import("../protocol/conversations/lines.js").Lines} lines
 * @returns {string[]} chains
 */
export function movedOf(before, after, lines) {
  const moved = after.people.filter(({ chain, sequence }) => {
    const was = before?.person(chain) ?? null;
    const line = lines.get(chain);
    const had = was === null ? null : line?.at(was.sequence);
    return had && line?.at(sequence)?.devices.some(({ id }) => !had.devices.some((one) => isSame(one.id, id)));
  });
  return moved.map(({ chain }) => toBase64url(chain));
}

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
