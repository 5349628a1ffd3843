/** Files may be dropped where somebody writes. */

/**
 * @param {HTMLElement} node
 * @param {() => boolean} isOpen  whether anything can be sent there
 * @param {(files: File[]) => void} dropped
 */
export function dropping(node, isOpen, dropped) {
  const has = (/** @type {DragEvent} */ { dataTransfer }) => isOpen() && (dataTransfer?.types.includes("Files") ?? false);
  const over = (/** @type {boolean} */ isOver) => node.classList.toggle("is-over", isOver);
  node.addEventListener("dragover", (event) => {
    if (!has(event)) return;
    event.preventDefault();
    over(true);
  });
  node.addEventListener("dragleave", (event) => {
    if (!node.contains(/** @type {Node|null} */ (event.relatedTarget))) over(false);
  });
  node.addEventListener("drop", (event) => {
    over(false);
    if (!has(event)) return;
    event.preventDefault();
    const files = [...event.dataTransfer?.files ?? []];
    if (files.length > 0) dropped(files);
  });
}
