/** Shows those who run the server what somebody has said (docs/reports.md). Whoever does it sees first what is shown to whom. */

import { announce, announceAssertive } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { panel, panelHead } from "../../ui/dialog.js";
import { isolated, say } from "../../ui/i18n.js";
import { moment } from "../../ui/times.js";
import { button, points } from "../../account/views/frame.js";
import { noticeOf } from "../../account/views/asking.js";
import { codeOf } from "../../account/views/refusals.js";
import { utf8 } from "../../protocol/encoding.js";
import { wordsOf } from "../evidence.js";
import { refusalWords } from "./refusal-words.js";

/** So many messages a report shows, and so many bytes are said about them. */
const MOST = 10;
const TEXT_BYTES = 4000;
/** So many of the same person are offered, around the one that it is about. */
const OFFERED = 30;
/** Of refusals: it is about how much waits for those who read it. */
const FULL = ["too_many", "storage_full"];
/** @type {import("../evidence.js").Reason[]} */
const REASONS = ["spam", "harassment", "threat", "children", "illegal", "other"];

/**
 * @typedef {import("../store.js").Shown} Shown
 *
 * @param {Shown} about  what a report is asked for
 * @param {object} given
 * @param {import("../conversation.js").Conversation} given.conversation
 * @param {readonly Shown[]} given.lines  what stands around it
 * @param {import("./names.js").Person} given.author
 * @param {number} given.offset  the server's clock minus this one's, in milliseconds
 * @param {() => void} given.closed  it was closed: the focus goes back
 */
export function reportPanel(about, { conversation, lines, author, offset, closed }) {
  const offered = offeredOf(about, lines);
  const name = isolated(author.label);
  const place = el("div", { class: "panel-step" });
  const node = panel({ kind: "menu report-panel", labelledby: "report-title", onClose: closed },
    el("div", { class: "panel-body" }, panelHead("report-title", say("conversations.report.title", { name }), () => node.close()), place));
  if (offered.length === 0) unproven();
  else choose();

  /** What another device of one's own has handed over stands here on its word alone. */
  function unproven() {
    fill(place, el("p", {}, say("conversations.report.unproven")),
      el("div", { class: "button-row" }, button("secondary", say("account.close"), () => node.close())));
  }

  function choose() {
    const boxes = offered.map((line) => {
      const box = el("input", { type: "checkbox", checked: line.place === about.place, on: { change: counted } });
      const { text, quote } = wordsOf(line.value);
      return { line, box, node: el("label", { class: "choice-row" }, box, el("span", { class: "report-words" },
        quote === null ? null : el("q", { class: "report-quote notranslate", translate: "no", dir: "auto" }, quote),
        el("span", { class: "report-text notranslate", translate: "no", dir: "auto" }, text),
        el("span", { class: "row-time" }, moment(line.value.at - offset)))) };
    });
    const list = el("fieldset", { class: "choice-list", "aria-describedby": "report-most" }, el("legend", {}, say("conversations.report.which")),
      el("p", { class: "hint", id: "report-most" }, say("conversations.report.most", { count: MOST })), boxes.map((one) => one.node));
    const reasons = REASONS.map((reason) => {
      const radio = el("input", { type: "radio", name: "report-reason", value: reason });
      return { reason, radio, node: el("label", { class: "choice-row" }, radio, say(`conversations.report.reason_${reason}`)) };
    });
    const text = el("textarea", { id: "report-text", rows: 3, maxlength: TEXT_BYTES, autocomplete: "off", spellcheck: "false", translate: "no" });
    const trouble = el("div", {});
    const send = el("button", { type: "submit", class: "button danger" }, say("conversations.report.go"));
    const chosen = () => boxes.filter(({ box }) => box.checked);
    let asks = false;
    fill(place,
      points("eye", [say("conversations.report.sent"), say("conversations.report.known", { name }), say("conversations.report.hidden", { name })]),
      el("form", { class: "panel-step", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); void ask(); } } },
        list,
        el("fieldset", {}, el("legend", {}, say("conversations.report.why")), reasons.map((one) => one.node)),
        el("label", { for: "report-text" }, say("conversations.report.text")), text,
        trouble,
        el("div", { class: "button-row" }, send, button("quiet", say("dialog.back"), () => node.close()))));
    counted();
    // What it is about is seen, however long those before it are.
    const first = boxes.find(({ box }) => box.checked)?.node ?? list;
    if (first.offsetTop + first.offsetHeight > list.offsetTop + list.clientHeight) list.scrollTop = first.offsetTop - list.offsetTop;

    /** Beyond what a report has room for nothing more can be chosen. */
    function counted() {
      const isFull = chosen().length >= MOST;
      for (const { box } of boxes) box.disabled = isFull && !box.checked;
    }

    async function ask() {
      if (asks) return;
      const reason = reasons.find(({ radio }) => radio.checked)?.reason;
      const said = text.value.trim();
      const missing = chosen().length === 0 ? "none" : reason === undefined ? "no_reason" : utf8(said).length > TEXT_BYTES ? "long" : null;
      if (missing !== null || reason === undefined) return void complain(say(`conversations.report.${missing}`));
      asks = true;
      send.setAttribute("aria-busy", "true");
      fill(trouble);
      try {
        await conversation.report(chosen().map(({ line }) => line.value), reason, said);
        done();
      } catch (error) {
        complain(FULL.includes(codeOf(error)) ? say("conversations.report.full") : refusalWords(error));
      }
      asks = false;
      send.removeAttribute("aria-busy");
    }

    /** @param {string} words */
    function complain(words) {
      announceAssertive(words);
      fill(trouble, noticeOf(words));
      trouble.scrollIntoView({ block: "nearest" });
    }
  }

  function done() {
    const words = say("conversations.report.done");
    const close = button("primary", say("account.close"), () => node.close());
    fill(place, el("p", { class: "lead" }, words), el("p", { class: "hint" }, say("conversations.report.after")), el("div", { class: "button-row" }, close));
    announce(words);
    close.focus();
  }
}

/**
 * What somebody has said that can be proven, around a message: the nearest, in the order of the log.
 * @param {Shown} about  @param {readonly Shown[]} lines
 */
function offeredOf(about, lines) {
  const all = lines.some(({ place }) => place === about.place) ? lines : [about];
  const found = all.filter(({ value }) => value.chain === about.value.chain && isProven(value));
  if (!found.some(({ place }) => place === about.place)) return [];
  const distance = (/** @type {Shown} */ { place }) => Math.abs(place - about.place);
  return found.sort((one, other) => distance(one) - distance(other)).slice(0, OFFERED).sort((one, other) => one.place - other.place);
}

/** @param {any} line */
const isProven = ({ kind, content, proof }) => kind === "message" && content !== null && !["unknown", "file"].includes(content.kind) && proof !== undefined;
