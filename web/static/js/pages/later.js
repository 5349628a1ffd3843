// What nobody needs before the first message: loaded when somebody has been inside for a while, or asks
// for it.

export { tellingPanel } from "../room/views/telling.js";
export { unsentList } from "../room/views/unsent-list.js";
export { peoplePanel } from "../room/views/people-panel.js";
export { PolledSocket } from "../net/polled-socket.js";
export { recordTables } from "../room/views/record-tables.js";
export { leaving } from "./leaving.js";
