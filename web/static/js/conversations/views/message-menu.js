/** What can be done with one message: answered, marked, copied, mended, reported, and taken away. */

import "../../ui/late-icons.js";
import { announce } from "../../ui/announce.js";
import { confirm, panel, panelHead } from "../../ui/dialog.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { editDrawing } from "./drawings.js";

/** What most people want; each is one character as people count. */
const REACTIONS = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
/** So long after it was said it can be mended or taken back. */
const CHANGEABLE_MS = 86_400_000;

/**
 * @typedef {import("./chat-entries.js").MessageEntry} MessageEntry
 *
 * @param {MessageEntry} entry
 * @param {HTMLElement} from  which has opened it
 * @param {{talk: import("../conversations.js").Conversations, id: string, me: string, isWritable: boolean, now: number,
 *   trouble: (error: unknown) => void, edit: () => void, reply: () => void, report: () => void,
 *   forget: ((files: string[]) => Promise<unknown>)|null}} how  `id` of the conversation; `forget` destroys files
 */
export function messageMenu(entry, from, { talk, id, me, isWritable, now, trouble, edit, reply, report, forget }) {
  const conversation = talk.of(id);
  const mine = entry.reactions.find(([, chains]) => chains.includes(me))?.[0] ?? null;
  const isSent = entry.place > 0;
  const isFresh = now - entry.at < CHANGEABLE_MS;
  const isThere = entry.text !== null;
  const isFile = entry.files.length > 0;
  /** Where the focus goes when it closes. @type {() => void} */
  let then = () => from.focus();

  /** @param {Promise<unknown>} work */
  const asked = (work) => void work.catch(trouble);

  /** @param {string|SVGElement} drawing  @param {string} key  @param {() => void} does  @param {string} [kind] */
  const item = (drawing, key, does, kind = "quiet") =>
    el("button", { type: "button", class: `button ${kind}`, on: { click: () => { node.close(); does(); } } }, typeof drawing === "string" ? icon(drawing) : drawing, say(key));

  /** @param {string} reaction */
  function react(reaction) {
    node.close();
    asked(conversation.says.react(entry, reaction === mine ? null : reaction));
  }

  async function copy() {
    await navigator.clipboard.writeText(entry.text ?? "");
    announce(say("copy.done"));
  }

  async function forEveryone() {
    const sure = await confirm({ title: say("conversations.delete.title"), text: say("conversations.delete.text"),
      yes: say("conversations.delete.everyone"), danger: true });
    from.focus();
    if (!sure) return;
    // Whoever has the message by then finds nothing to fetch.
    if (isFile) await forget?.(entry.files.map(({ file }) => file));
    await conversation.says.withdraw(entry);
  }

  const items = [
    isSent && isThere && isWritable ? item("reply", "conversations.message.reply", () => { then = () => {}; reply(); }) : null,
    isThere && !isFile ? item("copy", "conversations.message.copy", () => asked(copy())) : null,
    isSent && isThere && !isFile && entry.own && isFresh && isWritable ? item(editDrawing(), "conversations.message.edit", () => { then = () => {}; edit(); }) : null,
    isSent && isThere && !isFile && !entry.own ? item("warning", "conversations.message.report", () => { then = () => {}; report(); }) : null,
    isSent ? item("hide", "conversations.message.hide", () => asked(talk.hide(id, entry.place))) : null,
    isSent && isThere && entry.own && isFresh && isWritable
      ? item("destroy", "conversations.message.delete", () => asked(forEveryone()), "quiet danger-text") : null,
    isSent ? null : item("destroy", "conversations.message.discard", () => asked(conversation.discard(entry.id)), "quiet danger-text"),
  ];
  const node = panel({ kind: "menu message-menu", labelledby: "message-menu-title", onClose: () => then() },
    el("div", { class: "panel-body" },
      panelHead("message-menu-title", say("conversations.message.menu"), () => node.close()),
      isSent && isThere && isWritable ? el("div", { class: "reaction-row", role: "group", "aria-label": say("conversations.message.react") },
        REACTIONS.map((one) => el("button", { type: "button", class: "button quiet", "aria-pressed": String(one === mine), on: { click: () => react(one) } }, one))) : null,
      el("div", { class: "menu-items" }, items)));
}
