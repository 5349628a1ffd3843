/**
 * The operation of tests/vectors/cleaning.json (docs/cleaning.md) by the browser's modules, for vectors.mjs: it has no
 * imports but those that it makes from `base`.
 */

/**
 * @param {string} base  URL of web/static/js/
 * @returns {Promise<Record<string, Function>>}
 */
export async function cleaningOperations(base) {
  const { cleaned, filmPatches, kindOf, overlay } = await import(new URL("cleaning/clean.js", base).href);
  const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

  async function inPieces(data, left) {
    const patches = await filmPatches(data.length, async (start, end) => data.slice(start, end));
    // Whoever puts a film together of pieces takes them one after the other.
    let end = 0;
    for (const { at, length } of patches) {
      if (at < end || length < 1 || at + length > data.length) throw new Error("patches are out of order");
      end = at + length;
    }
    for (const step of [7, 64]) {
      for (let at = 0; at < data.length; at += step) {
        const piece = overlay(data.subarray(at, at + step), at, patches);
        if (!same(piece, left.subarray(at, at + step))) throw new Error("piece by piece it is another");
      }
    }
  }

  return {
    clean: async ({ data }) => {
      const left = await cleaned(data);
      const kind = kindOf(data.subarray(0, 16));
      if (kind === "film") await inPieces(data, left);
      return { kind, data: left };
    },
  };
}
