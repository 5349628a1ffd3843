/**
 * Somebody may not be who they were: that interrupts before the next message. What has happened, and what can be done;
 * nothing is sent before somebody has chosen.
 */

import { announceAssertive } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { isolated, say } from "../../ui/i18n.js";
import { panel, panelHead } from "../../ui/dialog.js";
import { askingButton, noticeOf } from "../../account/views/asking.js";
import { button } from "../../account/views/frame.js";
import { codeOf } from "../../account/views/refusals.js";
import { numberStep } from "./number-step.js";
import { refusalWords } from "./refusal-words.js";

/** @typedef {import("../people.js").Change} Change */

/** What has happened, in a sentence. @param {Change} change  @param {string} name */
export const changeNotice = ({ kind }, name) => noticeOf(say(`conversations.changed.${kind}`, { name: isolated(name) }));

/**
 * @param {import("./messenger-screen.js").Context} context
 * @param {readonly Change[]} changes
 * @param {(chain: string) => string} nameOf
 * @returns {Promise<boolean>} whether somebody goes on
 */
export function changedPanel(context, changes, nameOf) {
  const { flow, talk, book } = context;
  return new Promise((resolve) => {
    let isGoingOn = false;
    let stop = () => {};
    /** As they are by now. */
    let known = changes;
    const place = el("div", { class: "panel-step" });
    const node = panel({ kind: "changed-panel", labelledby: "changed-title", onClose: () => { stop(); resolve(isGoingOn); } },
      el("div", { class: "panel-body" }, panelHead("changed-title", say("conversations.changed.title"), () => node.close()), place));
    home();

    /** @param {unknown} [error]  why it is told anew */
    function home(error) {
      stop();
      const wrong = el("div", {}, error === undefined ? null : noticeOf(refusalWords(error)));
      const isOver = known.some(({ kind }) => kind === "ended");
      fill(place,
        known.map((change) => el("div", { class: "choice" }, changeNotice(change, nameOf(change.chain)),
          el("p", { class: "hint" }, say(`conversations.changed.text.${change.kind}`)),
          el("div", { class: "button-row" }, change.kind === "ended"
            ? button("secondary small", say("conversations.changed.look"), () => { node.close(); context.contact({ chain: change.chain, account: change.account, name: nameOf(change.chain) }); })
            : button("secondary small", say("conversations.number.way"), () => compare(change))))),
        wrong,
        el("div", { class: "button-row" },
          askingButton({ kind: isOver ? "danger" : "primary", label: say("conversations.changed.go_on"), place: wrong, does: goOn }),
          button("quiet", say("conversations.changed.dont"), () => node.close())));
    }

    async function goOn() {
      try {
        for (const change of known) await talk.everybody.goOn(change);
      } catch (error) {
        if (codeOf(error) !== "contact_changed") throw error;
        announceAssertive(refusalWords(error));
        known = await left();
        home(error);
        return void place.querySelector("button")?.focus();
      }
      isGoingOn = true;
      node.close();
      void book.read();
    }

    /** @param {Change} change */
    function compare(change) {
      stop = numberStep(place, { flow, talk, chain: change.now ?? change.chain, name: nameOf(change.chain), changes: [change], done: () => void book.read(), back: () => void after() }).stop;
    }

    const left = () => talk.everybody.changes(changes.map(({ chain }) => chain));

    /** What was compared, and was the same, interrupts no more. */
    async function after() {
      known = await left();
      if (known.length > 0) return home();
      isGoingOn = true;
      node.close();
    }
  });
}
