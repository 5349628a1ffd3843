/** What a device does once a day, and once a week. In one tab only; whatever was stopped is done the next time. */

import { sealToWords, leavePins } from "./settling.js";

const PINS_DAYS = 7;

/**
 * @typedef {object} Done  days since 1970, by the server's clock
 * @property {number} rotated
 * @property {number} pinned
 * @property {number} sequence  of the chain, when pins were left
 * @property {string} [conversations]  of which they told
 */

/**
 * @param {import("./parts.js").Parts} parts
 * @param {import("./this-device.js").ThisDevice} device
 * @param {object} seen
 * @param {import("../protocol/accounts/chain.js").Chain} seen.chain
 * @param {import("./sealing.js").SealingKeys} seen.sealing
 * @param {number} seen.number  of the sealing key that the server names
 * @param {number} seen.began  when the look at everything began, by the server's clock
 */
export async function dailyWork(parts, device, { chain, sealing, number, began }) {
  const { clock, rows } = parts;
  const today = clock.today();
  /** @type {Done} */
  const done = await rows.read("daily") ?? { rotated: today, pinned: -PINS_DAYS, sequence: -1 };
  await sealing.renew(today, clock.now(), number);
  // Whoever takes part in conversations says when all that was sealed to this device in them was opened.
  const synced = await rows.read("synced");
  await sealing.destroyOld(clock.now(), { began: synced?.began ?? began, isAllOpened: true });
  let { rotated, pinned, sequence, conversations } = done;
  const registers = await rows.read("registers");
  const followed = Object.keys(registers?.conversations ?? {}).sort().join();
  if (pinned + PINS_DAYS <= today || sequence !== chain.sequence || (conversations ?? "") !== followed) {
    await leavePins(parts, device, chain);
    pinned = today;
    sequence = chain.sequence;
    conversations = followed;
  }
  // Last: from here on an old copy of the disk opens nothing of what was removed above.
  if (rotated < today) {
    await rows.rotate(sealToWords(parts, registers?.recovery_seal ?? null));
    rotated = today;
  }
  const now = { rotated, pinned, sequence, conversations };
  if (JSON.stringify(now) !== JSON.stringify(await rows.read("daily"))) await rows.write({ daily: now });
}
