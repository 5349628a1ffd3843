// What needs the word list and the protocol: main.js imports it while the person reads the first screen.

export { randomBelow } from "../device/random.js";
export { CODE_BITS, makeCode, readCode } from "../protocol/codes.js";
export { encodeContent } from "../protocol/envelope.js";
export { isLink, leadsBack, makeLink, readLink } from "../protocol/links.js";
export { codeDraft, completions, wrongPlaces } from "../room/code-draft.js";
export { RoomClient } from "../room/room-client.js";
