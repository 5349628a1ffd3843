// Tells those who run the server of something in a room. It is a word: nothing of the room goes with it.

import { utf8 } from "../../protocol/encoding.js";
import { announce, announceAssertive } from "../../ui/announce.js";
import { panel, panelHead } from "../../ui/dialog.js";
import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { reporting } from "../reporting.js";

/** Each with its sentence by its whole key: those that are composed come with the first page. */
const REASONS = {
  spam: "report.reason_spam", harassment: "report.reason_harassment", threat: "report.reason_threat",
  children: "report.reason_children", illegal: "report.reason_illegal", other: "report.reason_other",
};
const TEXT_BYTES = 4000;
/** Of refusals: so much waits, or was reported from here, that no more is taken now. */
const FULL = ["too_many", "storage_full"];

/** How a link to a room goes on behind its address (docs/protocol.md, 4.3). */
const LINK = /#\d+\.[0-9a-f]{8}\.[a-z-]/i;

/** @param {import("./view-context.js").Share|null} share  null: this tab has forgotten the code */
export function openReport(share) {
  const report = reporting(new URL(`${document.documentElement.dataset.base}/`, location.origin).href);
  const reason = el("select", { id: "report-reason" }, Object.entries(REASONS).map(([value, key]) => el("option", { value }, say(key))));
  const text = el("textarea", { id: "report-text", rows: 4, maxlength: TEXT_BYTES, autocomplete: "off", spellcheck: "false", translate: "no",
    "aria-describedby": "report-hint" });
  const wrong = el("p", { class: "field-error", role: "alert" });
  const send = el("button", { type: "submit", class: "button danger" }, say("report.go"));
  const form = el("form", { class: "leaving-form", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); void ask(); } } },
    el("p", {}, say("report.text")),
    el("div", { class: "field" }, el("label", { for: "report-reason" }, say("report.why")), reason),
    el("div", { class: "field" }, el("label", { for: "report-text" }, say("report.what")), text,
      el("p", { class: "hint", id: "report-hint" }, say("report.hint_what"))),
    wrong, el("div", { class: "button-row" }, send));
  const node = panel({ kind: "menu", labelledby: "report-title" },
    el("div", { class: "panel-body" }, panelHead("report-title", say("report.title"), () => node.close()), form));
  let asks = false;

  async function ask() {
    const said = text.value.trim();
    const fault = said === "" ? "report.nothing" : utf8(said).length > TEXT_BYTES ? "report.long" : leadsToARoom(said, share) ? "report.code" : null;
    if (asks) return;
    if (fault !== null) return void complain(fault);
    asks = true;
    send.setAttribute("aria-busy", "true");
    fill(wrong);
    try {
      await report(reason.value, said);
      done();
    } catch (error) {
      complain(FULL.includes(/** @type {{code: string}} */ (error).code) ? "report.full" : "refusal.unreachable");
    }
    asks = false;
    send.removeAttribute("aria-busy");
  }

  /** @param {string} key */
  function complain(key) {
    fill(wrong, say(key));
    announceAssertive(say(key));
  }

  function done() {
    const close = el("button", { type: "button", class: "button primary", on: { click: () => node.close() } }, say("dialog.back"));
    fill(form, el("p", { class: "lead" }, say("report.done")), el("p", { class: "hint" }, say("report.after")), el("div", { class: "button-row" }, close));
    announce(say("report.done"));
    close.focus();
  }
}

/**
 * Whether this room's code, or a link to any, is in the text: whoever reads it could come in.
 * @param {string} text
 * @param {import("./view-context.js").Share|null} share
 */
const leadsToARoom = (text, share) =>
  LINK.test(text) || (share !== null && text.toLowerCase().replace(/[^a-z]+/g, "-").includes(share.code));
