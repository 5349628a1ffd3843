// What all screens of an account have around them.

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { languageSwitch } from "../../ui/language-switch.js";

/**
 * @typedef {import("./flow.js").Flow} Flow
 * @typedef {import("../../ui/el.js").Child} Child
 */

/**
 * A screen with its heading.
 * @param {Flow} flow
 * @param {{name: string, title: Child, more?: Child}} about  `name` for the style; `more` stands beside the heading
 * @param {...Child} children
 */
export function frame(flow, { name, title, more = null }, ...children) {
  const heading = el("h1", { tabindex: "-1" }, title);
  const node = el("div", { class: `screen account account-${name}` },
    el("p", { class: "wordmark" }, say("name"), el("span", { class: "wordmark-part" }, say("account.part"))),
    el("div", { class: "account-body" }, heading, more, children),
    el("footer", { class: "screen-foot" },
      el("p", { class: "small-print" }, say("account.small_print"), " ", el("a", { href: flow.rooms }, say("account.rooms"))),
      languageSwitch()));
  return { node, heading };
}

/** @param {string} key  of a sentence */
export const lead = (key) => el("p", { class: "lead" }, say(key));

/** @param {string} kind  @param {string} label  @param {() => unknown} click */
export const button = (kind, label, click) =>
  el("button", { type: "button", class: `button ${kind}`, on: { click } }, label);

/**
 * A list of short sentences with one drawing.
 * @param {string} drawing
 * @param {string[]} sentences
 */
export const points = (drawing, sentences) => drawnPoints(sentences.map((sentence) => [drawing, sentence]));

/** The same, where each has its own drawing. @param {[drawing: string, sentence: string][]} sentences */
export const drawnPoints = (sentences) =>
  el("ul", { class: "points" }, sentences.map(([drawing, sentence]) => el("li", {}, icon(drawing), el("span", {}, sentence))));

/** What a person or another device has named: it is nobody's language. @param {string} text */
export const named = (text) => el("bdi", { class: "notranslate", translate: "no" }, text);
