// Whether this browser says that something is new while no page is open.

import { announce } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { language, say } from "../../ui/i18n.js";
import { askingButton } from "./asking.js";

/**
 * @typedef {import("../push.js").PushState} PushState
 * @typedef {import("../push.js").Outcome} Outcome
 * @typedef {import("../push-words.js").Words} Words
 *
 * @typedef {object} Pusher  Push, and the gallery's fake
 * @property {() => Promise<PushState>} state
 * @property {(words: Words) => Promise<PushState>} turnOn
 * @property {() => Promise<PushState>} turnOff
 * @property {() => Promise<Outcome>} test
 */

/** What a notification says. @returns {Words} */
export const wordsOfPush = () => ({
  title: say("name"), body: say("account.push.shown"), lang: language(),
  dir: document.documentElement.dir === "rtl" ? "rtl" : "ltr",
});

/**
 * @param {Pusher} push
 * @param {{addEventListener: (kind: "message", listener: (event: MessageEvent) => void, how?: object) => void}|undefined} worker
 *   tells of pushes that come while the page is looked at
 */
export function pushView(push, worker = navigator.serviceWorker) {
  const standing = el("p", { class: "hint", role: "status" });
  const tools = el("div", { class: "button-row" });
  const place = el("div", {});
  const title = el("h2", { id: "push-title", tabindex: "-1" }, say("account.push.title"));
  const node = el("section", { class: "account-section", "aria-labelledby": "push-title" },
    title, el("p", { class: "hint" }, say("account.push.text")), standing, tools, place);

  const heard = new AbortController();
  worker?.addEventListener("message", ({ data }) => {
    if (data?.kind === "push" && node.isConnected) told(say("account.push.arrived"));
  }, { signal: heard.signal });

  /** @param {string} sentence */
  function told(sentence) {
    fill(place, el("p", { class: "hint" }, sentence));
    announce(sentence);
  }

  /** @param {PushState} state */
  function show(state) {
    const had = tools.contains(document.activeElement);
    fill(standing, say(`account.push.${state}`));
    fill(tools,
      state === "off" ? askingButton({ label: say("account.push.turn_on"), place, does: async () => show(await push.turnOn(wordsOfPush())) }) : null,
      state === "on" ? askingButton({ label: say("account.push.test"), place, does: test }) : null,
      state === "on" ? askingButton({ kind: "quiet", label: say("account.push.turn_off"), place, does: async () => show(await push.turnOff()) }) : null);
    // The button that had the focus is gone.
    if (had) title.focus();
  }

  async function test() {
    const outcome = await push.test();
    told(say(`account.push.test_${outcome}`));
    if (outcome === "gone") show(await push.state());
  }

  push.state().then(show, () => show("unsupported"));
  return { node, close: () => heard.abort() };
}
