/** The way back into a room after a reload, without its code (docs/protocol.md, 7.6): it comes when a tab was reloaded. */

import { Resume } from "../device/resume.js";
import { keptToken, openKept } from "../device/resumed.js";
import { fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal, isPassing } from "../protocol/errors.js";
import { contentKeys, roomKeys } from "../protocol/keys.js";
import { SEAT_SECRET_BYTES, SECRET_BYTES } from "../protocol/limits.js";
import { integer, object } from "../protocol/objects.js";
import { seatOf } from "../protocol/seat.js";
import { RoomApi } from "./room-api.js";
import { verify } from "./verify-charter.js";

/**
 * @param {{base: string, onProgress?: (phase: "connecting") => void}} options
 * @param {import("./entry.js").Device} device
 * @returns {Promise<import("./entry.js").Seat|null>} null when there is nothing to come back to
 */
export async function resume({ base, onProgress }, device) {
  const { storage } = device;
  const resumeToken = keptToken(storage);
  if (resumeToken === null) return null;
  onProgress?.("connecting");
  const api = new RoomApi(base);
  try {
    const { key, generation } = object(await api.resume(resumeToken));
    const opened = await openKept(storage, fromBase64url(key, SECRET_BYTES));
    if (opened === null) throw new Refusal("resume_unknown");
    const { seat, progress } = opened;
    const { charter, mac } = seat;
    const root = fromBase64url(seat.root, SECRET_BYTES);
    const { locator, charterKey, roomSecret } = await roomKeys(root).finally(() => root.fill(0));
    const rules = await verify(charterKey, { charter, mac }, seat.suite);
    const keys = await contentKeys(roomSecret, rules.nonce);
    const secret = fromBase64url(seat.secret, SEAT_SECRET_BYTES);
    const own = await seatOf(secret, rules.nonce);
    const who = { locator: toBase64url(locator), token: toBase64url(own.token) };
    const { members, ...room } = object(await api.room(who));
    return {
      api, ...who, me: toBase64url(own.member), charter, mac, rules, keys, progress,
      secret, graceSeconds: seat.graceSeconds ?? null, messages: own.messages, generation: integer(generation), resume: opened.resume,
      present: { now: room.now, room, members },
    };
  } catch (error) {
    if (!(error instanceof Refusal) || isPassing(error)) throw error;
    Resume.clear(storage);
    return null;
  }
}
