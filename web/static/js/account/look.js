/** Looks at everything that the server shows a device of its account, and judges it. */

import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { inOrder, unseenFor } from "./account-state.js";
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

/** @typedef {import("./account-state.js").News} News */

/** @type {News} */
const SERVER_BACK = Object.freeze({ kind: "server_back" });

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
  // Where a suspended account is signed in isn't told; all that its deletion takes is.
  const sessions = me.isSuspended ? [] : await api.sessions();
  const kept = await rows.read("chain");
  const pinned = (kept?.statements ?? []).map((/** @type {string} */ one) => fromBase64url(one));
  const { statements, devices, wasBack } = await served(parts, mine, pinned);
  const chain = await continued(pinned, statements);
  if (toBase64url(chain.id) !== mine) throw new Refusal("chain_fork");
  const made = new Set(/** @type {string[]} */ ((await rows.read("made"))?.statements ?? []));
  const id = toBase64url(device.id);
  const named = devices.find((one) => one.id === id)?.sealing ?? null;
  if (await isCopied(statements, device.id, made) || await sealing.isForeign(named)) throw new Refusal("device_copied");
  if (!chain.devices.some((one) => toBase64url(one.id) === id)) throw new Refusal("device_revoked");
  const fresh = pinned.length === 0 ? [] : statements.slice(pinned.length);
  const day = clock.today();
  const learnt = [...newsOf(fresh, device.id), ...(wasBack ? [SERVER_BACK] : [])].map((one) => ({ ...one, day }));
  /** @type {News[]} */
  const news = [...(kept?.news ?? []), ...learnt];
  if (fresh.length > 0 || wasBack || kept === undefined) {
    await rows.write({ chain: { ...kept, statements: statements.map(toBase64url), news } });
  }
  const names = (await rows.read("registers"))?.names_key ?? null;
  const views = await Promise.all(chain.devices.map(async ({ id: bytes, since }) => {
    const one = toBase64url(bytes);
    const row = devices.find((served) => served.id === one);
    const name = row?.name ?? null;
    return {
      id: one, name: names === null || name === null ? null : await openName(names, one, name),
      seenDay: row?.seenDay ?? null, me: one === id, since,
    };
  }));
  return {
    chain, statements, number: named?.number ?? 0, began,
    shown: {
      phase: me.isSuspended ? "suspended" : "ready", reason: null, account: me.account, device: id, createdDay: me.createdDay,
      address: state.current.address ?? (await rows.read("address")) ?? null, hasDevices: true, devices: views, sessions: inOrder(sessions),
      pending: me.pending, news: [...news, ...current(me, kept?.reusedSeen)],
      unseen: unseenFor(views, clock.today()), clockOffset: clock.offset,
    },
  };
}

/**
 * What is news as long as the server says it, and is kept nowhere.
 * @param {import("./account-api.js").Me} me
 * @param {number|undefined} reusedSeen  the last use of a used-up token of which the owner has read here
 * @returns {News[]}
 */
function current({ pending, reusedAt }, reusedSeen) {
  return [
    ...(pending?.kind === "genesis" ? [{ kind: /** @type {const} */ ("second_genesis") }] : []),
    ...(reusedAt !== null && reusedAt !== reusedSeen ? [{ kind: /** @type {const} */ ("token_reused"), at: reusedAt }] : []),
  ];
}

/**
 * What the server shows of the list. One that shows only the beginning of what was seen before was restored from a
 * backup, and is given the rest; if that is no help, it is refused for it.
 * @param {Parts} parts
 * @param {string} chain
 * @param {Uint8Array[]} pinned
 */
async function served({ api }, chain, pinned) {
  const shown = await api.devices();
  const lacks = pinned.slice(shown.statements.length);
  if (lacks.length === 0) return { ...shown, wasBack: false };
  await api.giveBack(chain, lacks).catch(() => undefined);
  return { ...(await api.devices()), wasBack: true };
}
