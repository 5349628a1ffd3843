/**
 * What members are called, sealed and opened: it comes when somebody has a name, since few of the characters that
 * names are made of fit into what is loaded first.
 */

import { toBase64url } from "../protocol/encoding.js";
import { NONCE_BYTES } from "../protocol/limits.js";
import { tidyName } from "../protocol/names.js";
import { encodeProfile, sealProfile } from "../protocol/profile.js";

export { openProfile } from "../protocol/profile.js";

/**
 * The profile of whoever joins; null without a name.
 * @param {{name?: string, colour?: number}} visitor
 * @param {CryptoKey} profileKey
 * @param {import("../protocol/profile.js").Seat} seat
 * @param {(size: number) => Uint8Array} randomBytes
 * @throws {import("../protocol/errors.js").Refusal} `profile_json`
 */
export async function sealedProfile({ name: typed = "", colour = 0 }, profileKey, seat, randomBytes) {
  const name = tidyName(typed);
  if (name === "") return null;
  return toBase64url(await sealProfile(profileKey, seat, randomBytes(NONCE_BYTES), encodeProfile({ name, colour })));
}
