// What an account is, and what it isn't: nobody needs one.

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { button, frame, lead, points } from "./frame.js";

/** @param {import("./flow.js").Flow} flow */
export function welcomeScreen(flow) {
  const { node, heading } = frame(flow, { name: "welcome", title: say("account.welcome.title") },
    lead("account.welcome.text"),
    el("div", { class: "button-row" },
      button("primary large", say("account.welcome.make"), () => flow.go("name")),
      button("secondary large", say("account.welcome.sign_in"), () => flow.go("sign_in"))),
    flow.invited ? el("p", { class: "hint" }, say("account.welcome.invited")) : null,
    el("div", { class: "account-lists" },
      el("section", {}, el("h2", {}, say("account.welcome.is")), points("done", [
        say("account.welcome.is_1"), say("account.welcome.is_2"), say("account.welcome.is_3"), say("account.welcome.is_4")])),
      el("section", {}, el("h2", {}, say("account.welcome.isnt")), points("close", [
        say("account.welcome.isnt_1"), say("account.welcome.isnt_2"), say("account.welcome.isnt_3")]))),
    el("p", {}, button("quiet", say("account.recover.way"), () => flow.go("recover"))));
  return { node, focus: heading };
}
