/** From what a person types to what the server may see of it. Slow on purpose, and off the page's thread. */

import { toBase64url } from "../protocol/encoding.js";
import { authKey, deriveMaster, normalized } from "../protocol/accounts/passwords.js";

/**
 * @param {import("./parts.js").Parts} parts
 * @param {string} address  canonical
 * @param {string} password  as typed
 * @returns {Promise<string>} the auth key, base64url
 * @throws {import("../protocol/errors.js").Refusal} `password_length`, what deriving refuses
 */
export function authKeyOf({ state, salt, argon2id }, address, password) {
  const written = normalized(password);
  return state.during("deriving", async () => {
    const master = await deriveMaster(written, salt, address, argon2id);
    try {
      return toBase64url(await authKey(master));
    } finally {
      master.fill(0);
    }
  });
}
