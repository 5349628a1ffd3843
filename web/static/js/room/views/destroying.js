// Destroying a room without a question: the chord that asks for it, and what stands there meanwhile.

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";

/** Whether a key asks for it: Ctrl (or Cmd) + Alt + Backspace. */
export const isChord = (event) => (event.ctrlKey || event.metaKey) && event.altKey && event.key === "Backspace";

/** What the page says from then on until the server has confirmed it; has to be given the focus. */
export const destroying = () =>
  el("div", { class: "destroying", role: "alert", tabindex: "-1" },
    icon("waiting"), el("p", {}, say("destroy.running")), el("p", { class: "hint" }, say("destroy.running_text")));
