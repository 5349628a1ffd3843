/** Below a film: who watches it together, how one joins them, and how one goes. */

import { el, setText } from "../../ui/el.js";
import { isolated, language, say } from "../../ui/i18n.js";
import { drawing } from "./drawings.js";

/**
 * @param {import("../watching.js").Watching} watching
 * @param {(device: string) => string} nameOf
 */
export function togetherView(watching, nameOf) {
  const who = el("p", { class: "together-who hint", role: "status" });
  const words = el("span", {});
  const join = el("button", { type: "button", class: "button secondary small", on: { click: () => watching.join() } }, drawing("together"), words);
  const leave = el("button", { type: "button", class: "button quiet small", on: { click: () => { watching.leave(); join.focus(); } } }, say("conversations.together.leave"));
  /** @type {HTMLInputElement} */
  const wait = el("input", { type: "checkbox", on: { change: () => watching.wait(wait.checked) } });
  const waiting = el("label", { class: "together-wait" }, wait, el("span", {}, say("conversations.together.wait")));
  const node = el("div", { class: "together" }, who, el("div", { class: "button-row" }, join, leave), waiting);

  function update() {
    const { isIn, others, waitsFor } = watching;
    const names = new Intl.ListFormat(language(), { type: "conjunction" }).format(others.map((device) => isolated(nameOf(device))));
    const key = !isIn ? "others" : others.length === 0 ? "alone" : "with";
    const stands = waitsFor === null || !isIn ? "" : others.includes(waitsFor)
      ? say("conversations.together.held", { name: isolated(nameOf(waitsFor)) }) : say("conversations.together.held_own");
    setText(who, stands !== "" ? stands : !isIn && others.length === 0 ? "" : say(`conversations.together.${key}`, { names }));
    setText(words, say(others.length === 0 ? "conversations.together.begin" : "conversations.together.join"));
    join.hidden = isIn;
    leave.hidden = !isIn;
    waiting.hidden = !isIn;
    wait.checked = watching.isWaiting;
  }

  update();
  return { node, update };
}
