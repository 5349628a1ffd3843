// Screens that stand by themselves: why the room is over for this tab, or why the page can't work.
// What each says and offers is in standing-tables.js.

import { announceAssertive } from "../../ui/announce.js";
import { confirm } from "../../ui/dialog.js";
import { el, setText } from "../../ui/el.js";
import { parts, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { duration, moment } from "../../ui/times.js";
import { BARRIERS, ENDINGS } from "./standing-tables.js";
import { unsentList } from "./unsent-list.js";
import { wouldBeLost } from "./unsent-words.js";

const TICK_MS = 250;

/**
 * @typedef {import("./unsent-words.js").Words} Words
 * @typedef {{tone: string, icon: string, title: string, text: string, next: string, actions: string[],
 *   by?: string, said?: import("../../ui/el.js").Child, advice?: import("../../ui/el.js").Child}} Row
 * @typedef {(() => void)|null} Act
 */

/** What was on its way may be there already, or not: left behind, it may be lost. @param {Words} one */
const wouldStay = ({ kind, send }) => kind === "doubtful" && !send;

/**
 * The screen of an end. `anew()` goes to the first screen, `reload()` loads the page again, `again()`
 * tries the same code once more and is null when the code is not at hand; `by` is the name of whoever
 * ended it, or null. A reason that is not known is shown as `protocol`. `words` are those that nobody has:
 * whoever would lose them is asked. `problem` is the sentence for why coming back didn't work.
 * @param {{reason: string, by?: string|null, again: Act, anew: () => void, reload?: () => void, words?: Words[],
 *   problem?: string|null}} given
 */
export function endedScreen({ reason, by = null, again, anew, reload = () => location.reload(), words = [], problem = null }) {
  const known = Object.hasOwn(ENDINGS, reason) ? reason : "protocol";
  /** @type {Record<string, Act>} */
  const does = { again: again && (() => void lose(again, words.filter(wouldStay))), anew: () => void lose(anew, words), reload };
  /** @type {Record<string, string>} */
  const labels = { again: say("ended.again"), anew: say("ended.anew"), reload: say("ended.reload") };
  const unsaved = () => wouldBeLost(words);

  /** @param {() => void} go  @param {Words[]} some  that would be lost by it */
  async function lose(go, some) {
    if (wouldBeLost(some)) {
      if (!await confirm({ title: say("unsent.title"), text: say("unsent.lose"), yes: say("unsent.forget") })) return;
      // Nobody is asked twice about the same.
      for (const one of some) one.copied = true;
    }
    go();
  }

  const more = [
    problem === null ? null : el("p", { class: "notice attention" }, icon("warning"), el("span", { class: "notice-words" }, say(problem))),
    words.length === 0 ? null
      : el("section", { class: "unsent" }, el("h2", {}, say("unsent.title")), unsentList(words, { back: again !== null })),
  ];
  if (problem !== null) announceAssertive(say(problem));
  /** @type {Row} */
  const row = ENDINGS[/** @type {keyof typeof ENDINGS} */ (known)];
  const said = by !== null && row.by !== undefined
    ? parts(row.by, { name: el("bdi", { class: "notranslate", translate: "no" }, by) })
    : say(row.text);
  const screen = standing("ended", known, { ...row, said }, (action) => button(labels[action], does[action]), more);
  return { ...screen, unsaved };
}

/**
 * The screen of a barrier; `retry()` tries once more, also by itself when the browser finds a
 * connection; `anew()` goes to the first screen.
 * `back()` goes where one came from. At the moment `at`, if given, it is tried by itself; until `until`, if
 * known, what the tab keeps leads back. Both are in milliseconds, by this device's clock. `unsaved()` says whether
 * something would be lost with the page.
 * @param {string} what
 * @param {{retry?: Act, anew?: Act, back?: Act, at?: number|null, until?: number|null,
 *   unsaved?: () => boolean}} [given]
 */
export function barrierScreen(what, { retry = null, anew = null, back = null, at = null, until = null, unsaved } = {}) {
  /** @type {Record<string, string>} */
  const labels = { retry: say("barrier.retry"), anew: say("ended.anew"), back: say("dialog.back") };
  /** @type {Record<string, Act>} */
  const does = { retry, anew, back };
  const going = new AbortController();
  if (retry !== null) window.addEventListener("online", retry, { once: true, signal: going.signal });
  /** @type {Row} */
  const row = BARRIERS[/** @type {keyof typeof BARRIERS} */ (what)];
  const text = row.text === "barrier.kept" && until !== null ? say("barrier.kept_until", { until: moment(until) }) : say(row.text);
  const next = row.next !== "barrier.again_in" ? say(row.next)
    : at === null ? say("barrier.again") : countingDown(at, () => retry?.(), going.signal);
  const screen = standing("barrier", what, { ...row, said: text, advice: next }, (action) =>
    action === "secure" ? secureLink() : button(labels[action], does[action]));
  return { ...screen, unsaved, close: () => going.abort() };
}

/**
 * Says how long it takes until `at`, and calls `act()` then, unless `signal` ends it before.
 * @param {number} at
 * @param {() => void} act
 * @param {AbortSignal} signal
 */
function countingDown(at, act, signal) {
  const node = el("span", { role: "timer", "aria-live": "off" });

  function tick() {
    const left = Math.ceil((at - Date.now()) / 1000);
    setText(node, say("barrier.again_in", { time: duration(Math.max(left, 0)) }));
    if (left > 0) return;
    clearInterval(timer);
    act();
  }

  const timer = setInterval(tick, TICK_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
  setText(node, say("barrier.again_in", { time: duration(Math.max(Math.ceil((at - Date.now()) / 1000), 0)) }));
  return node;
}

/**
 * @param {string} kind
 * @param {string} name
 * @param {Row} row
 * @param {(action: string) => HTMLElement|null} make
 * @param {import("../../ui/el.js").Child} [more]
 */
function standing(kind, name, { tone, icon: drawing, title, text, said = say(text), next, advice = say(next), actions }, make, more = null) {
  const heading = el("h1", { tabindex: "-1" }, say(title));
  const offered = actions.map(make).flatMap((node) => node ?? []);
  for (const [index, node] of offered.entries()) node.classList.add(index === 0 ? "primary" : "quiet");
  const node = el("div", { class: `screen standing ${kind} ${tone}`, data: { reason: name } },
    el("p", { class: "wordmark" }, say("name")),
    el("div", { class: "standing-body" },
      el("div", { class: "mark-large" }, icon(drawing)),
      heading,
      el("p", { class: "lead" }, said),
      el("p", { class: "next" }, advice),
      more,
      offered.length === 0 ? null : el("div", { class: "button-row" }, offered)));
  return { node, focus: heading };
}

/** @param {string} label  @param {Act} click */
const button = (label, click) =>
  click === null ? null : el("button", { type: "button", class: "button", on: { click } }, label);

function secureLink() {
  const address = new URL(location.href);
  address.protocol = "https:";
  return el("a", { class: "button", href: address.href }, say("barrier.secure"));
}
