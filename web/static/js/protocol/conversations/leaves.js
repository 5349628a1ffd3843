/** By which somebody says that they leave a conversation (docs/conversations.md, 3 and 8.1). */

import { publicBytes, signWith } from "../accounts/signing.js";
import { deviceId } from "../accounts/statements.js";
import { verify } from "../accounts/verifying.js";
import { concat, u64 } from "../encoding.js";

/** @param {Uint8Array} conversation  @param {Uint8Array} chain  @param {number} since */
const signed = (conversation, chain, since) => concat(conversation, chain, u64(since));

/**
 * Who is added again later enters in another epoch, and can't be taken out by this.
 * @param {CryptoKeyPair} key  a device's
 * @param {Uint8Array} conversation
 * @param {Uint8Array} chain  the leaver's
 * @param {number} since  the epoch in which they entered
 * @returns {Promise<import("./records.js").Leave>}
 */
export const signLeave = async (key, conversation, chain, since) => ({
  chain, since, device: await deviceId(await publicBytes(key)),
  signature: await signWith(key, "leave", signed(conversation, chain, since)),
});

/**
 * @param {Uint8Array} conversation
 * @param {Pick<import("./records.js").Leave, "chain"|"since"|"signature">} leave
 * @param {Uint8Array} publicKey
 */
export const verifyLeave = (conversation, { chain, since, signature }, publicKey) =>
  verify(publicKey, "leave", signed(conversation, chain, since), signature);

/**
 * Whether a leave is by a device that the record counted as the leaver's.
 * @param {import("./records.js").Record} before  the record that the leaver was in
 * @param {import("./records.js").Leave} leave
 * @param {import("./lines.js").Lines} lines
 * @returns {Promise<boolean|null>} null where the leaver's line ends before the point that `before` names
 */
export async function isLeave(before, leave, lines) {
  const person = before.person(leave.chain);
  if (person === null || person.since !== leave.since) return false;
  const state = lines.get(leave.chain)?.at(person.sequence);
  if (!state) return null;
  const key = state.keyOf(leave.device);
  return key !== null && verifyLeave(before.conversation, leave, key);
}
