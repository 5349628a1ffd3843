/** A whole conversation: who is in it, how it behaves here, and the way out of it. */

import { confirm, panel, panelHead } from "../../ui/dialog.js";
import { el, fill } from "../../ui/el.js";
import { isolated, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { duration } from "../../ui/times.js";
import { noticeOf } from "../../account/views/asking.js";
import { button } from "../../account/views/frame.js";
import { fromBase64url, toBase64url } from "../../protocol/encoding.js";
import { isName, tidyName } from "../../protocol/names.js";
import { calledOf } from "./contact-names.js";
import { archiveDrawing, editDrawing, muteDrawing, pinDrawing, searchDrawing } from "./drawings.js";
import { invitePanel } from "./invite-panel.js";
import { markNode, nameNode, personOf, titleOf } from "./names.js";
import { hereNode, isHere, watchPresence } from "./presence-mark.js";
import { refusalWords } from "./refusal-words.js";
import { searchStep } from "./search-step.js";

/** After which messages are gone, in seconds; 0: they stay. */
const TIMERS = [0, 300, 3600, 86_400, 7 * 86_400, 28 * 86_400];
/** For ever, as far as a calendar goes. */
const ALWAYS = 8.64e15;

/**
 * @typedef {import("./messenger-screen.js").Context} Context
 * @param {Context} context
 * @param {import("./chat-view.js").Known} known
 * @param {{goTo: (message: {device: string, id: string}) => unknown}|null} chat
 */
export function conversationMenu(context, { view, names, pictures }, chat) {
  const { flow, talk, me, trouble } = context;
  const conversation = talk.of(view.id);
  const place = el("div", { class: "panel-step" });
  const node = panel({ kind: "menu conversation-menu", labelledby: "conversation-menu-title" },
    el("div", { class: "panel-body" }, panelHead("conversation-menu-title", titleOf({ ...view, names }, me), () => node.close()), place));
  const isAdmin = view.role === "admin" && view.standing === "following";
  const isIn = view.standing === "following";
  const wait = el("div", {});
  /** Where it stands whether somebody is here, by their chains. @type {Map<string, HTMLElement>} */
  const presences = new Map();
  node.addEventListener("close", watchPresence(talk, () => presences.forEach(present)));
  void home();

  /** @param {HTMLElement} at  @param {string} chain */
  function present(at, chain) {
    fill(at, isHere(talk, chain) ? hereNode() : null);
  }

  /** Asks for something, and says here what went wrong. @param {() => Promise<unknown>} work  @param {() => void} [then] */
  async function asked(work, then = () => node.close()) {
    fill(wait, el("p", { class: "hint", role: "status" }, say("conversations.asking")));
    try {
      await work();
      fill(wait);
      then();
    } catch (error) {
      fill(wait, noticeOf(refusalWords(error)));
    }
  }

  /** @param {string|SVGElement} drawing  @param {string} key  @param {() => void} does  @param {string} [kind] */
  const item = (drawing, key, does, kind = "quiet") => el("button", { type: "button", class: `button ${kind}`, on: { click: does } },
    typeof drawing === "string" ? icon(drawing) : drawing, say(key));

  async function home() {
    const registers = await talk.own.registers();
    const settings = /** @type {import("../overview.js").Settings} */ (registers.get("settings", view.id) ?? {});
    const now = Date.now() + flow.client.state.clockOffset;
    /** @param {Partial<import("../overview.js").Settings>} changes */
    const set = (changes) => void asked(() => talk.own.set("settings", view.id, { ...settings, ...changes }));
    const isMuted = (settings.mute ?? 0) > now;
    fill(place,
      el("h3", {}, say("conversations.people", { count: view.people.length })),
      el("ul", { class: "member-list" }, view.people.map(member)),
      wait,
      el("div", { class: "menu-items" },
        isAdmin ? item("person", "conversations.add.way", () => void adding()) : null,
        isAdmin ? item("link", "conversations.add.invite", () => { node.close(); invitePanel(context, { conversation: view.id, title: titleOf({ ...view, names }, me) }); }) : null,
        isAdmin ? item("waiting", "conversations.timer.way", timers) : null,
        isAdmin && view.people.length > 2 ? item(editDrawing(), "conversations.name.way", naming) : null,
        item(searchDrawing(), "conversations.search.way", () => searchStep(place, { conversation, names, me, offset: flow.client.state.clockOffset,
          back: () => void home(), found: (message) => { node.close(); void chat?.goTo(message); } })),
        item(isMuted ? "voice" : muteDrawing(), isMuted ? "conversations.unmute" : "conversations.mute", () => set({ mute: isMuted ? 0 : ALWAYS })),
        item(pinDrawing(), settings.pin === true ? "conversations.unpin" : "conversations.pin", () => set({ pin: settings.pin !== true })),
        item(archiveDrawing(), settings.archive === true ? "conversations.unarchive" : "conversations.archive", () => set({ archive: settings.archive !== true })),
        isIn ? item("leave", "conversations.leave.way", () => void leave(), "quiet danger-text") : null));
  }

  /** @param {View["people"][number]} one */
  function member({ chain, role }) {
    const person = personOf(chain, names, me, pictures);
    const here = el("span", {});
    presences.set(chain, here);
    present(here, chain);
    return el("li", { class: "member" }, markNode(person), el("span", { class: "member-name" }, nameNode(person)), here,
      role === "admin" ? el("span", { class: "tag" }, say("conversations.admin")) : null,
      person.me ? null : el("button", { type: "button", class: "button quiet small", on: { click: () => (isAdmin ? about(person, role) : look(person)) },
        "aria-label": say("conversations.member.menu", { name: isolated(person.label) }) }, icon("menu")));
  }

  /** @param {import("./names.js").Person} person */
  function look({ chain, name }) {
    node.close();
    context.contact({ chain, name });
  }

  /** What an admin can do with somebody. @param {import("./names.js").Person} person  @param {string} role */
  function about(person, role) {
    const chain = fromBase64url(person.chain, 32);
    const other = role === "admin" ? "member" : "admin";
    step(el("p", { class: "lead" }, nameNode(person)),
      wait,
      el("div", { class: "menu-items" },
        item("person", "conversations.member.look", () => look(person)),
        item("done", `conversations.member.make_${other}`, () => void asked(() => conversation.role(chain, other))),
        item("leave", "conversations.member.remove", () => void asked(() => conversation.remove([chain])), "quiet danger-text")));
  }

  async function adding() {
    step(el("p", { class: "hint", role: "status" }, say("conversations.new_one.asking")));
    try {
      const contacts = (await talk.contacts.accepted()).map(({ account, chain }) => ({ account, chain: toBase64url(chain) }))
        .filter(({ chain }) => !view.people.some((one) => one.chain === chain));
      const called = await calledOf(talk, contacts.map(({ chain }) => chain));
      step(el("p", { class: "lead" }, say(contacts.length === 0 ? "conversations.add.nobody" : "conversations.add.who")),
        el("p", { class: "hint" }, say("conversations.add.text")), wait,
        el("div", { class: "menu-items" }, contacts.map(({ account, chain }) => {
          const person = personOf(chain, called, me);
          return el("button", { type: "button", class: "button quiet", on: { click: () => void asked(async () => conversation.add(await talk.people([account]))) } },
            markNode(person), nameNode(person));
        })));
    } catch (error) {
      step(noticeOf(refusalWords(error)));
    }
  }

  function timers() {
    step(el("p", { class: "lead" }, say("conversations.timer.title")), el("p", { class: "hint" }, say("conversations.timer.text")), wait,
      el("div", { class: "menu-items" }, TIMERS.map((seconds) => el("button", {
        type: "button", class: "button quiet", "aria-pressed": String(view.timer === seconds), on: { click: () => void asked(() => conversation.timer(seconds)) },
      }, seconds === 0 ? say("conversations.timer.none") : duration(seconds)))));
  }

  function naming() {
    const input = el("input", { id: "conversation-name", type: "text", value: view.card?.name ?? "", maxlength: 40, autocomplete: "off", spellcheck: "false", translate: "no" });
    step(el("form", { class: "panel-step", on: { submit: (/** @type {Event} */ event) => {
      event.preventDefault();
      const name = tidyName(input.value);
      if (isName(name)) void asked(() => conversation.says.name(name));
      else fill(wait, noticeOf(say("conversations.own_name.wrong")));
    } } },
      el("label", { for: "conversation-name" }, say("conversations.name.label")), input, wait,
      el("div", { class: "button-row" }, el("button", { type: "submit", class: "button primary" }, say("conversations.name.go")))));
    input.focus();
  }

  /** A step further in, with a way back. @param {...import("../../ui/el.js").Child} children */
  function step(...children) {
    fill(wait);
    fill(place, el("p", {}, button("quiet small", say("dialog.back"), () => void home())), children);
  }

  async function leave() {
    node.close();
    const sure = await confirm({ title: say("conversations.leave.title"), text: say("conversations.leave.text"), yes: say("conversations.leave.yes"), danger: true });
    if (sure) await conversation.leave().catch(trouble);
  }
}

/** @typedef {import("../conversation.js").View} View */
