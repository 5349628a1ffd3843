/** The numbers of docs/protocol.md, sections 3, 8 and 12: the same as in ephemeral/protocol/limits.py. */

/** Bytes of a request body, of a client's frame, and of JSON in content. */
export const JSON_BYTES = 98_304;
export const JSON_DEPTH = 16;

export const ID_BYTES = 16;
export const SECRET_BYTES = 32;
export const SEAT_SECRET_BYTES = 16;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

export const CODE_WORDS = 7;
/** Longer texts are not searched for words. */
export const TYPED_BYTES = 256;
/** Longer texts are not searched for a link. */
export const LINK_TEXT_BYTES = 2048;

export const CHARTER_BYTES = 45;
export const SEATS = Object.freeze([2, 50]);
export const MESSAGE_TTL = Object.freeze([60, 604_800]);
export const ROOM_TTL = Object.freeze([300, 2_592_000]);

export const PROFILE_BYTES = 256;
export const NAME_BYTES = 64;
export const COLOURS = 12;

/** What an envelope may weigh, smallest first. */
export const ENVELOPE_SIZES = Object.freeze([512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536]);
/** Messages that may wait in a room. */
export const WAITING_MESSAGES = 500;
export const WAITING_BYTES = 16_777_216;
/** 0 is "until closed". */
export const VIEW_SECONDS = /** @type {const} */ ([5, 300]);
export const VIEW_LIMIT_SECONDS = /** @type {const} */ ([5, 600]);
/** The longest quote, in Unicode code points. */
export const QUOTE_POINTS = 280;

export const STATUS_IDS = 100;
/** Frames in one message of a client. */
export const MESSAGE_FRAMES = 32;
/** Messages of a seat whose ids and proofs follow from its secret. */
export const RETURN_MESSAGES = 100;
export const RETRY_SECONDS = 43_200;
export const TYPING_SECONDS = 6;
export const TYPING_REPEAT_SECONDS = 3;

/** Reconnecting (11.8): a random part of the smaller of these, doubled by every attempt. */
export const RECONNECT_FIRST_SECONDS = 0.5;
export const RECONNECT_LONGEST_SECONDS = 30;
