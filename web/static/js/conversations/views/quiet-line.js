/** What isn't said by anybody, or can't be read, in one quiet sentence that says why. */

import { has, isolated, listed, say } from "../../ui/i18n.js";
import { duration } from "../../ui/times.js";
import { isSilent } from "./chat-entries.js";

/**
 * @typedef {import("./names.js").Person} Person
 * @typedef {(chain: string) => Person} Of
 */

/** Codes by what they mean to whoever looks; what is not among them is told by the general sentence. */
const MEANINGS = Object.freeze({
  message_unreadable: "unreadable", message_again: "again", message_target: "target", not_admin: "not_admin",
  log_fork: "other_log", message_seen: "other_log", message_record: "other_log", device_copied: "copied",
});

/**
 * @param {any} line
 * @param {number} count
 * @param {Of} of
 * @param {Person|null} author  of the device that wrote it, where that is known
 * @returns {string[]} sentences; none where there is nothing to tell
 */
export function quietSentences(line, count, of, author) {
  switch (line.kind) {
    case "record":
      return isSilent(line) ? [] : changes(line, of);
    case "destroyed":
      return [say("conversations.quiet.destroyed", { count })];
    case "gap":
      return [say("conversations.quiet.gap", { count: line.to - line.from + 1 }),
        ...(line.skipped ? [say("conversations.quiet.skipped", { count: line.skipped })] : [])];
    case "displaced":
      return [of(line.chain).me ? say("conversations.quiet.displaced_by_me", { text: isolated(line.text) })
        : say("conversations.quiet.displaced", { name: isolated(of(line.chain).label), text: isolated(line.text) })];
    case "refused":
      return [refused(line.code, count, author)];
    default:
      return [say("conversations.quiet.unknown", { count })];
  }
}

/** @param {string} code  @param {number} count  @param {Person|null} author */
function refused(code, count, author) {
  const meaning = /** @type {{[code: string]: string}} */ (MEANINGS)[code];
  if (code.startsWith("record_")) return say("conversations.quiet.record");
  const name = author === null ? say("conversations.somebody") : isolated(author.label);
  return say(`conversations.quiet.${meaning ?? "refused"}`, { count, name });
}

/** @param {any} line  @param {Of} of */
function changes({ epoch, chain, added, removed, left, roles, timer, joining, trouble, moved = [] }, of) {
  const names = (/** @type {string[]} */ chains) =>
    listed(chains.map(of).map((one) => (one.me ? say("conversations.you_object") : isolated(one.label))));
  const author = chain === null ? null : of(chain);
  const by = author === null ? say("conversations.somebody") : isolated(author.label);
  const me = author?.me ?? false;
  /** @param {string} key  @param {object} [values] */
  const told = (key, values = {}) => {
    const mine = `${key}_by_me`;
    const what = me && has(`conversations.change.${mine}`) ? mine : key;
    return say(`conversations.change.${what}`, { name: by, ...values });
  };
  const sentences = [];
  if (epoch === 1) sentences.push(told("founded"));
  else if (added.length > 0) sentences.push(told("added", { names: names(added) }));
  if (removed.length > 0) sentences.push(told("removed", { names: names(removed) }));
  for (const one of left) sentences.push(of(one).me ? say("conversations.change.left_by_me") : say("conversations.change.left", { name: isolated(of(one).label) }));
  for (const { chain: one, role } of roles) sentences.push(told(role === "admin" ? "admin" : "member", { names: names([one]) }));
  if (timer !== undefined) sentences.push(timer === 0 ? told("timer_off") : told("timer", { time: duration(timer) }));
  if (joining !== undefined) sentences.push(told(joining ? "link_on" : "link_off"));
  const others = moved.filter((/** @type {string} */ one) => !of(one).me);
  if (others.length > 0) sentences.push(say("conversations.change.moved", { names: names(others) }));
  if (trouble !== null && trouble !== undefined) sentences.push(say("conversations.quiet.key", { name: by }));
  return sentences;
}
