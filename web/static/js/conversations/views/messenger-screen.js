/**
 * What people with accounts say to each other: the list of conversations, and the one that is open. On a wide window
 * both stand side by side; on a phone the one that is open covers the list, and Back leads to it.
 */

import { announceAssertive } from "../../ui/announce.js";
import { el, fill, setText } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { languageSwitch } from "../../ui/language-switch.js";
import { followViewport } from "../../ui/visual-viewport.js";
import { button } from "../../account/views/frame.js";
import { newsView } from "../../account/views/news-view.js";
import { chatView } from "./chat-view.js";
import { contactPanel } from "./contact-panel.js";
import { conversationList } from "./conversation-list.js";
import { addDrawing, settingsDrawing } from "./drawings.js";
import { conversationMenu } from "./conversation-menu.js";
import { historyView } from "./history-view.js";
import { Inbox } from "./inbox.js";
import { invitePanel } from "./invite-panel.js";
import { newConversationPanel } from "./new-conversation-panel.js";
import { ownNameView } from "./own-name.js";
import { PeopleBook } from "./people-book.js";
import { peopleScreen } from "./people-screen.js";
import { isHere, watchPresence } from "./presence-mark.js";
import { refusalWords } from "./refusal-words.js";
import { Telling } from "./telling.js";

/** A line that breaks is said after so long: most come back before. */
const PATIENCE_MS = 4000;

/**
 * @typedef {import("../../account/views/flow.js").Flow} Flow
 * @typedef {import("../live.js").LiveConversations} Live
 *
 * @typedef {object} Given
 * @property {Flow} flow
 * @property {import("../conversations.js").Conversations} talk
 * @property {Pick<Live, "isLive"|"isLeading"|"typing"|"watch"|"wishes"|"wish">} live
 * @property {string} invite  the fragment of an invitation that was opened in this browser, or ""
 * @property {FilesDoor|null} [files]  null: this deployment takes none
 *
 * What conversations need of files, which is loaded when one is first picked or in sight.
 * @typedef {object} FilesDoor
 * @property {(conversation: string, entry: import("./chat-entries.js").MessageEntry, place: HTMLElement) => void} show
 * @property {(conversation: string, files: File[], timer: number) => Promise<void>} pick  asks about them, and sends them
 * @property {(files: string[]) => Promise<void>} remove  for everybody
 * @property {() => void} begin  what was begun before is looked at, if there is any
 *
 * @typedef {Given & {me: string, files: FilesDoor|null, open: (id: string) => void, people: () => void, trouble: (error: unknown) => void,
 *   book: PeopleBook, contact: (of: import("./contact-panel.js").Of) => void, renamed: () => void}} Context
 *   what each part of it is given: `me` is the own chain; `people` shows whom one knows, `contact` one of them; `renamed`:
 *   somebody is called otherwise from now on
 *
 * @typedef {{open?: string|null, drafts?: Map<string, import("./chat-composer.js").Draft>, place?: "list"|"people"}} Kept
 */

/**
 * @param {Given} given
 * @param {Kept} kept
 * @returns {import("../../account/views/flow.js").Screen}
 */
