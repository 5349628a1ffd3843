// The words by which another device of the account lets this one in.

import { announce } from "../../ui/announce.js";
import { el, fill, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { later } from "../../ui/later.js";
import { remaining } from "../../ui/times.js";
import { askingButton, noticeOf } from "./asking.js";
import { button, frame, lead } from "./frame.js";
import { codeOf, refusalSentence } from "./refusals.js";
import { wordList } from "./words-screens.js";

const TICK_MS = 500;

/**
 * @typedef {import("./flow.js").Flow} Flow
 * @typedef {import("./flow.js").Link} Link
 */

/**
 * @param {Flow} flow
 * @param {{link?: Link|null}} [given]  one that waits already, for the same screen in another language
 */
export function linkScreen(flow, { link: begun = null } = {}) {
  const place = el("div", { class: "link-place" });
  const trouble = el("div", { role: "alert" });
  /** @type {ReturnType<typeof setInterval>|undefined} */
  let timer;
  let closed = false;
  /** What is shown was made by this call of `begin`. */
  let turn = 0;
  /** @type {Link|null} */
  let shown = begun;

  const { node, heading } = frame(flow, { name: "link", title: say("account.link.title") },
    lead("account.link.text"), trouble, place,
    el("div", { class: "button-row quiet-end" }, button("quiet", say("account.link.cancel"), back)));

  function back() {
    void flow.client.cancelLink().catch(() => {});
    flow.go(null);
  }

  async function begin() {
    turn += 1;
    const mine = turn;
    const current = () => mine === turn && !closed;
    fill(trouble);
    if (shown === null) fill(place, waiting("account.link.preparing"));
    try {
      const link = shown ?? await flow.client.beginLink();
      // Nobody sees it any more: it must not lie there.
      if (!current()) return void flow.client.cancelLink().catch(() => {});
      shown = link;
      draw(link);
      await link.done;
      if (mine === turn) announce(say("account.link.done"));
      if (current()) flow.go(null);
    } catch (error) {
      if (!current() || codeOf(error) === "cancelled") return;
      over(refusalSentence(error));
    }
  }

  /** @param {string} sentence  why these words lead nowhere */
  function over(sentence) {
    clearInterval(timer);
    shown = null;
    fill(trouble, noticeOf(sentence));
    const again = button("primary", say("account.link.again"), () => void begin());
    fill(place, el("div", { class: "button-row" }, again));
    again.focus();
  }

  /** @param {Link} link */
  function draw(link) {
    const words = wordList(link.code);
    const left = el("p", { class: "hint", role: "timer", "aria-live": "off" });
    const picture = el("div", { class: "qr-place", tabindex: "-1", hidden: true });
    const failed = el("div", {});
    const showing = askingButton({ label: say("share.show_qr"), place: failed, does: async () => {
      const { qrPicture } = await later();
      fill(picture, qrPicture(link.link));
      picture.firstElementChild?.setAttribute("aria-label", say("account.link.qr"));
      picture.hidden = false;
      picture.focus();
      showing.remove();
    } });
    const said = el("p", { class: "code-words notranslate", tabindex: "0", translate: "no", dir: "ltr", lang: "en" },
      words.flatMap((word, index) => [index === 0 ? null : " ", el("span", {}, word)]));
    fill(place,
      el("div", { class: "code-sheet" }, el("div", { class: "code-said" }, said, el("div", { class: "share-ways" }, showing), failed), picture),
      el("ol", { class: "steps-list" }, ["account.link.step_1", "account.link.step_2", "account.link.step_3"].map((key) => el("li", {}, say(key)))),
      waiting("account.link.waiting"), left);

    function tick() {
      const seconds = Math.ceil((link.expiresAt - Date.now()) / 1000);
      if (seconds > 0) return void setText(left, say("account.link.left", { time: remaining(seconds) }));
      turn += 1;
      void flow.client.cancelLink().catch(() => {});
      over(say("account.refusal.link_expired"));
    }

    tick();
    timer = setInterval(tick, TICK_MS);
    said.focus();
  }

  void begin();
  return { node, focus: heading, back, keep: () => ({ link: shown }), close() {
    closed = true;
    clearInterval(timer);
  } };
}

/** @param {string} key */
const waiting = (key) => el("p", { class: "notice", role: "status" }, icon("waiting"), el("span", { class: "notice-words" }, say(key)));
