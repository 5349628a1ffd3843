// A code that is at hand, in all the forms in which it can be handed over.

import { sharePanel } from "../room/views/share-panel.js";

/**
 * @typedef {object} Share
 * @property {string} code  canonical
 * @property {() => Promise<string>} link  made once
 * @property {() => {node: HTMLElement}} panel  a new panel of all forms
 *
 * @typedef {Share & {returnLink: () => Promise<string>}} ShareInside
 */

/**
 * The forms of a code of the server at `base`.
 * @param {string} code
 * @param {string} base
 * @param {typeof import("./room.js")} modules  what was loaded
 * @param {() => Promise<import("../protocol/config.js").Config>} server  promises what it says of itself
 * @returns {Share}
 */
export function shareOf(code, base, { makeLink, CODE_BITS, qrPicture }, server) {
  /** @type {Promise<string>|null} */
  let made = null;

  function link() {
    made ??= server().then((config) => makeLink(base, config, code)).catch((error) => {
      made = null;
      throw error;
    });
    return made;
  }

  return { code, link, panel: () => sharePanel({ code, bits: CODE_BITS, link, picture: qrPicture }) };
}

/**
 * The same, but the first panel that is asked for is `panel`, which is shown already.
 * @param {ReturnType<Share["panel"]>|null} panel
 * @param {Share} share
 * @returns {Share}
 */
export function beginningWith(panel, share) {
  let first = panel;
  return {
    ...share,
    panel: () => {
      const given = first ?? share.panel();
      first = null;
      return given;
    },
  };
}

/**
 * The same for whoever is inside: `returnLink()` promises the link that leads back to the seat of `client`.
 * @param {Share} share
 * @param {Pick<import("../room/room-client.js").RoomClient, "seatSecret">} client
 * @returns {ShareInside}
 */
export const withReturn = (share, client) =>
  ({ ...share, returnLink: async () => `${await share.link()}.${client.seatSecret()}` });
