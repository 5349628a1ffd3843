// A form that asks the account for something: once at a time, says which slow step it is at, and what went wrong.

import { announce, announceAssertive } from "../../ui/announce.js";
import { el, fill, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { codeOf, refusalSentence } from "./refusals.js";

/**
 * @typedef {import("./fields.js").Field} Field
 * @typedef {import("./flow.js").Client} Client
 *
 * @typedef {object} Asking
 * @property {Client} client
 * @property {(Field|Node|null)[]} parts  fields, and whatever else stands among them
 * @property {string} label  of the button
 * @property {() => Promise<unknown>} submit  rejects with a Refusal
 * @property {boolean} [danger]
 * @property {(Node|null)[]} [beside]  other buttons
 */

/** @param {Field|Node|null} part @returns {part is Field} */
const isField = (part) => part !== null && "complain" in part;

/** @param {Asking} asking */
export function askingForm({ client, parts, label, submit, danger = false, beside = [] }) {
  const fields = parts.filter(isField);
  const trouble = el("div", { class: "form-trouble" });
  const busy = el("p", { class: "hint form-busy", role: "status" });
  const button = el("button", { type: "submit", class: `button ${danger ? "danger" : "primary"}` }, label);
  const node = el("form", { class: "account-form", novalidate: true, on: { submit: (/** @type {Event} */ event) => {
    event.preventDefault();
    void ask();
  } } },
    parts.map((part) => (isField(part) ? part.node : part)),
    trouble,
    el("div", { class: "button-row" }, button, beside),
    busy);
  let asks = false;

  function step() {
    setText(busy, asks ? say(`account.busy.${client.state.busy ?? "asking"}`) : "");
  }

  async function ask() {
    if (asks || missing()) return;
    asks = true;
    button.setAttribute("aria-busy", "true");
    fill(trouble);
    for (const field of fields) field.complain(null);
    const unsubscribe = client.subscribe(step);
    step();
    try {
      await submit();
    } catch (error) {
      complain(error);
    } finally {
      asks = false;
      unsubscribe();
      button.removeAttribute("aria-busy");
      step();
    }
  }

  /** Says where something is missing, without asking anybody. */
  function missing() {
    const empty = fields.filter(({ input }) => input.required && input.value.trim() === "");
    for (const field of empty) field.complain(say("account.missing"));
    empty[0]?.input.focus();
    return empty.length > 0;
  }

  /** @param {unknown} error */
  function complain(error) {
    const code = codeOf(error);
    if (code === "cancelled") return;
    const sentence = refusalSentence(error);
    const field = fields.find(({ wrong }) => wrong.includes(code));
    announceAssertive(sentence);
    if (field === undefined) return void fill(trouble, noticeOf(sentence));
    field.complain(sentence);
    field.input.focus();
  }

  return { node, focus: fields.find(({ input }) => input.value === "" && !input.readOnly)?.input ?? button, complain };
}

/**
 * What a form is to end with where the page itself has found that a field is wrong.
 * @param {Field} field
 * @param {string} sentence
 */
export function complained(field, sentence) {
  field.complain(sentence);
  field.input.focus();
  announceAssertive(sentence);
  return Object.assign(new Error("complained"), { code: "cancelled" });
}

/** A line that says what is wrong, or what should be known. @param {import("../../ui/el.js").Child} sentence  @param {string} [drawing] */
export const noticeOf = (sentence, drawing = "warning") =>
  el("p", { class: "notice attention" }, icon(drawing), el("span", { class: "notice-words" }, sentence));

/**
 * A button that asks for something by itself, and says in `place` what went wrong.
 * @param {{kind?: string, label: string, place: HTMLElement, does: () => Promise<unknown>, done?: string}} given  `done` is
 *   said when it worked
 */
export function askingButton({ kind = "secondary", label, place, does, done }) {
  let asks = false;
  const node = el("button", { type: "button", class: `button ${kind}`, on: { click: press } }, label);

  async function press() {
    if (asks) return;
    asks = true;
    node.setAttribute("aria-busy", "true");
    fill(place);
    try {
      await does();
      if (done !== undefined) announce(done);
    } catch (error) {
      if (codeOf(error) !== "cancelled") {
        const sentence = refusalSentence(error);
        announceAssertive(sentence);
        fill(place, noticeOf(sentence));
      }
    }
    asks = false;
    node.removeAttribute("aria-busy");
  }

  return node;
}