export function messengerScreen(given, { open: shown = null, drafts = new Map(), place = given.invite === "" ? "list" : "people" }) {
  const { flow, talk, live } = given;
  /** @type {Context} */
  const context = { ...given, files: given.files ?? null, me: talk.me, open, people: () => show("people"), trouble, book: new PeopleBook(talk, update),
    contact: (of) => contactPanel(context, of), renamed: () => { void inbox.again().catch(trouble); chat?.renamed(); } };
  const inbox = new Inbox(talk, update);
  const telling = new Telling(live);
  /** @type {ReturnType<typeof chatView>|null} */
  let chat = null;
  /** @type {ReturnType<typeof peopleScreen>|null} */
  let people = null;
  let isLost = false;
  let isClosed = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let patience;

  const heading = el("h1", { tabindex: "-1" }, say("conversations.title"));
  const status = el("p", { class: "messenger-status hint", role: "status" });
  const news = newsView(flow, () => flow.go("settings"));
  const history = historyView({ talk, flow });
  const list = conversationList({ me: talk.me, offset: () => flow.client.state.clockOffset, open, isHere: (chain) => isHere(talk, chain) });
  const named = ownNameView(context);
  const part = el("div", {});
  const body = el("div", { class: "messenger-body" }, named.node, part);
  const empty = el("div", { class: "messenger-empty" },
    el("p", { class: "lead" }, say("conversations.empty.title")), el("p", { class: "hint" }, say("conversations.empty.text")),
    el("div", { class: "button-row" }, button("primary", say("conversations.invite"), () => { show("people"); invitePanel(context); })));
  const reading = el("div", { class: "indeterminate", role: "progressbar", "aria-label": say("conversations.reading") }, el("span", {}));
  const asking = el("span", { class: "tab-asking" });
  const tabs = el("nav", { class: "messenger-tabs", "aria-label": say("conversations.places") },
    tab("list", "conversations.title"), tab("people", "conversations.people_title"));
  const side = el("div", { class: "messenger-side" },
    el("header", { class: "messenger-head" },
      heading,
      el("button", { type: "button", class: "button quiet", "aria-label": say("conversations.new_one.title"), on: { click: () => newConversationPanel(context) } }, addDrawing()),
      el("button", { type: "button", class: "button quiet", "aria-label": say("conversations.settings"), on: { click: () => flow.go("settings") } }, settingsDrawing())),
    tabs, status, news.node, history.node, body,
    el("footer", { class: "messenger-foot" }, el("a", { href: flow.rooms }, say("account.rooms")),
      el("button", { type: "button", class: "button quiet small", "aria-haspopup": "dialog", on: { click: () => telling.ask() } }, icon("voice"), say("telling.heading")), languageSwitch()));
  const nothing = el("div", { class: "chat chat-none" }, el("p", { class: "hint" }, say("conversations.choose")));
  const main = el("div", { class: "messenger-main" }, nothing);
  const node = el("div", { class: "screen messenger" }, side, main);
  const viewport = followViewport(node);
  const unwatch = live.watch(connection);
  const unwatchPresence = watchPresence(talk, update);
  window.addEventListener("online", connection);
  window.addEventListener("offline", connection);

  /** @param {"list"|"people"} name  @param {string} key */
  function tab(name, key) {
    return el("button", { type: "button", class: "button quiet", data: { place: name }, on: { click: () => show(name) } }, say(key),
      name === "people" ? asking : null);
  }

  /** @param {"list"|"people"} next */
  function show(next) {
    place = next;
    if (place === "people") {
      people ??= peopleScreen(context);
      void context.book.read();
    }
    for (const one of tabs.children) one.ariaCurrent = /** @type {HTMLElement} */ (one).dataset.place === place ? "page" : null;
    setText(heading, say(place === "people" ? "conversations.people_title" : "conversations.title"));
    if (chat !== null && !wide()) close();
    update();
  }

  /** @param {string} id */
  function open(id) {
    if (chat?.id === id) return void chat.focus();
    chat?.close();
    shown = id;
    // What was begun at another device is gone on with.
    if (!drafts.has(id)) drafts.set(id, { text: inbox.get(id)?.draft ?? "", reply: null, edit: null });
    chat = chatView(context, id, { draft: /** @type {any} */ (drafts.get(id)), back: close, menu: (known) => conversationMenu(context, known, chat) });
    fill(main, chat.node);
    node.classList.add("has-chat");
    flow.trap.set();
    update();
    chat.focus();
  }

  /** Back to the list. */
  function close() {
    if (chat === null) return;
    const { id } = chat;
    chat.close();
    chat = null;
    shown = null;
    talk.look(null);
    fill(main, nothing);
    node.classList.remove("has-chat");
    flow.trap.release();
    update();
    list.focus(id);
  }

  function update() {
    if (isClosed) return;
    // Nothing is heard of whoever was blocked, so nothing of them is left open.
    if (chat !== null && inbox.get(chat.id)?.isBlocked) return close();
    const all = inbox.all;
    list.update(all, shown);
    const next = place === "people" && people !== null ? people.node : !inbox.isRead ? reading : all.length === 0 ? empty : list.node;
    if (part.firstChild !== next) fill(part, next);
    if (inbox.isRead) {
      void named.update(place === "people");
      telling.look(all, Date.now() + flow.client.state.clockOffset, shown);
    }
    people?.update();
    const { asking: count } = context.book;
    const told = count === 0 ? "" : String(count);
    if (asking.dataset.count !== told) {
      asking.dataset.count = told;
      fill(asking, count === 0 ? null : [el("span", { class: "count", "aria-hidden": "true" }, told), el("span", { class: "visually-hidden" }, say("conversations.people.asking", { count }))]);
    }
    titled();
  }

  function titled() {
    const unread = inbox.unread(Date.now() + flow.client.state.clockOffset);
    document.title = `${unread === 0 ? "" : `(${unread}) `}${say("conversations.title")} · ${say("name")}`;
  }

  /** What there is to say of the line to the server: nothing, as long as it is there. */
  function connection() {
    const isOff = navigator.onLine === false || flow.client.state.phase === "offline";
    const isBroken = live.isLeading && !live.isLive;
    clearTimeout(patience);
    if (!isOff && !isBroken) isLost = false;
    else if (isOff) isLost = true;
    else if (!isLost) patience = setTimeout(() => { isLost = true; told(); }, PATIENCE_MS);
    told();
  }

  function told() {
    const isOff = navigator.onLine === false || flow.client.state.phase === "offline";
    setText(status, isOff ? say("conversations.line.offline") : isLost ? say("conversations.line.reconnecting") : "");
    history.update();
  }

  /** @param {unknown} error */
  function trouble(error) {
    const words = refusalWords(error);
    announceAssertive(words);
    setText(status, words);
  }

  news.update(flow.client.state);
  connection();
  show(place);
  given.files?.begin();
  void inbox.begin().catch(trouble);
  if (place !== "people") void context.book.read();
  if (shown !== null) {
    const before = shown;
    queueMicrotask(() => { if (!isClosed) open(before); });
  }

  return {
    node,
    focus: heading,
    get back() {
      return chat === null ? undefined : close;
    },
    update() {
      news.update(flow.client.state);
      connection();
      update();
    },
    keep: () => ({ open: shown, drafts, place }),
    unsaved: () => [...drafts.values()].some(({ text }) => text.trim() !== ""),
    close() {
      isClosed = true;
      // How much is new is nobody's to see who is not in.
      document.title = `${say("account.part")} · ${say("name")}`;
      chat?.close();
      people?.close();
      context.book.close();
      inbox.close();
      history.close();
      telling.close();
      viewport.stop();
      unwatch();
      unwatchPresence();
      clearTimeout(patience);
      window.removeEventListener("online", connection);
      window.removeEventListener("offline", connection);
    },
  };
}

/** Whether list and conversation stand side by side. */
const wide = () => window.matchMedia("(min-width: 56.25rem)").matches;
