// Moving a part of the page takes the focus and the selection out of it; here they are kept.

/**
 * Calls `change()`, which moves `node` to another place in the page, and puts focus and selection in
 * it back. Gives whether the focus was in it.
 * @param {HTMLElement} node
 * @param {() => void} change
 */
export function keepFocus(node, change) {
  const focused = node.contains(document.activeElement)
    ? /** @type {HTMLElement} */ (document.activeElement)
    : null;
  const selection = document.getSelection();
  const { anchorNode = null, anchorOffset = 0, focusNode = null, focusOffset = 0 } = selection ?? {};
  const selected = anchorNode !== null && focusNode !== null && node.contains(anchorNode) && node.contains(focusNode)
    ? { anchor: anchorNode, focus: focusNode }
    : null;
  change();
  if (!node.isConnected) return false;
  if (selected) selection?.setBaseAndExtent(selected.anchor, anchorOffset, selected.focus, focusOffset);
  focused?.focus({ preventScroll: true });
  return focused !== null;
}
