/** Whom somebody may mean who writes `@`: a list above the field, for arrows, Enter, and a finger. */

import { announce } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { meantBy, nameBefore } from "../mentions.js";
import { markNode, nameNode } from "./names.js";

const LIST = "mention-list";

/**
 * @typedef {{chain: string, name: string, label: string, badge: string, hue: number}} Nameable  `name`: what somebody
 *   calls themselves, which is what others read; `label`: what they are called here
 *
 * @param {HTMLTextAreaElement} text
 * @param {{people: () => readonly Nameable[], written: () => void}} given  `written`: a name stands in the text
 */
export function mentionOffer(text, { people, written }) {
  const list = el("ul", { id: LIST, role: "listbox", "aria-label": say("conversations.mention.whom") });
  const node = el("div", { class: "mention-offer", hidden: true }, list);
  /** @type {Nameable[]} */
  let offered = [];
  let at = 0;
  /** Where an `@` stands of which nobody wants to be asked any more. */
  let dismissed = -1;
  /** Whom somebody has chosen: of people who are called alike it is these. @type {Set<string>} */
  const chosen = new Set();
  text.setAttribute("aria-autocomplete", "list");
  text.setAttribute("aria-controls", LIST);
  for (const kind of ["input", "click", "keyup"]) text.addEventListener(kind, update);
  text.addEventListener("blur", close);

  function before() {
    return text.selectionStart === text.selectionEnd ? nameBefore(text.value, text.selectionStart) : null;
  }

  function update() {
    const found = before();
    if (found === null || found.start !== dismissed) dismissed = -1;
    const now = found === null || dismissed !== -1 || document.activeElement !== text ? [] : meantBy(found.typed, people());
    if (now.map(({ chain }) => chain).join() === offered.map(({ chain }) => chain).join()) return;
    if (now.length > 0) announce(say("conversations.mention.offered", { count: now.length }));
    offered = now;
    at = 0;
    show();
  }

  function show() {
    node.hidden = offered.length === 0;
    fill(list, offered.map((one, place) => el("li", {
      id: `mention-${place}`, role: "option", "aria-selected": String(place === at), class: "mention-option",
      // The field keeps the focus, and with it a keyboard on the screen.
      on: { pointerdown: (/** @type {Event} */ event) => event.preventDefault(), click: () => choose(place) },
    }, markNode(one), nameNode(one), one.label === one.name ? null : el("bdi", { class: "hint notranslate", translate: "no" }, one.name))));
    if (offered.length === 0) return text.removeAttribute("aria-activedescendant");
    text.setAttribute("aria-activedescendant", `mention-${at}`);
    list.children[at].scrollIntoView({ block: "nearest" });
  }

  /** @param {number} place */
  function choose(place) {
    const found = before();
    const one = offered[place];
    close();
    if (found === null || one === undefined) return;
    const space = /^\s/u.test(text.value.slice(text.selectionStart)) ? "" : " ";
    text.setRangeText(`@${one.name}${space}`, found.start, text.selectionStart, "end");
    chosen.add(one.chain);
    // What stands there now is no question any more.
    dismissed = found.start;
    written();
  }

  function close() {
    offered = [];
    show();
  }

  return {
    node,
    /** Everybody who can be named, whoever was chosen first. */
    people: () => [...people()].sort((one, other) => Number(chosen.has(other.chain)) - Number(chosen.has(one.chain))),
    forget: () => chosen.clear(),
    /** @param {KeyboardEvent} event  @returns {boolean} whether it was for the list */
    takes(event) {
      if (offered.length === 0 || event.isComposing || event.keyCode === 229) return false;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step !== undefined) {
        at = (at + step + offered.length) % offered.length;
        show();
      } else if (event.key === "Enter" && !event.shiftKey) {
        choose(at);
      } else if (event.key === "Escape") {
        dismissed = before()?.start ?? -1;
        close();
      } else {
        return false;
      }
      event.preventDefault();
      event.stopPropagation();
      return true;
    },
  };
}
