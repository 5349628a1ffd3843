/** Names of members that count as equal, and the numbers that tell them apart (docs/protocol.md, 7.5). */

/**
 * What two names have in common that count as equal.
 * @param {string} name
 */
export const nameKey = (name) =>
  name.replace(/[\u200C\u200D]/g, "").normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");

/**
 * The number of each name among its equals, in the order of joining; 1 is not shown, and 0 stands where
 * there is no name.
 * @param {(string|null)[]} names
 * @param {string[]} [taken]  words of the interface, which come first
 */
export function numbers(names, taken = []) {
  const counts = new Map(taken.map((word) => [nameKey(word), 1]));
  return names.map((name) => {
    if (name === null) return 0;
    const key = nameKey(name);
    const number = (counts.get(key) ?? 0) + 1;
    counts.set(key, number);
    return number;
  });
}
