// Lists whose items keep their elements: an element that holds the focus, a running countdown or a
// selection survives every change around it.

/**
 * A list under `parent`. `make(item)` gives `{node, update(item), close()?}`. One item that can't be
 * shown must not take the others down: `onError(error)` gives what stands in its place.
 */
export function keyed(parent, { key, make, onError }) {
  const views = new Map();

  function view(item) {
    const id = key(item);
    let found = views.get(id);
    try {
      found ??= make(item);
      found.update(item);
    } catch (error) {
      found?.close?.();
      found?.node?.remove();
      found = { node: onError(error), update() {} };
    }
    views.set(id, found);
    return found.node;
  }

  return {
    /** Brings the elements into line with `items`. */
    update(items) {
      const wanted = new Set(items.map(key));
      for (const [id, old] of views) {
        if (wanted.has(id)) continue;
        old.close?.();
        old.node.remove();
        views.delete(id);
      }
      // What stays in order is not touched: moving an element would take the focus from it.
      items.forEach((item, index) => {
        const node = view(item);
        const there = parent.children[index] ?? null;
        if (node !== there) parent.insertBefore(node, there);
      });
    },
    get: (id) => views.get(id),
    close() {
      for (const old of views.values()) old.close?.();
      views.clear();
    },
  };
}
