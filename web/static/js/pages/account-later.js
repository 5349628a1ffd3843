// What the page of accounts doesn't need at once.

export { qrPicture } from "../ui/qr.js";
