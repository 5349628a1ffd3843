// The one way in which this page makes elements. Text arrives as text nodes and never as markup,
// so nothing that a peer wrote can become an element, an attribute or a script.

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "textContent", "readOnly"]);

/**
 * @typedef {Node|string|number|boolean|null|undefined|Child[]} Child
 * @typedef {{class?: string, data?: Record<string, string|number|boolean|null|undefined>|null,
 *   on?: Record<string, (event: any) => unknown>} & Record<string, unknown>} Props
 */

/**
 * An element with its properties and children. `props` are attributes, except `class`, `data`
 * (an object), `on` (event listeners by name) and a few properties of forms; null, undefined and
 * false leave an attribute out. Children are nodes, strings, numbers, arrays of these, or nothing.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, props = {}, ...children) {
  return furnish(document.createElement(tag), props, children);
}

/**
 * As `el`, for SVG.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Props} [props]
 * @param {...Child} children
 */
export function svg(tag, props = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), props, children);
}

/**
 * @template {HTMLElement|SVGElement} T
 * @param {T} node
 * @param {Props} props
 * @param {Child[]} children
 * @returns {T}
 */
function furnish(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.setAttribute("class", String(value));
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "on") listen(node, props.on ?? {});
    else if (PROPERTIES.has(name)) Object.assign(node, { [name]: value });
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

/** @param {Element} node  @param {NonNullable<Props["on"]>} listeners */
function listen(node, listeners) {
  for (const [type, listener] of Object.entries(listeners)) node.addEventListener(type, listener);
}

/** @param {Element} node  @param {Child[]} children */
function append(node, children) {
  for (const child of /** @type {any[]} */ (children).flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Replaces the children of `node`, but only if its text would change: readers hear no repetition.
 * @param {Element} node
 * @param {string|number|null|undefined} text
 */
export function setText(node, text) {
  const wanted = String(text ?? "");
  if (node.textContent !== wanted) node.textContent = wanted;
}

/** Replaces all children of `node` by those given. @param {Element} node  @param {...Child} children */
export function fill(node, ...children) {
  node.replaceChildren();
  append(node, children);
}
