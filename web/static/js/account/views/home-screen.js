// The account, on one of its devices: what is new, its devices, where it is signed in, and what can be done with it.

import { copyButton } from "../../ui/copy-button.js";
import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { askingForm } from "./asking.js";
import { devicesView } from "./devices-view.js";
import { button, frame, named } from "./frame.js";
import { newsView } from "./news-view.js";
import { openPanel } from "./panels.js";
import { sessionsView } from "./sessions-view.js";
import { addressField } from "./sign-in-screen.js";

/**
 * @typedef {import("./flow.js").Flow} Flow
 * @typedef {(name: import("./panels.js").PanelName, ...given: unknown[]) => void} OpenPanel
 */

/** @param {Flow} flow */
export function homeScreen(flow) {
  const { client } = flow;
  /** @type {OpenPanel} */
  const open = (name, ...given) => openPanel(flow, name, ...given);
  const news = newsView(flow, open);
  const devices = devicesView(open);
  const sessions = sessionsView(client);
  const identities = flow.service?.identitiesView(flow);
  const title = el("span", { dir: "ltr" }, named(client.state.address ?? ""));
  const copying = copyButton({ label: say("account.address.copy"), name: "copy", text: () => client.state.address ?? "", kind: "quiet" });

  // Filled by what is loaded when somebody looks.
  const notifications = el("div", {});
  const messenger = el("div", {});
  const changed = el("div", {});
  /** @param {string} sentence */
  const told = (sentence) => fill(changed, el("p", { class: "notice" }, icon("done"), el("span", { class: "notice-words" }, sentence)));

  function changePassword() {
    fill(changed);
    open("passwordPanel", told);
  }

  /** Where the account is a step behind what is said. */
  const back = flow.messenger === null ? undefined : () => flow.go(null);

  const { node, heading } = frame(flow, { name: "home", title: client.state.address === null ? say("account.home.title") : title,
    more: client.state.address === null ? null : el("p", {}, copying) },
    back === undefined ? null : el("p", {}, button("quiet", say("conversations.to_list"), back)),
    news.node,
    client.state.address === null ? addressKnown(flow) : null,
    el("section", { class: "account-section", "aria-labelledby": "devices-title" },
      el("h2", { id: "devices-title", tabindex: "-1" }, say("account.devices.title")),
      el("p", { class: "hint" }, say("account.devices.text")),
      devices.node,
      el("div", { class: "button-row" }, button("secondary", say("account.devices.link"), () => open("linkPanel")))),
    messenger,
    notifications,
    el("section", { class: "account-section", "aria-labelledby": "sessions-title" },
      el("h2", { id: "sessions-title", tabindex: "-1" }, say("account.sessions.title")),
      el("p", { class: "hint" }, say("account.sessions.text")),
      sessions.node),
    identities?.node ?? null,
    el("section", { class: "account-section", "aria-labelledby": "more-title" },
      el("h2", { id: "more-title" }, say("account.more.title")),
      el("div", { class: "button-row" },
        button("secondary", say("account.change.title"), changePassword),
        button("secondary", say("account.out.way"), () => open("signOutPanel"))),
      changed,
      el("div", { class: "button-row" }, button("quiet danger-text", say("account.delete.way"), () => open("deletePanel")))));

  flow.push?.(notifications);
  flow.messenger?.settings(messenger);
  const known = client.state.address !== null;

  function update() {
    // Its place in the page is another one.
    if (!known && client.state.address !== null) return void flow.go(back === undefined ? null : "settings");
    const { state } = client;
    fill(title, named(state.address ?? ""));
    news.update(state);
    devices.update(state);
    sessions.update(state);
    identities?.update(state);
  }

  update();
  return { node, focus: heading, update, ...(back === undefined ? {} : { back }) };
}

/** A page that was closed while the account was being made has not kept its address. @param {Flow} flow */
function addressKnown({ client }) {
  const address = addressField("");
  const form = askingForm({ client, label: say("account.address.keep"), parts: [address],
    submit: async () => client.nameAddress(address.input.value.trim()) });
  return el("section", {}, el("p", {}, say("account.address.needed")), form.node);
}
