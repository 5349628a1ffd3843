// What needs the word list and the protocol: main.js imports it while the person reads the first screen.

export { randomBelow } from "../device/random.js";
export { piecesOf } from "../protocol/cleaning.js";
export { CODE_BITS, codeIn, isWord, makeCode, readCode } from "../protocol/codes.js";
export { encodeContent } from "../protocol/envelope.js";
export { isLink, leadsBack, makeLink, readLink } from "../protocol/links.js";
export { neighbours, suggestions } from "../protocol/suggestions.js";
export { WORDS } from "../protocol/words.js";
export { RoomClient } from "../room/room-client.js";
