// Letting another device in: its words are typed here, what it asks for is shown, and the password decides. Only here:
// a link or a picture that was opened elsewhere does nothing, because that is how people are tricked.

import { announce } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { parts, say } from "../../ui/i18n.js";
import { accountPanel } from "./account-panel.js";
import { askingForm } from "./asking.js";
import { nameForManagers, passwordField, wordsField } from "./fields.js";
import { button, named } from "./frame.js";
import { canScan, scanner } from "./scanning.js";

/** @param {import("./flow.js").Flow} flow */
export function linkPanel({ client }) {
  const place = el("div", { class: "panel-step" });
  const scan = scanner({ found: (text) => text.includes("#link=") && ask(text), without: say("account.accept.no_camera") });
  const node = accountPanel({ id: "link-title", title: say("account.accept.title"), onClose: scan.stop }, place);

  /** @type {(text: string) => boolean} */
  let ask = () => false;

  function first() {
    const words = wordsField({ id: "link-words", label: say("account.accept.words"), hint: say("account.accept.hint"),
      wrong: ["code_word", "code_length", "link_form", "link_unknown"], more: { required: true } });
    const form = askingForm({ client, label: say("account.next"), parts: [words],
      submit: async () => second(await looked(words.input.value)) });
    ask = (text) => {
      words.input.value = wordsIn(text);
      form.node.requestSubmit();
      return true;
    };
    fill(place, el("p", {}, say("account.accept.text")),
      canScan() ? el("div", { class: "button-row" }, button("secondary", say("account.accept.scan"), () => void scan.start())) : null,
      scan.node, form.node);
    words.input.focus();
  }

  /** @param {string} text */
  async function looked(text) {
    const code = wordsIn(text);
    scan.stop();
    return { code, ...(await client.lookAtLink(code)) };
  }

  /** @param {{code: string, device: string, name: string|null}} asked */
  function second({ code, name }) {
    const password = passwordField({ id: "link-password", label: say("account.password.label") });
    const history = historyChoice();
    const form = askingForm({ client, label: say("account.accept.go"), parts: [history.node, nameForManagers(client.state.address), password],
      submit: async () => {
        await client.acceptLink(code, password.input.value, { days: history.days() });
        node.close();
        announce(say("account.accept.done"));
      },
      beside: [button("quiet", say("account.accept.no"), () => node.close())] });
    const heading = el("h3", { tabindex: "-1", class: "asked" },
      parts("account.accept.asks", { device: name === null || name === "" ? say("account.devices.unnamed") : named(name) }));
    fill(place, heading, el("p", {}, say("account.accept.can")),
      el("p", { class: "notice attention" }, say("account.accept.beware")), form.node);
    heading.focus();
  }

  first();
  return node;
}

/** How much of what was said the new device is to have. */
function historyChoice() {
  const choices = /** @type {const} */ ([["month", 30], ["all", 0], ["none", null]]).map(([name, days]) => {
    const radio = el("input", { type: "radio", name: "link-history", value: name, checked: name === "month" });
    return { days, radio, node: el("label", {}, radio, say(`account.accept.history.${name}`)) };
  });
  return {
    node: el("fieldset", { class: "choices" }, el("legend", {}, say("account.accept.history")), choices.map(({ node }) => node)),
    days: () => choices.find(({ radio }) => radio.checked)?.days,
  };
}

/** What is in a link, where it is one: an address opened elsewhere does nothing, but its words can be read here. @param {string} text */
function wordsIn(text) {
  const found = /#link=([^\s&]+)/.exec(text)?.[1];
  return found === undefined ? text : decodeURIComponent(found);
}
