/**
 * The safety number of two people: compared, it shows that nobody stands between them. Read aloud, or by one's screen
 * in the other's camera: the code says the same digits.
 */

import { announce, announceAssertive } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { isolated, say } from "../../ui/i18n.js";
import { askingButton, noticeOf } from "../../account/views/asking.js";
import { button } from "../../account/views/frame.js";
import { codeOf } from "../../account/views/refusals.js";
import { readSafetyNumber } from "../../protocol/accounts/safety-number.js";
import { codePicture } from "./code-picture.js";
import { codeReading } from "./code-reading.js";
import { refusalWords } from "./refusal-words.js";

/**
 * @param {HTMLElement} place
 * @param {{flow: import("./messenger-screen.js").Context["flow"], talk: Pick<import("../conversations.js").Conversations, "everybody">,
 *   chain: string, name: string, changes: readonly import("../people.js").Change[], done: () => void, back: () => void}} given
 *   `changes`: what is agreed to by it being the same; `done`: it was compared, however that came out
 */
export function numberStep(place, { talk, chain, name, changes, done, back }) {
  let stop = () => {};
  const called = { name: isolated(name) };
  void begin();

  async function begin() {
    fill(place, el("p", { class: "hint", role: "status" }, say("conversations.number.making")));
    try {
      shown(await talk.everybody.number(chain));
    } catch (error) {
      fill(place, noticeOf(refusalWords(error)), button("secondary", say("conversations.retry"), () => void begin()));
    }
  }

  /** @param {string} number */
  function shown(number) {
    const wrong = el("div", {});
    const reading = codeReading({ found, without: say("conversations.number.no_camera"), nothing: say("conversations.number.no_code") });
    stop = reading.stop;
    const groups = number.split(" ");
    fill(place,
      el("p", {}, say("conversations.number.text", called)),
      el("p", { class: "safety-number notranslate", translate: "no", dir: "ltr", tabindex: "0", role: "group", "aria-label": say("conversations.number.label") },
        groups.flatMap((group, at) => [at === 0 ? null : " ", el("span", {}, group)])),
      codePicture(number.replaceAll(" ", ""), say("conversations.number.qr", called)),
      reading.node, wrong,
      el("div", { class: "button-row" },
        askingButton({ kind: "primary", label: say("conversations.number.same"), place: wrong, does: () => outcome(true) }),
        askingButton({ kind: "secondary", label: say("conversations.number.different"), place: wrong, does: () => outcome(false) })));

    /** @param {string} text */
    function found(text) {
      const seen = readSafetyNumber(text);
      if (seen === null) return false;
      void outcome(seen === readSafetyNumber(number)).catch((error) => fill(wrong, noticeOf(refusalWords(error))));
      return true;
    }
  }

  /** @param {boolean} isSame */
  async function outcome(isSame) {
    stop();
    try {
      for (const change of changes) if (isSame && change.kind !== "ended") await talk.everybody.goOn(change);
    } catch (error) {
      if (codeOf(error) !== "contact_changed") throw error;
      // It was another's number than theirs is by now.
      const on = button("primary", say("dialog.back"), back);
      fill(place, noticeOf(refusalWords(error)), el("div", { class: "button-row" }, on));
      announceAssertive(refusalWords(error));
      return void on.focus();
    }
    await talk.everybody.verify(chain, isSame);
    const sentence = say(isSame ? "conversations.number.was_same" : "conversations.number.was_different", called);
    announce(sentence);
    const on = button(isSame ? "primary" : "secondary", say("conversations.done"), back);
    fill(place, noticeOf(sentence, isSame ? "done" : "warning"), isSame ? null : el("p", {}, say("conversations.number.different_text", called)),
      el("div", { class: "button-row" }, on, isSame ? null : button("quiet", say("conversations.number.again"), () => void begin())));
    place.firstElementChild?.classList.toggle("attention", !isSame);
    on.focus();
    done();
  }

  return { stop: () => stop() };
}
