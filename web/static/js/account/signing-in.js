/** A new session, by a password or by an identity of others, and what this browser is to the account then. */

import { toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { setFate } from "./this-device.js";

/**
 * @param {import("./parts.js").Parts} parts
 * @param {import("./standing.js").Standing} standing
 * @param {string} path  where sessions are asked for
 * @param {object} body  what opens the account
 * @param {{address: string|null, replace?: boolean}} how  address: where it is known; replace: what another account
 *   has kept here may go
 * @throws {Refusal} `other_account`: this browser is a device of another; the server's
 */
export async function signInBy(parts, standing, path, body, { address, replace = false }) {
  const { state, storage, tokens } = parts;
  const { device } = standing;
  await state.during("asking", async () => {
    if (device !== null) {
      try {
        await tokens.open(path, { ...body, device: toBase64url(device.id) }, { proved: true });
        return;
      } catch (error) {
        // Of another account it may be one all the same.
        if (/** @type {Refusal} */ (error).code !== "device_revoked") throw error;
      }
    }
    tokens.proveBy(null);
    await tokens.open(path, body);
  });
  const { account, device: mine } = /** @type {import("./tokens.js").Access} */ (tokens.access);
  if (device !== null && mine === null) {
    if (device.account !== account && device.begun === null && !replace) {
      await tokens.end().catch(() => undefined);
      tokens.proveBy(device.keys);
      throw new Refusal("other_account");
    }
    if (device.account === account && device.begun === null) {
      await tokens.end().catch(() => undefined);
      await standing.revoked(address);
      return;
    }
    // What was begun may still come to pass.
    if (device.account === account) tokens.proveBy(device.keys);
    else await standing.forget();
  }
  await setFate(storage, null);
  state.change({ address, account });
  await standing.within();
}
