// What became of one's messages, for whoever came back by a return link.

import { announce } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { has, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { languageSwitch } from "../../ui/language-switch.js";
import { duration, moment } from "../../ui/times.js";
import { People, who } from "./people.js";
import { receiptParts } from "./receipt.js";
import { RECEIPTS } from "./state-tables.js";

/**
 * @typedef {import("../room-state.js").SentView} SentView
 * @typedef {Pick<import("../return-client.js").ReturnClient,
 *   "state"|"policy"|"tombstoneSeconds"|"ask"|"takeBack"|"takeSeat">} Returned
 */

/** What of one's own can be taken back: nobody else has it to itself at this moment (8.13). @param {SentView} message */
const canBeTaken = ({ state, audience }) => state === "stored" || (state === "opened" && audience !== null);

/**
 * The screen of the fates. `write()` joins anew, `anew()` goes to the first screen; `problem` is the key of
 * a sentence or null.
 * @param {{client: Returned, problem?: string|null, write: () => unknown, anew: () => void}} given
 */
export function returnScreen({ client, problem = null, write, anew }) {
  const people = new People();
  const heading = el("h1", { tabindex: "-1" }, say("return.page"));
  const trouble = el("div", { role: "alert" });
  const body = el("div", { class: "return-body" });
  const again = button("secondary", "return.again", () => doing(() => client.ask(), again));
  const node = el("div", { class: "screen returned" },
    el("p", { class: "wordmark" }, say("name")),
    heading, trouble, body,
    el("footer", { class: "screen-foot" },
      el("p", { class: "small-print" }, say("return.keep")),
      languageSwitch()));
  const room = {
    people, live: () => true, everyone: () => client.policy === 2,
    /** @param {number|null} time */
    localTime: (time) => (time === null ? NaN : time - client.state.clockOffset),
  };
  let busy = false;

  /** @param {string} kind  @param {string} key  @param {() => void} click */
  function button(kind, key, click) {
    return el("button", { type: "button", class: `button ${kind}`, on: { click } }, say(key));
  }

  /**
   * Asks the server for something, one thing at a time, and shows what is known then.
   * @param {() => Promise<void>} ask
   * @param {HTMLButtonElement} pressed
   */
  async function doing(ask, pressed) {
    if (busy) return;
    busy = true;
    pressed.setAttribute("aria-busy", "true");
    complain(null);
    try {
      await ask();
      announce(say("return.asked", { time: moment(room.localTime(client.state.askedAt)) }));
    } catch (refusal) {
      complain(refusal);
    }
    busy = false;
    pressed.removeAttribute("aria-busy");
    show();
  }

  /** @param {unknown} refusal  or null */
  function complain(refusal) {
    if (refusal === null) return fill(trouble);
    const { code } = /** @type {{code: string}} */ (refusal);
    // What has become of it is told by its own line.
    if (code === "message_gone") return;
    const key = code === "message_leased" ? "sent.back_leased" : has(`refusal.${code}`) ? `refusal.${code}` : "refusal.other";
    fill(trouble, el("p", { class: "notice attention" }, icon("warning"), say(key)));
  }

  function show() {
    const { state } = client;
    const focused = /** @type {HTMLElement|null|undefined} */ (document.activeElement?.closest("[data-message]"));
    const inside = body.contains(document.activeElement);
    people.update({ members: state.members, cards: [] });
    fill(body, state.seated ? seated() : unseated(), fates(), state.seated && !state.over ? writing() : null,
      el("div", { class: "button-row" }, button("quiet", "ended.anew", anew)));
    if (!inside || body.contains(document.activeElement)) return;
    // What had the focus was drawn anew.
    const id = focused?.dataset.message;
    const next = id === undefined ? again : /** @type {HTMLElement|null} */ (body.querySelector(`[data-message="${id}"]`));
    (next?.isConnected ? next : heading).focus();
  }

  function seated() {
    const { over, askedAt } = client.state;
    if (over) return el("p", { class: "notice attention" }, icon("destroy"), say("return.over"));
    return el("div", { class: "button-row" },
      el("p", { class: "lead" }, say("return.asked", { time: moment(room.localTime(askedAt)) })), again);
  }

  function unseated() {
    const take = button("primary", "return.seat_take", () => doing(() => client.takeSeat(), take));
    return el("section", { class: "return-seat" },
      el("h2", {}, say("return.seat")), el("p", {}, say("return.seat_text")), el("div", { class: "button-row" }, take));
  }

  function fates() {
    const { sent, forgotten, seated: known, askedAt } = client.state;
    const time = duration(client.tombstoneSeconds);
    return [
      sent.length > 0 ? el("ol", { class: "return-list" }, sent.map(fate))
        : known && askedAt !== null ? el("p", {}, say("return.none", { time })) : null,
      sent.some(({ proved }) => proved) ? el("p", { class: "hint" }, say("return.proof")) : null,
      forgotten > 0 ? el("p", { class: "hint" }, say("return.forgotten", { count: forgotten, time })) : null,
    ];
  }

  /** @param {SentView} message */
  function fate(message) {
    const { row, words } = receiptParts(message, room, who);
    const { tone, icon: drawing } = /** @type {Record<string, {tone: string, icon: string}>} */ (RECEIPTS)[row];
    const sentAt = moment(room.localTime(message.postedAt));
    const word = message.proved ? "return.proved" : message.state === "false_receipt" ? null : "return.word";
    const back = !canBeTaken(message) || !client.state.seated || client.state.over ? null
      : button("small quiet take-back", "sent.back", () => { if (back !== null) doing(() => client.takeBack(message.id), back); });
    return el("li", { class: "return-fate", tabindex: "-1", data: { message: message.id, state: message.state, tone } },
      el("p", { class: "return-number" }, say("return.message", { number: message.counter }),
        sentAt === "" ? null : el("span", { class: "hint" }, " ", say("return.sent", { time: sentAt }))),
      el("p", { class: "return-receipt" }, icon(drawing), el("span", { class: "receipt-words" }, words)),
      word === null ? null : el("p", { class: "hint" }, say(word)),
      back);
  }

  function writing() {
    const { locked, full } = client.state;
    if (locked) return el("p", { class: "hint" }, say("return.locked"));
    return el("section", { class: "return-write" },
      el("div", { class: "button-row" }, button("quiet", "return.write", write)),
      el("p", { class: "hint" }, say("return.write_hint"), " ",
        full && client.policy === 2 ? say("return.write_full") : null));
  }

  if (problem !== null) fill(trouble, el("p", { class: "notice attention" }, icon("warning"), say(problem)));
  show();
  return { node, focus: heading };
}
