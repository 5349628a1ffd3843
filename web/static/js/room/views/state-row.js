// A row of the tables of states (state-tables.js, standing-tables.js).

/**
 * @typedef {object} Row
 * @property {"plain"|"attention"|"done"} tone
 * @property {string} icon
 * @property {string} text
 * @property {string} [title]
 * @property {string} [next]
 * @property {string} [by]
 * @property {string} [label]
 * @property {readonly string[]} [actions]
 * @property {boolean} [passing]
 */

/**
 * @template {string} Name
 * @template {Row} R
 * @param {Record<Name, R>} table
 * @returns {Readonly<Record<Name, Readonly<R>>>}
 */
export const freeze = (table) => {
  Object.values(table).forEach(Object.freeze);
  return Object.freeze(table);
};
