/** Whether this account shows its contacts that it is here, and sees which of them are. */

import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { askingButton } from "../../account/views/asking.js";

/**
 * @param {Pick<import("../conversations.js").Conversations, "presence"|"own"|"subscribe">} talk
 * @param {HTMLElement} node  where it is shown, as long as that is in the page
 */
export function presenceSetting(talk, node) {
  const { presence, own } = talk;
  const standing = el("p", { class: "hint", role: "status" });
  const tools = el("div", { class: "button-row" });
  const place = el("div", {});
  const title = el("h2", { id: "presence-title", tabindex: "-1" }, say("conversations.presence.title"));

  /** @param {boolean} on */
  async function set(on) {
    await presence.set(on);
    show(on);
  }

  /** @param {boolean} isOn */
  function show(isOn) {
    const name = isOn ? "on" : "off";
    if (standing.dataset.is === name) return;
    standing.dataset.is = name;
    const had = tools.contains(document.activeElement);
    fill(standing, say(`conversations.presence.is_${name}`));
    fill(tools, askingButton({ kind: isOn ? "quiet" : "secondary", place,
      label: say(`conversations.presence.turn_${isOn ? "off" : "on"}`), does: () => set(!isOn) }));
    // The button that had the focus is gone.
    if (had) title.focus();
  }

  // It may be switched on another device meanwhile.
  const unsubscribe = talk.subscribe((id, event) => void changed(id, event));

  /** @param {string} id  @param {unknown} event */
  async function changed(id, event) {
    if (!node.isConnected) unsubscribe();
    else if (event === null && id === await own.id()) show(await presence.isOn());
  }

  fill(node, el("section", { class: "account-section", "aria-labelledby": "presence-title" },
    title, el("p", { class: "hint" }, say("conversations.presence.text")), standing, tools, place));
  void presence.isOn().then(show, () => fill(node));
}
