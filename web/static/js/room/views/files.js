/** What opens, shows, saves and sends files, for whoever loads it (pages/attachments.js). */

export { attachPanel } from "./attach-panel.js";
export { fileFace } from "./file-face.js";
export { readingsOf, sendingOf } from "./file-rooms.js";
export { sentFile } from "./sent-file.js";
