// What stands between a browser and its account: what has happened, and every way on.

import "../../ui/late-icons.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { askingForm } from "./asking.js";
import { passwordField } from "./fields.js";
import { button, frame } from "./frame.js";
import { newsView } from "./news-view.js";
import { openPanel } from "./panels.js";

/**
 * @typedef {import("./flow.js").Flow} Flow
 * @typedef {{icon: string, title: string, text: string, next: string, actions: string[]}} Row
 */

/** By phase, or by phase and reason. @type {Record<string, Row>} */
export const STANDING = {
  offline: { icon: "offline", title: "account.offline.title", text: "account.offline.text", next: "account.offline.next", actions: ["reload"] },
  evicted: { icon: "broken", title: "account.evicted.title", text: "account.evicted.text", next: "account.evicted.next", actions: ["sign_in", "recover"] },
  revoked: { icon: "leave", title: "account.revoked.title", text: "account.revoked.text", next: "account.revoked.next", actions: ["sign_in", "recover"] },
  suspended: { icon: "locked", title: "account.suspended.title", text: "account.suspended.text", next: "account.suspended.next", actions: ["reload", "rooms"] },
  copied: { icon: "warning", title: "account.copied.title", text: "account.copied.text", next: "account.copied.next", actions: ["recover"] },
  chain_back: { icon: "warning", title: "account.back_in_time.title", text: "account.back_in_time.text", next: "account.back_in_time.next", actions: ["reload"] },
  chain_fork: { icon: "warning", title: "account.forked.title", text: "account.forked.text", next: "account.forked.next", actions: ["reload", "recover"] },
  insecure: { icon: "unlocked", title: "barrier.insecure", text: "barrier.insecure_text", next: "barrier.insecure_next", actions: [] },
  no_ed25519: { icon: "broken", title: "account.unsupported.title", text: "account.unsupported.text", next: "account.unsupported.next", actions: [] },
  no_storage: { icon: "broken", title: "account.unstored.title", text: "account.unstored.text", next: "account.unstored.next", actions: [] },
  unreachable: { icon: "offline", title: "barrier.unreachable", text: "account.refusal.unreachable", next: "barrier.unreachable_next", actions: ["reload"] },
  deleted: { icon: "destroy", title: "account.deleted.title", text: "account.deleted.text", next: "account.deleted.next", actions: ["rooms"] },
};

/** @param {string} name @returns {Row} */
const rowOf = (name) => STANDING[name] ?? STANDING.no_ed25519;

/**
 * @param {Flow} flow
 * @param {string} name  of a row
 * @param {(import("../../ui/el.js").Child)[]} more
 */
export function standingScreen(flow, name, ...more) {
  const row = rowOf(name);
  /** @type {Record<string, () => HTMLElement>} */
  const made = {
    reload: () => button("quiet", say("account.reload"), () => location.reload()),
    sign_in: () => button("quiet", say("account.sign_in.go"), () => flow.go("sign_in")),
    recover: () => button("quiet", say("account.recover.way"), () => flow.go("recover")),
    rooms: () => el("a", { class: "button quiet", href: flow.rooms }, say("account.rooms")),
  };
  const actions = row.actions.map((action) => made[action]());
  actions[0]?.classList.replace("quiet", "primary");
  const { node, heading } = frame(flow, { name: "standing", title: say(row.title), more: el("div", { class: "mark-large" }, icon(row.icon)) },
    el("p", { class: "lead" }, say(row.text)), el("p", { class: "next" }, say(row.next)), more,
    actions.length === 0 ? null : el("div", { class: "button-row" }, actions));
  node.dataset.reason = name;
  return { node, focus: heading };
}

/**
 * Nothing of it goes on, and it can be deleted, also by whoever has to sign in for that.
 * @param {Flow} flow
 */
export function suspendedScreen(flow) {
  const news = newsView(flow, () => {});
  const screen = standingScreen(flow, "suspended", news.node,
    el("p", {}, button("quiet danger-text", say("account.delete.way"), () => openPanel(flow, "deletePanel"))));
  const update = () => news.update(flow.client.state);
  update();
  return { ...screen, update };
}

/** While what is kept here is read: no more than a moment, as a rule. @param {Flow} flow */
export function loadingScreen(flow) {
  const { node, heading } = frame(flow, { name: "loading", title: say("account.loading.title") },
    el("div", { class: "indeterminate", role: "progressbar", "aria-label": say("progress.label") }, el("span", {})));
  return { node, focus: heading };
}

/**
 * Somebody else acts with this device's keys: it has stopped, and can be removed from here, where it isn't the last.
 * @param {Flow} flow
 */
export function copiedScreen(flow) {
  const { device, devices } = flow.client.state;
  if (device === null || devices.length < 2) return standingScreen(flow, "copied");
  const password = passwordField({ id: "account-password", label: say("account.password.label") });
  const form = askingForm({ client: flow.client, label: say("account.copied.remove"), parts: [password], danger: true,
    submit: () => flow.client.revoke(device, password.input.value) });
  return standingScreen(flow, "copied", form.node);
}
