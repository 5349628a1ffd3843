/** Where one writes to a conversation. What is written stays in this page's memory, and is kept when nothing is typed for a moment. */

import { el, fill } from "../../ui/el.js";
import { isBlank } from "../../ui/graphemes.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { coarse } from "../../ui/pointer.js";
import { mentionsIn } from "../mentions.js";
import { attachDrawing } from "./drawings.js";
import { mentionOffer } from "./mention-offer.js";

const TALLEST_PX = 200;
/** Others take it that somebody writes on for six seconds. */
const TYPING_MS = 3000;
/** Whoever stops for so long may go on at another device. */
const PAUSE_MS = 2000;
/** One message names so many. */
const MENTIONS_MOST = 50;

/**
 * @typedef {{line: any, text: string, label: string}} About  a message that is answered or changed
 * @typedef {{text: string, reply: About|null, edit: About|null}} Draft
 *
 * @typedef {Draft & {mentions: string[]}} Said  with the chains of those who are named in it
 *
 * @param {{draft: Draft, send: (said: Said) => void, typing: () => void, up: () => void, paused: () => void,
 *   people: () => readonly import("./mention-offer.js").Nameable[], attach: ((files: File[]) => void)|null}} given  `up`: the
 *   arrow was pressed in an empty field; `paused`: nothing was typed for a moment; `people`: who can be named; `attach`:
 *   files are to be sent; null: this deployment takes none
 */
export function chatComposer({ draft, send, typing, up, paused, people, attach }) {
  let typed = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let pause;
  const text = el("textarea", {
    id: "chat-text", class: "notranslate", rows: "1", autocomplete: "off", enterkeyhint: coarse() ? "enter" : "send",
    translate: "no", spellcheck: "false", writingsuggestions: "false", placeholder: say("conversations.write"), value: draft.text,
  });
  const about = el("div", { class: "composer-quote", hidden: true });
  const button = el("button", { type: "submit", class: "button primary send", "aria-label": say("conversations.send") }, icon("send"));
  const offer = mentionOffer(text, { people, written: () => { changed(); keepSoon(); } });
  const node = el("form", { class: "composer", autocomplete: "off",
    on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); submit(); } } },
    offer.node,
    el("div", { class: "composer-sheet" }, about,
      el("div", { class: "composer-row" },
        el("label", { class: "visually-hidden", for: "chat-text" }, say("conversations.write")), text,
        attach === null ? null : attaching(attach), button)));

  text.addEventListener("paste", (event) => {
    const files = [...event.clipboardData?.files ?? []];
    if (attach === null || files.length === 0) return;
    event.preventDefault();
    attach(files);
  });

  text.addEventListener("input", () => {
    changed();
    keepSoon();
    const now = Date.now();
    if (isBlank(text.value) || now - typed < TYPING_MS) return;
    typed = now;
    typing();
  });
  text.addEventListener("keydown", (event) => {
    if (offer.takes(event)) return;
    if (event.key === "Escape" && !about.hidden) {
      event.stopPropagation();
      leave();
    }
    if (event.key === "ArrowUp" && text.value === "") up();
    // A key that ends the composition of a character must not send half a word.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    // Keyboards on a screen have no Shift for a moment: a new line is made by what says so there.
    if (coarse() && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    submit();
  });

  function changed() {
    draft.text = text.value;
    button.disabled = isBlank(text.value);
    if (text.value === "") text.removeAttribute("dir");
    else text.dir = "auto";
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight + 2, TALLEST_PX)}px`;
  }

  function keepSoon() {
    clearTimeout(pause);
    if (draft.edit === null) pause = setTimeout(paused, PAUSE_MS);
  }

  function shown() {
    const of = draft.edit ?? draft.reply;
    about.hidden = of === null;
    fill(about, of === null ? null : [
      el("blockquote", { class: "quote" },
        el("p", { class: "quote-from" }, draft.edit === null ? of.label : say("conversations.editing")),
        el("p", { class: "quote-text notranslate", translate: "no", dir: "auto" }, of.text)),
      el("button", { type: "button", class: "button quiet composer-unquote",
        "aria-label": say(draft.edit === null ? "conversations.no_reply" : "conversations.no_edit"), on: { click: leave } }, icon("close")),
    ]);
  }

  /** Neither answers nor changes anything any more. */
  function leave() {
    if (draft.edit !== null) text.value = "";
    Object.assign(draft, { edit: null, reply: null });
    shown();
    changed();
    text.focus();
  }

  function submit() {
    if (isBlank(text.value)) return;
    const mentions = [...new Set(mentionsIn(text.value, offer.people()).map(({ chain }) => chain))].slice(0, MENTIONS_MOST);
    const said = { ...draft, mentions };
    offer.forget();
    Object.assign(draft, { text: "", edit: null, reply: null });
    text.value = "";
    typed = 0;
    shown();
    changed();
    text.focus();
    clearTimeout(pause);
    send(said);
  }

  shown();
  button.disabled = isBlank(draft.text);
  // Its height can be measured only once it is in the page.
  if (draft.text !== "") requestAnimationFrame(changed);

  return {
    node,
    focus: () => text.focus(),
    close: () => clearTimeout(pause),
    /** @param {About} of */
    reply(of) {
      Object.assign(draft, { reply: of, edit: null });
      shown();
      text.focus();
    },
    /** @param {About} of */
    edit(of) {
      Object.assign(draft, { edit: of, reply: null });
      text.value = of.text;
      shown();
      changed();
      text.focus();
    },
    /** Puts back what couldn't be sent. @param {string} words */
    take(words) {
      text.value = text.value === "" ? words : `${words}\n${text.value}`;
      changed();
      text.focus();
    },
  };
}

/** Where files are picked. @param {(files: File[]) => void} attach */
function attaching(attach) {
  const input = el("input", { type: "file", multiple: true, hidden: true, on: { change: () => {
    const files = [...input.files ?? []];
    // The same may be picked again.
    input.value = "";
    if (files.length > 0) attach(files);
  } } });
  return [input, el("button", { type: "button", class: "button quiet attach", "aria-label": say("conversations.file.attach"),
    "aria-haspopup": "dialog", on: { click: () => input.click() } }, attachDrawing())];
}
