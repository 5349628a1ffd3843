// A code that is at hand, in all the forms in which it can be handed over.

import { sharePanel } from "../room/views/share-panel.js";

/**
 * @typedef {{node: HTMLElement}} Panel
 *
 * @typedef {object} Share
 * @property {string} code  canonical
 * @property {() => Promise<string>} link  made once
 * @property {() => Panel} panel  a new one of all forms
 * @property {() => Promise<string>} [returnLink]  that leads back to one's own seat, once there is one: for
 *   nobody else, and in none of these forms
 */

/**
 * Of a code of the server at `base`. `modules` holds what was loaded, `server()` promises what the server
 * says of itself.
 * @param {string} code
 * @param {string} base
 * @param {typeof import("./room.js")} modules
 * @param {() => Promise<import("../protocol/config.js").Config>} server
 * @returns {Share}
 */
export function shareOf(code, base, { makeLink }, server) {
  /** @type {Promise<string>|null} */
  let made = null;

  function link() {
    made ??= server().then((config) => makeLink(base, config, code)).catch((error) => {
      made = null;
      throw error;
    });
    return made;
  }

  return { code, link, panel: () => sharePanel({ code, link }) };
}

/**
 * The same, but the first panel that is asked for is `panel`, which is shown already.
 * @param {Panel} panel
 * @param {Share} share
 * @returns {Share}
 */
export function beginningWith(panel, share) {
  /** @type {Panel|null} */
  let first = panel;
  return {
    ...share,
    panel() {
      const given = first ?? share.panel();
      first = null;
      return given;
    },
  };
}

/**
 * The same, with the link that leads back to the seat of this client.
 * @param {Share} share
 * @param {{seatSecret(): string|null}} client
 * @returns {Share}
 */
export function leadingBack(share, client) {
  async function returnLink() {
    const link = await share.link();
    const secret = client.seatSecret();
    if (secret === null) throw new Error("the seat is gone");
    return `${link}.${secret}`;
  }

  return { ...share, returnLink };
}
