// A code that is at hand, in all the forms in which it can be handed over.

import { sharePanel } from "../room/views/share-panel.js";

/**
 * `{code, link(), panel()}` for a code of the server at `base`: `link()` promises its link, made
 * once, `panel()` gives a new panel of all forms. `modules` holds what was loaded,
 * `server()` promises what the server says of itself.
 */
export function shareOf(code, base, { makeLink, CODE_BITS, qrPicture }, server) {
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

/** The same, but the first panel that is asked for is `panel`, which is shown already. */
export function beginningWith(panel, share) {
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
