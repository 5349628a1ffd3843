/** One person: what they are called, whether they are who they say, and what can be done about them. */

import "../../ui/late-icons.js";
import { announce } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { isolated, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { copyButton } from "../../ui/copy-button.js";
import { accountPanel } from "../../account/views/account-panel.js";
import { askingButton, askingForm, noticeOf } from "../../account/views/asking.js";
import { dayName, today } from "../../account/views/days.js";
import { textField } from "../../account/views/fields.js";
import { button } from "../../account/views/frame.js";
import { codeOf } from "../../account/views/refusals.js";
import { tidyName } from "../../protocol/names.js";
import { changeNotice } from "./changed-panel.js";
import { addDrawing, editDrawing } from "./drawings.js";
import { markNode, nameNode, personOf } from "./names.js";
import { numberStep } from "./number-step.js";
import { refusalWords, told } from "./refusal-words.js";
import { talkWith } from "./talking-to.js";

/** So many characters a name may have at most. */
const LONGEST = 40;

/**
 * @typedef {import("./messenger-screen.js").Context} Context
 * @typedef {import("../people.js").Change} Change
 * @typedef {{chain: string|null, account?: string|null, name?: string|null}} Of  `name`: what they are called where one has come from
 */

/**
 * @param {Context} context
 * @param {Of} of
 */
export function contactPanel(context, of) {
  const { book, flow, talk, me } = context;
  const place = el("div", { class: "panel-step contact-page" });
  let stop = () => {};
  let asksNow = false;
  const node = accountPanel({ id: "contact-title", title: "", onClose: () => stop() }, place);
  const title = /** @type {HTMLElement} */ (node.querySelector("h2"));
  title.classList.add("notranslate");
  title.translate = false;
  const wrong = el("div", { role: "status" });

  const contact = () => book.find(of.chain === null ? { account: of.account } : { chain: of.chain }) ?? book.find({ account: of.account ?? "" });
  const label = () => contact()?.name ?? contact()?.address ?? of.name ?? null;

  function person() {
    const chain = of.chain ?? contact()?.chain ?? of.account ?? "";
    const name = label();
    return personOf(chain, name === null ? {} : { [chain]: name }, me);
  }

  async function home() {
    stop();
    if (book.listed === null) {
      fill(place, el("p", { class: "hint", role: "status" }, say("conversations.people.reading")));
      await book.read();
      if (book.listed === null) return void fill(place, noticeOf(refusalWords(book.failure)), button("secondary", say("conversations.retry"), () => void home()));
    }
    const one = contact();
    const chain = one?.chain ?? of.chain;
    // Who has begun anew is told of by how they stand.
    const changes = chain === null ? [] : (await talk.everybody.changes([chain])).filter(({ kind }) => kind !== "ended");
    const { account = null, address = null, state = null } = one ?? {};
    const isVerified = one?.isVerified ?? (chain !== null && (await talk.own.registers()).get("verified", chain) === true);
    const isIn = state === "accepted" && chain !== null && account !== null && changes.every(({ kind }) => kind === "recovered");
    const isOver = ["blocked", "ended", "denied"].includes(state ?? "");
    fill(title, person().label);
    fill(wrong);
    fill(place,
      el("div", { class: "contact-who" }, markNode(person()), el("div", {}, address === null ? null : el("p", { class: "own-address" },
        el("bdi", { class: "notranslate", translate: "no", dir: "ltr" }, address), copyButton({ label: say("account.address.copy"), name: "copy", text: () => address, kind: "quiet small" })),
      el("p", { class: "hint" }, standing(one)))),
      changes.map((change) => changeNotice(change, person().label)),
      changes.length === 0 || state === "blocked" ? null : el("div", { class: "button-row" },
        button("primary small", say("conversations.number.way"), () => void number()), button("quiet small", say("conversations.changed.go_on"), () => void asked(() => goOn(changes)))),
      chain === null || changes.length > 0 || isOver ? null : el("p", { class: "contact-verified", data: { verified: isVerified } }, icon(isVerified ? "done" : "eye"),
        el("span", {}, say(isVerified ? "conversations.number.is_verified" : "conversations.number.not_verified"))),
      wrong,
      el("div", { class: "menu-items" },
        isIn ? item(addDrawing(), "conversations.contact.talk", () => void asked(() => talkWith({ ...context, open: opened }, { chain, account }), () => {})) : null,
        ["ended", "denied"].includes(state ?? "") && address !== null ? item(icon("sealed"), "conversations.contact.ask", () => void asked(() => talk.everybody.ask(address), asks)) : null,
        chain === null || changes.length > 0 || isOver ? null : item(icon("locked"), "conversations.number.way", () => void number()),
        chain === null ? null : item(editDrawing(), "conversations.contact.name", naming),
        account === null ? null : state === "blocked" ? item(icon("unlocked"), "conversations.contact.unblock", () => void asked(() => talk.everybody.unblock(account), gone("unblocked")))
          : item(icon("hide"), "conversations.contact.block", () => sure("block", () => talk.everybody.block(account), gone("blocked"))),
        account === null || state === "blocked" ? null : item(icon("leave"), "conversations.contact.remove", () => sure("remove", () => talk.everybody.remove(account), gone("removed")), "quiet danger-text")));
  }

  /** @param {import("./people-book.js").Contact|null} one */
  function standing(one) {
    if (one === null) return say("conversations.contact.none");
    const day = dayName(one.day, today(flow.client.state.clockOffset));
    return one.state === "accepted" ? say("conversations.contact.since", { day }) : say(`conversations.contact.${one.state}`, { day });
  }

  /** Asks for something, once at a time, and says here what went wrong. @param {() => Promise<unknown>} work  @param {() => unknown} [then] */
  async function asked(work, then = home) {
    if (asksNow) return;
    asksNow = true;
    fill(wrong, el("p", { class: "hint" }, say("conversations.asking")));
    try {
      await work();
      await book.read();
      then();
    } catch (error) {
      // It is another one again: what was agreed to is told anew.
      if (codeOf(error) === "contact_changed") await home();
      fill(wrong, noticeOf(refusalWords(error)));
    }
    asksNow = false;
  }

  /** @param {string} id  of the conversation with them */
  function opened(id) {
    node.close();
    context.open(id);
  }

  /** @param {readonly Change[]} changes */
  async function goOn(changes) {
    for (const change of changes) {
      await talk.everybody.goOn(change);
      // From now on they are who has that chain.
      if (change.now !== undefined) of = { ...of, chain: change.now, account: change.account };
    }
  }

  /** There is nothing more to be seen of them. @param {string} key */
  const gone = (key) => () => {
    node.close();
    announce(say(`conversations.contact.is_${key}`, { name: isolated(person().label) }));
  };

  function asks() {
    step(el("p", {}, say("conversations.ask.sent", { name: isolated(person().label) })));
  }

  async function number() {
    const chain = contact()?.chain ?? of.chain;
    if (chain === null) return;
    const changes = await talk.everybody.changes([chain]);
    const now = changes.find((one) => one.now !== undefined)?.now;
    const inside = el("div", { class: "panel-step" });
    step(inside);
    stop = numberStep(inside, { flow, talk, chain: now ?? chain, name: person().label, changes, done: () => void compared(now), back: () => void home() }).stop;
  }

  /** @param {string|undefined} now  the chain that they have, where it is another */
  async function compared(now) {
    await book.read();
    if (now !== undefined && book.find({ chain: now }) !== null) of = { ...of, chain: now };
  }

  function naming() {
    const one = contact();
    const chain = of.chain ?? one?.chain ?? "";
    const name = textField({ id: "contact-name", label: say("conversations.contact.name"), hint: say("conversations.contact.name_hint"),
      value: one?.name ?? of.name ?? "", more: { maxlength: LONGEST, autocomplete: "off" } });
    const form = askingForm({ client: flow.client, label: say("conversations.contact.name_go"), parts: [name], submit: async () => {
      const tidy = tidyName(name.input.value);
      await told(name, () => talk.everybody.alias(chain, tidy === "" ? null : tidy));
      await book.read();
      context.renamed();
      of = { ...of, name: tidy === "" ? of.name : tidy };
      await home();
    } });
    step(form.node);
    name.input.focus();
  }

  /** @param {"block"|"remove"} what  @param {() => Promise<unknown>} work  @param {() => void} then */
  function sure(what, work, then) {
    const trouble = el("div", {});
    step(el("p", { class: "lead" }, nameNode(person())), el("p", {}, say(`conversations.contact.text.${what}`)), trouble,
      el("div", { class: "button-row" }, askingButton({ kind: "danger", label: say(`conversations.contact.${what}`), place: trouble,
        does: async () => { await work(); await book.read(); then(); } })));
  }

  /** A step further in, with a way back. @param {...import("../../ui/el.js").Child} children */
  function step(...children) {
    stop();
    const back = button("quiet small", say("dialog.back"), () => void home());
    fill(place, el("p", {}, back), children);
    back.focus();
  }

  void home();
  return node;
}

/** @param {SVGElement} drawing  @param {string} key  @param {() => void} does  @param {string} [kind] */
const item = (drawing, key, does, kind = "quiet") => el("button", { type: "button", class: `button ${kind}`, on: { click: does } }, drawing, say(key));
