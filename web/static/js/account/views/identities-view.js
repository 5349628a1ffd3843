// What opens the account beside its password: identities of another service, where the deployment believes one.

import { announceAssertive } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { keyedList } from "../../ui/keyed-list.js";
import { askingButton, noticeOf } from "./asking.js";
import { dayName, today } from "./days.js";
import { button } from "./frame.js";
import { identityLinkPanel, identityPasswordPanel, identityUnlinkPanel } from "./identity-panels.js";
import { ofService } from "./identity-way.js";

/** An account has no more of them. */
const MOST = 5;

/**
 * @typedef {import("./flow.js").AccountState} AccountState
 * @typedef {import("../identities.js").Known["linked"][number]} Linked
 */

/** With what somebody has come back, and has seen it. @type {WeakSet<object>} */
const seen = new WeakSet();

/** @param {import("./flow.js").Flow} flow */
export function identitiesView(flow) {
  const { client } = flow;
  const { identities } = client;
  if (identities === null) return null;
  const list = el("ul", { class: "account-list" });
  const place = el("div", {});
  const first = el("div", {});
  let day = 0;

  const rows = keyedList(list, {
    /** @param {Linked} one */
    key: ({ id }) => id,
    make: view,
    onError: () => el("li", {}, noticeOf(say("account.refusal.other"))),
  });

  /** @param {Linked} one */
  function view({ id }) {
    const about = el("p", { class: "hint" });
    const remove = button("quiet small danger-text", say("account.identity.remove"), () => identityUnlinkPanel(flow, id));
    return {
      node: el("li", { class: "account-row" }, icon("link"),
        el("div", { class: "row-text" }, el("p", { class: "row-name" }, ofService(flow, "account.identity.one")), about),
        el("div", { class: "row-tools" }, remove)),
      /** @param {Linked} now */
      update(now) {
        fill(about, say("account.identity.since", { day: dayName(now.linkedDay, day) }));
      },
    };
  }

  const link = askingButton({ kind: "secondary service", label: say("account.identity.link", { service: identities.service }), place,
    does: () => identities.begin("link") });
  const choose = () => identityPasswordPanel(flow);
  const node = el("section", { class: "account-section", "aria-labelledby": "identities-title" },
    el("h2", { id: "identities-title", tabindex: "-1" }, ofService(flow, "account.identity.title")),
    el("p", { class: "hint" }, say("account.identity.text")),
    first, list, el("div", { class: "button-row" }, link), place);

  /** @param {AccountState} state */
  function update({ identities: known, clockOffset }) {
    if (known === null) return;
    day = today(clockOffset);
    const had = node.contains(document.activeElement);
    rows.update(known.linked, day);
    link.hidden = known.linked.length >= MOST;
    fill(first, known.hasPassword ? null : [noticeOf(say("account.identity.no_password")),
      el("div", { class: "button-row" }, button("primary", say("account.identity.choose"), choose))]);
    if (had && !node.contains(document.activeElement)) document.getElementById("identities-title")?.focus();
  }

  /** Goes on with what somebody has gone to the other service for. */
  function goOn() {
    const back = identities?.returned ?? null;
    if (back === null || seen.has(back)) return;
    seen.add(back);
    if (back.token === null) {
      identities?.forget();
      const sentence = say("account.refusal.identity_given_up");
      fill(place, noticeOf(sentence));
      announceAssertive(sentence);
    } else if (back.purpose === "link") identityLinkPanel(flow);
    else if (back.purpose === "password") identityPasswordPanel(flow);
  }

  // Without an answer the rest of the page is there all the same; the next visit asks again.
  identities.look().catch(() => undefined);
  goOn();
  return { node, update };
}
