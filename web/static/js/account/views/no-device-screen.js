// Signed in, on a browser that is no device of the account yet: the ways to make it one.

import { confirm } from "../../ui/dialog.js";
import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { moment } from "../../ui/times.js";
import { askingButton, noticeOf } from "./asking.js";
import { button, frame, lead, named } from "./frame.js";

/** @param {import("./flow.js").Flow} flow */
export function noDeviceScreen(flow) {
  const { hasDevices, address } = flow.client.state;
  const { node, heading } = frame(flow, { name: "no-device", title: say("account.no_device.title"),
    more: address === null ? null : el("p", { class: "address-line" }, named(address)) },
    hasDevices ? ways(flow) : first(flow),
    el("p", { class: "quiet-end" }, button("quiet", say("account.out.way"), () => out(flow))));
  return { node, focus: heading };
}

/** @param {import("./flow.js").Flow} flow */
async function out(flow) {
  await flow.hold(() => flow.client.signOut({ forget: true })).catch(() => {});
  flow.go(null);
}

/** @param {import("./flow.js").Flow} flow */
function first(flow) {
  const place = el("div", {});
  return [
    lead("account.first.text"),
    el("div", { class: "button-row" }, askingButton({
      kind: "primary large", label: say("account.first.make"), place,
      does: () => flow.hold(async () => flow.go("words", await flow.client.firstDevice())),
    })),
    place,
  ];
}

/** @param {import("./flow.js").Flow} flow */
function ways(flow) {
  const { pending, clockOffset } = flow.client.state;
  const place = el("div", {});
  const waits = pending?.kind === "genesis";

  async function over() {
    const sure = await confirm({ title: say("account.over.title"), text: say("account.over.sure"), yes: say("account.over.go"), danger: true });
    if (!sure) throw Object.assign(new Error("not sure"), { code: "cancelled" });
    await flow.hold(async () => flow.go("words", await flow.client.startOver()));
  }

  return [
    waits ? noticeOf(say("account.over.waits", { time: moment(pending.due - clockOffset) }), "waiting") : null,
    lead("account.no_device.text"),
    el("section", { class: "way" }, el("h2", {}, say("account.link.way")), el("p", {}, say("account.link.way_text")),
      el("div", { class: "button-row" }, button("primary", say("account.link.begin"), () => flow.go("link")))),
    el("section", { class: "way" }, el("h2", {}, say("account.recover.way_title")), el("p", {}, say("account.recover.way_text")),
      el("div", { class: "button-row" }, button("secondary", say("account.recover.begin"), () => flow.go("recover")))),
    waits ? null : el("details", { class: "way" }, el("summary", {}, say("account.over.way")),
      el("p", {}, say("account.over.text")),
      el("div", { class: "button-row" }, askingButton({ label: say("account.over.begin"), place, does: over })), place),
  ];
}
