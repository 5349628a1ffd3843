// What nobody needs before the first message: loaded when somebody has been inside for a while, or asks
// for it.

import "../ui/fire.js";
import "../ui/late-icons.js";
import { filesBy } from "../room/views/attaching.js";
import { loading } from "./loading.js";

export { moreOfRoom } from "../room/views/more-of-room.js";
export { fileFace, fileLine, openFile, sentFile } from "../room/views/attaching.js";
export { tellingPanel } from "../room/views/telling.js";
export { writingPanel } from "../room/views/writing-panel.js";
export { codeHelp } from "../room/views/code-help.js";
export { drawMessage } from "../ui/message-drawing.js";
export { stacked } from "../room/views/log-stacks.js";
export { SELDOM } from "../room/views/seldom-views.js";
export { optionFields } from "../room/views/option-fields.js";
export { askToLeave } from "../room/views/return-offer.js";
export { openMenu } from "../room/views/room-menu.js";
export { barrierScreen, endedScreen } from "../room/views/standing-screens.js";
export { peoplePanel } from "../room/views/people-panel.js";
export { resume } from "../room/resuming.js";
export * as profiles from "../room/profiles.js";
export { PolledSocket } from "../net/polled-socket.js";
export { qrPicture } from "../ui/qr.js";
export { returnPanel } from "../room/views/return-panel.js";
export { comeBack } from "./return-flow.js";
export { leaving } from "./leaving.js";

const { base, attachments } = { ...document.documentElement.dataset, ...document.getElementById("app")?.dataset };
if (attachments !== undefined) filesBy(loading(new URL(attachments, new URL(`${base}/`, location.origin)).href));
