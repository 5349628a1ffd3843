/** One message of a conversation, as a bubble: whose it is, what it says, when, and how far it has come. */

import { el, fill, setText } from "../../ui/el.js";
import { isolated, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { drawMessage } from "../../ui/message-drawing.js";
import { moment } from "../../ui/times.js";
import { clockTime, machineTime } from "./chat-times.js";
import { markMentions } from "./mention-marks.js";
import { nameNode } from "./names.js";

/**
 * @typedef {import("./chat-entries.js").MessageEntry} MessageEntry
 * @typedef {import("./names.js").Person} Person
 *
 * @typedef {object} Around  what a message is drawn with
 * @property {(chain: string) => Person} of
 * @property {(device: string) => Person|null} byDevice
 * @property {(chain: string) => string[]} namesOf  all by which somebody may be named in it
 * @property {() => boolean} isGroup  whether there are more people than two
 * @property {(entry: MessageEntry) => void} quoted  goes to what it answers
 * @property {() => number} offset  the server's clock minus this one's, in milliseconds
 * @property {(entry: MessageEntry, from: HTMLElement) => void} menu  what can be done with it
 * @property {(entry: MessageEntry) => void} again  tries to send it once more
 * @property {((entry: MessageEntry, place: HTMLElement) => void)|null} files  shows there the files that it names
 */

const DRAWINGS = Object.freeze({ waiting: "waiting", refused: "warning", sent: "done", delivered: "done", read_by: "eye", read: "eye" });

/** @param {MessageEntry} first  @param {Around} around */
export function messageView(first, around) {
  let entry = first;
  let drawn = "";
  const who = el("p", { class: "said-who" });
  const quote = el("button", { type: "button", class: "quote", hidden: true, on: { click: () => around.quoted(entry) } });
  const text = el("div", { class: "message-text notranslate", translate: "no" });
  const files = el("div", { class: "said-files", hidden: true });
  const edited = el("span", { class: "said-edited" });
  const until = el("span", { class: "said-until" });
  const time = el("time", {});
  const state = el("span", { class: "said-state" });
  /** @type {HTMLElement} */
  const more = el("button", { type: "button", class: "button quiet said-menu", "aria-haspopup": "menu",
    "aria-label": say("conversations.message.menu"), on: { click: () => around.menu(entry, more) } }, icon("menu"));
  const reactions = el("div", { class: "said-reactions", hidden: true });
  const bubble = el("div", { class: "bubble" }, quote, text, files,
    el("p", { class: "said-foot" }, edited, until, time, state));
  const node = el("div", { class: "said", role: "article", data: { message: first.id } },
    who, el("div", { class: "said-row" }, bubble, more), reactions);

  /** @param {MessageEntry} now */
  function update(now) {
    entry = now;
    const author = around.of(now.chain);
    node.classList.toggle("own", now.own);
    node.dataset.group = now.group;
    node.dataset.sent = now.sent ?? "";
    node.toggleAttribute("data-mentioned", now.mentioned);
    node.toggleAttribute("data-newest", now.newest);
    const isFirst = now.group === "first" || now.group === "only";
    // Who looks sees it by the side and the colour; who listens hears it each time.
    who.className = isFirst && !now.own && around.isGroup() ? "said-who" : "said-who visually-hidden";
    fill(who, nameNode(author));
    said(now);
    quoted(now);
    setText(edited, now.edited ? say("conversations.message.edited") : "");
    setText(until, now.until === 0 ? "" : say("conversations.message.until", { time: moment(now.until - around.offset()) }));
    const local = now.at - around.offset();
    setText(time, clockTime(local));
    time.dateTime = machineTime(local);
    time.title = moment(local);
    sent(now);
    reacted(now);
    more.hidden = now.place === 0 && now.sent !== "refused" && now.sent !== "waiting";
  }

  /** @param {MessageEntry} now */
  function said({ text: words, mentions, files: named }) {
    files.hidden = named.length === 0;
    text.hidden = !files.hidden;
    if (!files.hidden) {
      if (around.files !== null) around.files(entry, files);
      else setText(files, say("conversations.file.sent", { count: named.length }));
      return;
    }
    if (words === null) {
      text.classList.add("unknown");
      drawn = "";
      return void setText(text, say("conversations.message.deleted"));
    }
    // What is selected in it stays selected.
    const people = mentions.flatMap((chain) => around.namesOf(chain).map((name) => ({ chain, name })));
    const now = JSON.stringify([words, people]);
    if (now === drawn) return;
    drawn = now;
    text.classList.remove("emoji", "unknown");
    text.textContent = words;
    drawMessage(text);
    markMentions(text, people);
  }

  /** @param {MessageEntry} now */
  function quoted({ quote: answered }) {
    quote.hidden = answered === null;
    if (answered === null) return void fill(quote);
    const author = around.byDevice(answered.author);
    fill(quote,
      author === null ? null : el("span", { class: "quote-from" }, nameNode(author)),
      el("span", { class: "quote-text notranslate", translate: "no", dir: "auto" }, answered.text));
  }

  /** @param {MessageEntry} now */
  function sent({ sent: how, refused, readers, others }) {
    fill(state, how === null ? null : [icon(DRAWINGS[how]), el("span", { class: "said-word" }, say(`conversations.sent.${how}`, { count: readers, of: others }))],
      refused === null ? null : el("button", { type: "button", class: "button quiet small", on: { click: () => around.again(entry) } },
        say("conversations.message.again")));
  }

  /** @param {MessageEntry} now */
  function reacted({ reactions: all }) {
    reactions.hidden = all.length === 0;
    fill(reactions, all.map(([reaction, chains]) => el("span", {
      class: "reaction", title: chains.map((chain) => around.of(chain).label).join(", "),
    }, el("span", { class: "notranslate", translate: "no" }, reaction),
    chains.length > 1 ? el("span", { class: "reaction-count" }, chains.length) : null,
    el("span", { class: "visually-hidden" }, say("conversations.message.reacted",
      { names: chains.map((chain) => isolated(around.of(chain).label)).join(", ") })))));
  }

  return { node, update };
}
