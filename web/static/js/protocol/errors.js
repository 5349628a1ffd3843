/**
 * Refusals: every way in which client or server says no, with a stable code and a sentence.
 * Whatever is thrown here and is no `Refusal` is a fault of ours.
 */

/** The codes of docs/protocol.md: sections 2 to 8 (clients), then 10 (servers). */
const SENTENCES = Object.freeze({
  code_word: "The code has a word that is not in the list.",
  code_length: "A code has seven words.",
  link_form: "This is not a complete link to a room.",
  link_suite: "This link was made for another key derivation than this server's.",
  link_salt: "This link was made for another server.",
  config_protocol: "This server speaks another version of the protocol.",
  config_kdf: "This server asks for a key derivation that is not safe to use.",
  config_salt: "This server's salt does not have 32 bytes.",
  config_limits: "This server names limits that the protocol doesn't allow.",
  charter_mac: "The room's rules were not written by someone who knows the code.",
  envelope_version: "This message was written by a newer version of this program.",
  envelope_open: "This message can't be decrypted: it was changed, or is not of this room.",
  plaintext_version: "This message was written by a newer version of this program.",
  plaintext_counter: "This message has a number that the protocol doesn't allow.",
  plaintext_length: "This message is not put together as the protocol asks.",
  plaintext_padding: "This message is not padded as the protocol asks.",
  content_size: "This is too long for one message.",
  content_json: "This message's content can't be read.",
  content_field: "This message's content is not in the form that the protocol asks for.",
  profile_version: "This profile was written by a newer version of this program.",
  profile_open: "This profile can't be decrypted.",
  profile_padding: "This profile is not padded as the protocol asks.",
  profile_json: "A name has 1 to 64 bytes, without control characters or spaces around it.",

  malformed: "This request is not in the form that the protocol asks for.",
  charter_length: "The room's charter does not have 45 bytes.",
  charter_version: "The room's charter is of a version that is not known here.",
  charter_suite: "The room's charter names another key derivation than this server's.",
  charter_policy: "The room's charter names a policy that is not known here.",
  charter_limits: "The room's charter asks for more than this server allows.",
  envelope_size: "The envelope does not have one of the eight allowed sizes.",
  profile_length: "The encrypted profile does not have 256 bytes.",
  unauthorized: "The credentials for this room are missing or malformed.",
  seat_unknown: "You no longer have a seat in this room.",
  resume_unknown: "This tab can no longer be resumed. Enter the code again.",
  room_locked: "The room is locked: nobody new can join.",
  message_author: "You wrote this message, so it is not yours to open.",
  audience_only: "This message is for those who were here when it was sent.",
  viewing_wrong: "That does not prove that the message was decrypted.",
  not_found: "There is nothing at this address.",
  room_unknown: "There is no such room. The code may be wrong, or the room has ended.",
  message_unknown: "There is no such message.",
  method_not_allowed: "This address does not answer to that method.",
  room_exists: "A room with this code exists already.",
  room_full: "All seats of this room are taken.",
  member_taken: "Another member of this room has that id.",
  message_conflict: "Another message of this room has that id.",
  message_leased: "Somebody else is reading this message at this moment.",
  lease_lost: "You are not reading this message at this moment.",
  replaced: "A newer connection of this seat took over.",
  room_crowded: "Too many messages wait in this room. Some must be read first.",
  message_gone: "This message has been destroyed.",
  too_large: "This is more than 96 KiB.",
  unsupported_media: "The body must be of type application/json.",
  too_many: "Too much at once. Wait a moment.",
  internal: "Something went wrong here. It was not your fault.",
  unavailable: "The service is not available at this moment. Try again shortly.",
});

/** The codes of this browser client alone: no server sends them. */
const BROWSER_SENTENCES = Object.freeze({
  unreachable: "The server can't be reached. Is this device online?",
  insecure: "This page must be opened by HTTPS: only then does the browser offer encryption.",
  derivation_memory: "This device has too little free memory (64 MiB) to derive the room's keys.",
  derivation_failed: "The room's keys could not be derived in this browser.",
  not_sent: "This message did not reach the server and is no longer tried.",
  ended: "You are no longer in this room.",
});

/** A no. `retryAfter` is in seconds; `state` is the fate of a message that is gone. */
export class Refusal extends Error {
  /**
   * @param {string} code
   * @param {string} [message]  for a person; the table's sentence when absent
   * @param {{retryAfter?: number|null, state?: string|null, position?: number, word?: string,
   *   nearest?: string}} [details]  the last three of `code_word` alone
   */
  constructor(code, message, details = {}) {
    super(message ?? sentence(code));
    this.name = "Refusal";
    this.code = code;
    this.retryAfter = details.retryAfter ?? null;
    this.state = details.state ?? null;
    this.position = details.position ?? null;
    this.word = details.word ?? null;
    this.nearest = details.nearest ?? null;
  }
}

/**
 * @param {string} code
 * @returns {string} what it means, for a person
 */
export function sentence(code) {
  if (Object.hasOwn(SENTENCES, code)) return SENTENCES[/** @type {keyof typeof SENTENCES} */ (code)];
  if (Object.hasOwn(BROWSER_SENTENCES, code)) {
    return BROWSER_SENTENCES[/** @type {keyof typeof BROWSER_SENTENCES} */ (code)];
  }
  return "This was refused.";
}

/** @returns {string[]} every code that has a sentence */
export function codes() {
  return [...Object.keys(SENTENCES), ...Object.keys(BROWSER_SENTENCES)];
}

/**
 * @param {boolean} condition
 * @param {string} code
 * @returns {asserts condition is false}
 */
export function refuse(condition, code) {
  if (condition) throw new Refusal(code);
}

/** Whether the same may work a little later. @param {Refusal} refusal */
export const isPassing = ({ code }) =>
  ["unreachable", "unavailable", "internal", "too_many"].includes(code);

/**
 * When to ask again after a no that is no last word.
 * @param {Refusal} refusal
 * @param {number} now  milliseconds
 * @returns {number|null} milliseconds, or null: asking again gives the same answer
 */
export function retryAt(refusal, now) {
  return isPassing(refusal) ? now + 1000 * (refusal.retryAfter ?? 2) : null;
}
