/** Looks at everything that the server shows a device of its account, and judges it. */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { unseenFor } from "./account-state.js";
import { openName } from "./device-names.js";
import { continued, isCopied, newsOf } from "./own-chain.js";

/**
 * @typedef {import("./parts.js").Parts} Parts
 * @typedef {import("./this-device.js").ThisDevice} ThisDevice
 * @typedef {import("../protocol/accounts/chain.js").Chain} Chain
 *
 * @typedef {object} Seen
 * @property {Chain} chain
 * @property {Uint8Array[]} statements
 * @property {number} number  of the sealing key of this device that the server names
 * @property {number} began  when the look began, by the server's clock
 * @property {Partial<import("./account-state.js").AccountState>} shown
 */

/**
 * @param {Parts} parts
 * @param {ThisDevice} device
 * @param {import("./sealing.js").SealingKeys} sealing
 * @returns {Promise<Seen>}
 * @throws {Refusal} `device_revoked`; `device_copied`; `chain_back`, `chain_fork`; the server's
 */
export async function look(parts, device, sealing) {
  const { api, clock, rows, state } = parts;
  const me = await api.me();
  const began = clock.now();
  const mine = toBase64url(device.chain);
  // Another list of devices has taken the place of this one's: whoever had waited for it knew it for three days.
  if (me.ended.includes(mine)) throw new Refusal("device_revoked");
  const [{ statements, devices }, sessions] = await Promise.all([api.devices(), api.sessions()]);
  const kept = await rows.read("chain");
  const pinned = (kept?.statements ?? []).map((/** @type {string} */ one) => fromBase64url(one));
  const chain = await continued(pinned, statements);
  if (toBase64url(chain.id) !== mine) throw new Refusal("chain_fork");
  const made = new Set(/** @type {string[]} */ ((await rows.read("made"))?.statements ?? []));
  const id = toBase64url(device.id);
  const served = devices.find((one) => one.id === id)?.sealing ?? null;
  if (await isCopied(statements, device.id, made) || await sealing.isForeign(served)) throw new Refusal("device_copied");
  if (!chain.devices.some((one) => toBase64url(one.id) === id)) throw new Refusal("device_revoked");
  const fresh = pinned.length === 0 ? [] : statements.slice(pinned.length);
  const news = [...(kept?.news ?? []), ...newsOf(fresh, device.id)];
  if (fresh.length > 0 || kept === undefined) {
    await rows.write({ chain: { statements: statements.map(toBase64url), news } });
  }
  const names = (await rows.read("registers"))?.names_key ?? null;
  const views = await Promise.all(chain.devices.map(async ({ id: bytes, since }) => {
    const named = toBase64url(bytes);
    const row = devices.find((one) => one.id === named);
    const sealed = row?.name ?? null;
    return {
      id: named, name: names === null || sealed === null ? null : await openName(names, named, sealed),
      seenDay: row?.seenDay ?? null, me: named === id, since,
    };
  }));
  return {
    chain, statements, number: served?.number ?? 0, began,
    shown: {
      phase: "ready", reason: null, account: me.account, device: id, createdDay: me.createdDay,
      address: state.current.address ?? (await rows.read("address")) ?? null, hasDevices: true, devices: views, sessions,
      pending: me.pending, news: me.pending?.kind === "genesis" ? [...news, { kind: "second_genesis" }] : news,
      unseen: unseenFor(views, clock.today()), clockOffset: clock.offset,
    },
  };
}
