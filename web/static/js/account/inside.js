/**
 * What an account can do once somebody is in, or on the way in: the list of devices and whatever judges it, the
 * words, the daily work. The first screens need none of it; a bundle of its own, loaded while they are read.
 */

export { DeviceWork } from "./device-work.js";
export { Founding } from "./founding.js";
export { askToBeLinked, finishLink } from "./linking.js";
export { openKept, recoverAccount } from "./recovering.js";
export { settle } from "./settling.js";
