// Moving a part of the page takes the focus and the selection out of it; here they are kept.

/**
 * Calls `change()`, which moves `node` to another place in the page, and puts focus and selection in
 * it back. Gives whether the focus was in it.
 */
export function keepFocus(node, change) {
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  const selection = document.getSelection();
  const { anchorNode, anchorOffset, focusNode, focusOffset } = selection;
  const selected = anchorNode !== null && node.contains(anchorNode) && node.contains(focusNode);
  change();
  if (!node.isConnected) return false;
  if (selected) selection.setBaseAndExtent(anchorNode, anchorOffset, focusNode, focusOffset);
  focused?.focus({ preventScroll: true });
  return focused !== null;
}
