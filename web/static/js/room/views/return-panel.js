// The link that leads back to one's seat: what it does, what it doesn't, and a button that copies it.

import { RETURN_MESSAGES } from "../../protocol/limits.js";
import { panel, panelHead } from "../../ui/dialog.js";
import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { moment } from "../../ui/times.js";
import { returnButton } from "./return-offer.js";

/**
 * @param {import("./return-reminder.js").Owing} client
 * @param {import("./return-reminder.js").ReturnLink} returnLink
 */
export function returnPanel(client, returnLink) {
  const { room, sent, clockOffset } = client.state;
  const until = moment((room?.expiresAt ?? NaN) - clockOffset);
  const written = sent.reduce((most, { counter }) => Math.max(most, counter), 0);
  const shown = el("p", { class: "return-link notranslate", translate: "no", dir: "ltr", tabindex: "-1", hidden: true });
  const reveal = el("button", { type: "button", class: "button quiet reveal", on: { click: show } }, say("return.show"));
  const node = panel({ kind: "menu return", labelledby: "return-title" },
    el("div", { class: "panel-body" },
      panelHead("return-title", say("return.title"), () => node.close()),
      el("p", {}, say("return.text")),
      el("div", { class: "button-row" }, returnButton(client, returnLink, "primary"), reveal),
      shown,
      list("return.does", [
        say("return.does_1"), say("return.does_2"), until === "" ? null : say("return.does_3", { until }),
      ]),
      list("return.doesnt", [
        say("return.doesnt_1"), say("return.doesnt_2"), say("return.doesnt_3"),
        written > RETURN_MESSAGES ? say("return.doesnt_4", { count: RETURN_MESSAGES }) : null,
      ]),
      el("p", { class: "hint" }, say("return.history")),
      el("p", { class: "hint" }, say("return.stay"))));

  async function show() {
    try {
      fill(shown, await returnLink());
      client.returnTaken();
    } catch {
      fill(shown, say("refusal.unreachable"));
    }
    shown.hidden = false;
    reveal.hidden = true;
    shown.focus();
  }

  return node;
}

/** @param {string} title  @param {(string|null)[]} sentences */
const list = (title, sentences) =>
  el("section", { class: "menu-part" }, el("h3", {}, say(title)),
    el("ul", { class: "plain-list" }, sentences.map((sentence) => sentence && el("li", {}, sentence))));
