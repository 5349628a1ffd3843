// The end of a message, which is seen to burn once what draws that is here: fire.js, loaded when somebody
// has been inside for a while. What ends sooner is taken away.

/** @type {(node: Element) => Promise<void>} */
let burn = async (node) => node.remove();

/** @param {(node: Element) => Promise<void>} way  in which a node burns */
export function kindle(way) {
  burn = way;
}

/**
 * Takes `node` out of its list at once; resolves when nothing of it is to be seen any more.
 * @param {Element} node  in a list, in what scrolls, in a frame that doesn't
 * @returns {Promise<void>}
 */
export const burnAway = (node) => burn(node);
