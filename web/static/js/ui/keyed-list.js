// Keyed lists: their items keep their elements, so that the focus, a running countdown or a selection
// survives every change around it.

/**
 * Whether two objects have the same fields with the same values.
 * @param {Record<string, any>} one
 * @param {Record<string, any>} other
 */
export function shallowEqual(one, other) {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => Object.is(one[name], other[name]));
}

/**
 * @template T
 * @typedef {{node: Element, update: (item: T) => void, close?: () => void}} View  of one item
 */

/**
 * A list under `parent`. `make(item)` gives `{node, update(item), close()?}`. One item that can't be
 * shown must not take the others down: `onError(error)` gives what stands in its place. An item that
 * is the `same` as it was is not drawn again. `remove(node, item)` takes out what is no longer there.
 * @template T
 * @param {Element} parent
 * @param {{key: (item: T) => string, make: (item: T) => View<T>, onError: (error: unknown) => Element,
 *   same?: (before: T, now: T) => boolean, remove?: (node: Element, item: T) => unknown}} given
 */
export function keyedList(parent, { key, make, onError, same = (_before, _now) => false, remove = (node) => node.remove() }) {
  /** @type {Map<string, {view: View<T>, node: Element, item: T}>} */
  const views = new Map();
  /** @type {unknown} */
  let around = null;

  /** @param {string} id  @param {T} item  @param {boolean} all */
  function view(id, item, all) {
    let found = views.get(id);
    if (found !== undefined && !all && same(found.item, item)) return found.node;
    let shown = found?.view;
    try {
      shown ??= make(item);
      shown.update(item);
    } catch (error) {
      shown?.close?.();
      shown?.node?.remove();
      shown = { node: onError(error), update: (_item) => {} };
    }
    found = { view: shown, node: shown.node, item };
    views.set(id, found);
    return found.node;
  }

  return {
    /**
     * Brings the elements into line with `items`. `context` stands for everything else that the views
     * read: when it is another than before, each is drawn again.
     * @param {T[]} items
     * @param {unknown} [context]
     */
    update(items, context = null) {
      const all = context !== around;
      around = context;
      const wanted = new Set(items.map(key));
      for (const [id, old] of views) {
        if (wanted.has(id)) continue;
        old.view.close?.();
        views.delete(id);
        remove(old.node, old.item);
      }
      // What stands in order is not touched: moving an element would take the focus from it. Walking
      // from neighbour to neighbour, since to find the nth child anew takes n steps.
      let there = parent.firstElementChild;
      for (const item of items) {
        const next = there?.nextElementSibling ?? null;
        const node = view(key(item), item, all);
        // A view that failed has taken its element away.
        if (there !== null && there.parentElement !== parent) there = next;
        if (node === there) there = next;
        else parent.insertBefore(node, there);
      }
    },
    close() {
      for (const old of views.values()) old.view.close?.();
      views.clear();
    },
  };
}
