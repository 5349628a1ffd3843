// What the server holds about a room, table by table. The tables' names and explanations are the
// server's own and stay in English.

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";

/**
 * Nodes for a record as `protocol/record.js` reads it.
 * @param {import("../../protocol/record.js").Record} record
 */
export const recordTables = ({ tables, elsewhere }) => [...tables.map(tableView), elsewhereView(elsewhere)];

/** @param {"p"|"dd"} tag  @param {string} text */
const english = (tag, text) => el(tag, { class: "hint", lang: "en", dir: "ltr" }, text);

/** @param {string} name */
const named = (name) => el("code", { lang: "en", dir: "ltr", translate: "no" }, name);

/** @param {import("../../protocol/record.js").Table} table */
function tableView({ name, explained, columns, rows, rest, apart }) {
  return el("details", { class: "record-table", open: name === "rooms" },
    el("summary", {}, named(name), " ", el("span", { class: "hint" }, say("record.rows", { count: rows.length + rest }))),
    english("p", explained ?? say("record.unexplained")),
    apart === null ? null : english("p", apart),
    el("dl", {}, columns.map((column) => [
      el("dt", {}, named(column.name)),
      column.explained === null ? el("dd", { class: "hint" }, say("record.unexplained")) : english("dd", column.explained),
      column.hidden === null ? null : english("dd", column.hidden),
    ])),
    rows.map((row, index) => [
      el("h3", {}, say("record.row", { number: index + 1 })),
      el("dl", {}, row.map((cell, at) => [
        el("dt", {}, named(columns[at].name)), el("dd", {}, cellView(cell)),
      ])),
    ]),
    rest === 0 ? null : el("p", { class: "hint" }, say("record.rest", { count: rest })));
}

/** @param {import("../../protocol/record.js").Cell} cell */
function cellView({ value, bytes, time, sha256 }) {
  if (sha256 !== null) return say("record.digest", { count: bytes, digest: sha256 });
  if (value === undefined) return say("record.hidden", { count: bytes });
  if (value === null) return say("record.nothing");
  if (typeof value === "boolean") return say(value ? "record.yes" : "record.no");
  return el("code", { dir: "ltr", translate: "no" }, time ?? value);
}

/** @param {import("../../protocol/record.js").Elsewhere[]} elsewhere */
function elsewhereView(elsewhere) {
  return el("details", { class: "record-table" },
    el("summary", {}, say("record.elsewhere")),
    el("dl", {}, elsewhere.map(({ place, name, count, explained }) => [
      el("dt", {}, named(`${place}, ${name}`)),
      count === null ? null : el("dd", {}, say("record.count", { count })),
      english("dd", explained),
    ])));
}
