// Screens that stand by themselves: why the room is over for this tab, or why the page can't work.
// What each says and offers is in state-tables.js.

import { el } from "../../ui/el.js";
import { parts, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { BARRIERS, ENDINGS } from "./state-tables.js";

/**
 * The screen of an end. `anew()` goes to the first screen, `reload()` loads the page again, `again()`
 * tries the same code once more and is null when the code is not at hand; `by` is the name of whoever
 * ended it, or null. A reason that is not known is shown as `protocol`.
 */
export function endedScreen({ reason, by = null, again, anew, reload = () => location.reload() }) {
  const known = Object.hasOwn(ENDINGS, reason) ? reason : "protocol";
  const does = { again, anew, reload };
  const labels = { again: say("ended.again"), anew: say("ended.anew"), reload: say("ended.reload") };
  const row = ENDINGS[known];
  const said = by !== null && row.by !== undefined ? parts(row.by, { name: el("bdi", { class: "notranslate", translate: "no" }, by) }) : say(row.text);
  return standing("ended", known, { ...row, said }, (action) => button(labels[action], does[action]));
}

/**
 * The screen of a barrier; `retry()` tries once more, also by itself when the browser finds a
 * connection; `anew()` goes to the first screen.
 */
export function barrierScreen(what, { retry = null, anew = null } = {}) {
  const labels = { retry: say("barrier.retry"), anew: say("ended.anew") };
  const does = { retry, anew };
  const going = new AbortController();
  if (retry !== null) window.addEventListener("online", retry, { once: true, signal: going.signal });
  const screen = standing("barrier", what, BARRIERS[what], (action) =>
    action === "secure" ? secureLink() : button(labels[action], does[action]));
  return { ...screen, close: () => going.abort() };
}

function standing(kind, name, { tone, icon: drawing, title, text, said = say(text), next, actions }, make) {
  const heading = el("h1", { tabindex: "-1" }, say(title));
  const offered = actions.map(make).filter((node) => node !== null);
  for (const [index, node] of offered.entries()) node.classList.add(index === 0 ? "primary" : "quiet");
  const node = el("div", { class: `screen standing ${kind} ${tone}`, data: { reason: name } },
    el("p", { class: "wordmark" }, say("name")),
    el("div", { class: "standing-body" },
      el("div", { class: "mark-large" }, icon(drawing)),
      heading,
      el("p", { class: "lead" }, said),
      el("p", { class: "next" }, say(next)),
      offered.length === 0 ? null : el("div", { class: "button-row" }, offered)));
  return { node, focus: heading };
}

const button = (label, click) =>
  click === null ? null : el("button", { type: "button", class: "button", on: { click } }, label);

function secureLink() {
  const address = new URL(location.href);
  address.protocol = "https:";
  return el("a", { class: "button", href: address.href }, say("barrier.secure"));
}
