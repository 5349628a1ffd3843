/** Ways into a room: making it, joining it, and by a link back. Each ends with a seat. (After a reload: resuming.js.) */

import { Resume } from "../device/resume.js";
import { askTabs } from "../device/tabs.js";
import { encodeCharter, signCharter } from "../protocol/charter.js";
import { readCode } from "../protocol/codes.js";
import { readConfig } from "../protocol/config.js";
import { toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { contentKeys, roomKeys } from "../protocol/keys.js";
import { SEAT_SECRET_BYTES, SECRET_BYTES } from "../protocol/limits.js";
import { readLink, readReturnLink } from "../protocol/links.js";
import { integer, object, readRoom } from "../protocol/objects.js";
import { seatOf } from "../protocol/seat.js";
import { RoomApi } from "./room-api.js";
import { RoomCrypto } from "./room-crypto.js";
import { verify } from "./verify-charter.js";

/**
 * @typedef {object} Device  what differs between a browser and a test
 * @property {(code: string, config: {suite: number, salt: Uint8Array},
 *   onProgress?: (seconds: number) => void) => Promise<Uint8Array>} derive
 * @property {(size: number) => Uint8Array} randomBytes
 * @property {() => import("../device/tabs.js").Channel|null} [tabs]  a way to the other tabs of this browser
 * @property {import("../device/tab-storage.js").TabStorage} storage
 * @property {(() => Promise<import("../net/reconnecting-socket.js").StandIn>)|null} [standIn]  promises what
 *   stands in for a socket
 * @property {() => Promise<typeof import("./profiles.js")>} profiles  promises what seals and opens names
 * @property {() => Promise<typeof import("./resuming.js")>} resuming  promises what brings a reloaded tab back
 *
 * @typedef {object} Seat  all a client needs to live in a room; bytes in base64url
 * @property {RoomApi} api
 * @property {string} locator
 * @property {string} token
 * @property {string} me  member id
 * @property {string} charter
 * @property {string} mac
 * @property {import("../protocol/charter.js").Charter} rules
 * @property {{messageKey: CryptoKey, profileKey: CryptoKey}|null} keys
 * @property {import("../protocol/seat.js").SeatMessages|null} messages  ids and proofs of one's own
 * @property {Uint8Array|null} secret  of the seat: who has it can come back to it
 * @property {number|null} graceSeconds  for so long the seat is kept without a connection, if known
 * @property {number} generation  the highest that the server knows of (7.7)
 * @property {Resume|null} resume
 * @property {import("../device/resume.js").Progress|null} progress  of the tab before its reload
 * @property {Record<string, unknown>} present  the room's state at entering
 *
 * @typedef {object} Visitor
 * @property {string} base
 * @property {string} [code]  as typed
 * @property {import("../protocol/config.js").Config} [config]  what the server says of itself, if known
 * @property {string} [link]  instead of a code
 * @property {string} [name]
 * @property {number} [colour]
 * @property {boolean} [resumable]
 * @property {Device["standIn"]} [standIn]  as a browser's device has it
 * @property {Device["profiles"]} [profiles]  the same
 * @property {(phase: "deriving"|"connecting", seconds?: number) => void} [onProgress]  `seconds`: how long
 *   it still takes, where that is worth saying; what it throws ends the way in
 *
 * @typedef {object} OldSeat  what a return link leads to: enough to ask and to take back, not to write
 * @property {Pick<RoomApi, "room"|"join"|"leave"|"status"|"withdraw">} api
 * @property {import("./room-api.js").Credentials} who
 * @property {string} me  member id
 * @property {{charter: string, mac: string}} shown  as verified
 * @property {import("../protocol/charter.js").Charter} rules
 * @property {RoomCrypto} crypto
 * @property {string} code  canonical
 * @property {number} tombstoneSeconds  for so long a server knows what became of a message
 *
 * @typedef {{policy: 1|2, seats: number, messageTtl: number, roomTtl: number}} Policy
 */

/**
 * @param {Visitor & {policy: Policy}} options
 * @param {Device} device
 * @returns {Promise<Seat>}
 */
export async function create(options, device) {
  const found = await deriveRoom(options, device);
  const { api, config, keys } = found;
  const nonce = device.randomBytes(SECRET_BYTES);
  const bytes = encodeCharter({ suite: config.suite, nonce, ...options.policy });
  const charter = toBase64url(bytes);
  const mac = toBase64url(await signCharter(keys.charterKey, bytes));
  await api.createRoom({ locator: found.locator }, { charter, mac });
  return takeSeat(options, device, found, { charter, mac });
}

/**
 * @param {Visitor} options
 * @param {Device} device
 * @returns {Promise<Seat>}
 */
export async function join(options, device) {
  const found = await deriveRoom(options, device);
  const { charter, mac } = readRoom(await found.api.room({ locator: found.locator }));
  return takeSeat(options, device, found, { charter, mac });
}

/**
 * Finds the seat that a return link leads to (4.4). Nobody is joined, and the seat may be lost.
 * @param {{base: string, link: string, config: import("../protocol/config.js").Config,
 *   onProgress?: Visitor["onProgress"]}} options
 * @param {Device} device
 * @returns {Promise<OldSeat>}
 */
export async function back({ link, ...options }, device) {
  const { code, secret } = await readReturnLink(link, options.config);
  const { api, config, root, keys, locator } = await deriveRoom({ ...options, code }, device);
  root.fill(0);
  const { charter, mac } = readRoom(await api.room({ locator }));
  const rules = await verify(keys.charterKey, { charter, mac }, config.suite);
  const content = await contentKeys(keys.roomSecret, rules.nonce);
  const { token, member, messages } = await seatOf(secret, rules.nonce);
  secret.fill(0);
  const me = toBase64url(member);
  const crypto = new RoomCrypto({
    keys: content, messages, roomNonce: rules.nonce, me, randomBytes: device.randomBytes, profiles: device.profiles,
  });
  return {
    api, who: { locator, token: toBase64url(token) }, me, shown: { charter, mac }, rules, crypto, code,
    tombstoneSeconds: config.limits.tombstoneSeconds,
  };
}

/**
 * Derives the room's keys; nothing but the locator is told to anyone.
 * @param {Visitor} options
 * @param {Device} device
 */
async function deriveRoom({ base, code, link, config: known, onProgress }, device) {
  const api = new RoomApi(base);
  const typed = link === undefined ? readCode(code ?? "") : null;
  const config = known ?? readConfig(await api.config());
  const canonical = typed ?? (await readLink(link ?? "", config));
  onProgress?.("deriving");
  const root = await device.derive(canonical, config, (seconds) => onProgress?.("deriving", seconds));
  onProgress?.("connecting");
  const keys = await roomKeys(root);
  return { api, config, root, keys, locator: toBase64url(keys.locator) };
}

/**
 * @param {Visitor} options
 * @param {Device} device
 * @param {Awaited<ReturnType<typeof deriveRoom>>} found
 * @param {{charter: string, mac: string}} charter
 * @returns {Promise<Seat>}
 */
async function takeSeat(options, device, { api, config, root, keys, locator }, { charter, mac }) {
  const rules = await verify(keys.charterKey, { charter, mac }, config.suite);
  const content = await contentKeys(keys.roomSecret, rules.nonce);
  const secret = device.randomBytes(SEAT_SECRET_BYTES);
  const { token, member, messages } = await seatOf(secret, rules.nonce);
  const seat = { roomNonce: rules.nonce, member };
  const profile = options.name
    ? await (await device.profiles()).sealedProfile(options, content.profileKey, seat, device.randomBytes) : null;
  const pair = options.resumable === false ? null : {
    token: toBase64url(device.randomBytes(SECRET_BYTES)), key: device.randomBytes(SECRET_BYTES),
  };
  const who = { locator, token: toBase64url(token) };
  const answer = object(await api.join(who, {
    ...(profile === null ? {} : { profile }),
    ...(pair === null ? {} : { resume: { token: pair.token, key: toBase64url(pair.key) } }),
  }).catch((error) => throwKnowing(error, device, locator)));
  const record = {
    root: toBase64url(root), secret: toBase64url(secret), charter, mac, suite: config.suite,
    graceSeconds: config.limits.seatGraceSeconds,
  };
  root.fill(0);
  const resume = pair === null ? null : await Resume.begin(device.storage, pair, record, config.limits.resumeSeconds);
  pair?.key.fill(0);
  return {
    api, ...who, me: toBase64url(member), charter, mac, rules, keys: content, messages, resume, secret,
    graceSeconds: record.graceSeconds,
    generation: integer(answer.generation), progress: null, present: answer,
  };
}

/**
 * There is no place: perhaps this browser has it, in another tab.
 * @param {unknown} error
 * @param {Device} device
 * @param {string} locator
 * @returns {Promise<never>}
 */
async function throwKnowing(error, { tabs }, locator) {
  if (error instanceof Refusal && error.code === "room_full" && tabs !== undefined) {
    error.elsewhere = await askTabs(tabs(), locator);
  }
  throw error;
}
