// What nobody needs on the first screens of an account: loaded when it is asked for.

export { renamePanel, revokePanel } from "../account/views/device-panels.js";
export { deletePanel, passwordPanel, signOutPanel } from "../account/views/leaving-panels.js";
export { linkPanel } from "../account/views/link-panel.js";
export { qrPicture } from "../ui/qr.js";
