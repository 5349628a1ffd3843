// What nobody needs before the first message: loaded when somebody has been inside for a while, or asks
// for it.

import "../ui/fire.js";

export { tellingPanel } from "../room/views/telling.js";
export { writingPanel } from "../room/views/writing-panel.js";
export { unsentList } from "../room/views/unsent-list.js";
export { peoplePanel } from "../room/views/people-panel.js";
export { PolledSocket } from "../net/polled-socket.js";
export { recordTables } from "../room/views/record-tables.js";
export { qrPicture } from "../ui/qr.js";
export { returnPanel } from "../room/views/return-panel.js";
export { comeBack } from "./return-flow.js";
export { leaving } from "./leaving.js";
