/** One conversation: who is in it, what was said, and where one writes. */

import { announce, announceAssertive } from "../../ui/announce.js";
import { el, fill, setText } from "../../ui/el.js";
import { excerpt } from "../../ui/graphemes.js";
import { isolated, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { noticeOf } from "../../account/views/asking.js";
import { isPassing } from "../../protocol/errors.js";
import { chatComposer } from "./chat-composer.js";
import { chatEntries } from "./chat-entries.js";
import { chatLog } from "./chat-log.js";
import { ChatWindow } from "./chat-window.js";
import { messageMenu } from "./message-menu.js";
import { markNode, profilesOf } from "./names.js";
import { Reached } from "./reached.js";
import { refusalWords } from "./refusal-words.js";
import { waysOn } from "./ways-on.js";

/** Without another word of it, somebody who wrote has stopped. */
const TYPING_MS = 6000;
/** What is looked at is told after a moment: somebody may only pass by. */
const LOOKED_MS = 400;
/** What is answered stands above the answer with so much of it. */
const QUOTED = 160;
/** Among more people than these nobody says how far they have read. */
const READERS = 20;

/**
 * @typedef {import("./messenger-screen.js").Context} Context
 * @typedef {import("./names.js").View} View
 * @typedef {import("./chat-composer.js").Draft} Draft
 * @typedef {import("./chat-entries.js").MessageEntry} MessageEntry
 */

/**
 * @param {Context} context
 * @param {string} id
 * @param {{draft: Draft, back: () => void, menu: (view: View) => void}} given  `menu`: what can be done with all of it
 */
export function chatView(context, id, { draft, back, menu }) {
  const { talk, live, names, flow } = context;
  const conversation = talk.of(id);
  const window = new ChatWindow(conversation);
  const reached = new Reached(flow.client.state.devices.map((one) => one.id));
  const title = el("h2", { class: "chat-title notranslate", translate: "no", tabindex: "-1", dir: "auto" });
  const about = el("p", { class: "chat-about hint" });
  const mark = el("span", { class: "chat-mark" });
  const more = el("button", { type: "button", class: "button quiet menu-button", "aria-label": say("conversations.menu"),
    on: { click: () => { if (view !== null) menu(view); } } }, icon("menu"));
  const notice = el("div", { class: "chat-notice", role: "status" });
  const typing = el("p", { class: "typing", "aria-live": "off" });
  /** @type {View|null} */
  let view = null;
  let unread = 0;
  let isClosed = false;
  let isStale = false;
  let isReading = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let typed;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let looked;
  let lookedAt = 0;

  const log = chatLog({
    of: (chain) => names.of(chain, view === null ? {} : profilesOf(view)),
    byDevice: (device) => personOf(device),
    isGroup: () => (view?.people.length ?? 0) > 2,
    offset: () => flow.client.state.clockOffset,
    menu: (entry, from) => messageMenu(entry, from, {
      conversation, me: talk.me, now: Date.now() + flow.client.state.clockOffset, isWritable: view?.standing === "following", trouble,
      edit: () => composer.edit(aboutOf(entry)), reply: () => composer.reply(aboutOf(entry)),
    }),
    again: () => void flush(),
    older: () => void older(),
    looked: look,
  });
  const composer = chatComposer({ draft, send: (said) => void send(said), typing: () => live.typing(id), up: editLast });
  const foot = el("div", { class: "chat-foot" }, typing, notice, composer.node);
  const node = el("section", { class: "chat", "aria-label": say("conversations.chat") },
    el("header", { class: "chat-head" },
      el("button", { type: "button", class: "button quiet chat-back", "aria-label": say("conversations.to_list"), on: { click: back } }, icon("reply")),
      mark, el("div", { class: "chat-who" }, title, about), more),
    log.node, foot);

  const unsubscribe = talk.subscribe((one, event) => {
    if (one !== id) return;
    if (event === null) void read();
    else if (event.type === "typing") somebodyTypes(event.device);
    else if (event.type === "receipt" && reached.hear(event.receipts)) draw();
  });
  document.addEventListener("visibilitychange", look);
  talk.look(id);
  void read();

  /** @param {string} device */
  function personOf(device) {
    const others = (view?.people ?? []).filter(({ chain: one }) => one !== talk.me);
    const chain = view?.devices?.[device] ?? newest(window.lines, (value) => value.device === device && value.chain !== undefined)?.value.chain
      ?? (others.length === 1 ? others[0].chain : undefined);
    return chain === undefined ? null : names.of(chain, view === null ? {} : profilesOf(view));
  }

  /** @param {MessageEntry} entry */
  const aboutOf = (entry) => ({ device: entry.device, id: entry.id, text: entry.text ?? "", label: names.of(entry.chain, view === null ? {} : profilesOf(view)).label });

  async function read() {
    isStale = true;
    if (isReading) return;
    isReading = true;
    while (isStale && !isClosed) {
      isStale = false;
      const [now] = await Promise.all([conversation.view().catch(() => null), window.refresh()]);
      if (isClosed || now === null) continue;
      if (view === null) unread = now.reads[talk.me] ?? 0;
      // Whoever was writing has sent it.
      if (now.place > (view?.place ?? 0)) setText(typing, "");
      view = now;
      draw();
      look();
    }
    isReading = false;
  }

  async function older() {
    if (await window.older() && !isClosed) draw();
  }

  function draw() {
    if (view === null) return;
    const people = view.people.length;
    setText(title, names.title(view));
    fill(mark, markNode(names.mark(view)));
    setText(about, people > 2 || view.card !== null ? say("conversations.people", { count: people }) : "");
    stands(view);
    const entries = chatEntries({
      lines: window.lines, waiting: view.waiting, me: talk.me, device: flow.client.state.device ?? "", reads: view.reads,
      delivered: reached.upTo(view.delivered), unread, day: (at) => new Date(at - flow.client.state.clockOffset).toDateString(),
    });
    log.update(entries, { isWhole: window.isWhole, context: JSON.stringify([people, profilesOf(view), names.version]) });
  }

  /** What stands in the way of writing, and what is to be known. @param {View} view */
  function stands(view) {
    const { standing, why, copied } = view;
    const follows = standing === "following";
    composer.node.hidden = !follows;
    const key = copied ? "copied" : follows ? null : standing === "refused" ? (why === "server_back" || why === "log_fork" ? "server_back" : "refused") : standing;
    const sentence = key === null ? "" : say(`conversations.standing.${key}`);
    if (notice.textContent !== sentence) fill(notice, sentence === "" ? null : noticeOf(sentence, follows ? "warning" : "leave"));
    if (key === null || copied) return;
    fill(notice, noticeOf(sentence, "leave"), waysOn(context, view, back));
  }

  /** @param {string} device */
  function somebodyTypes(device) {
    if (flow.client.state.devices.some((one) => one.id === device)) return;
    const person = personOf(device);
    setText(typing, person === null ? say("conversations.somebody_types") : say("conversations.types", { name: isolated(person.label) }));
    clearTimeout(typed);
    typed = setTimeout(() => setText(typing, ""), TYPING_MS);
  }

  /** What stands there is looked at: that is told the others, and timers run from now on. */
  function look() {
    clearTimeout(looked);
    if (document.visibilityState === "hidden") return;
    looked = setTimeout(() => void lookNow(), LOOKED_MS);
  }

  async function lookNow() {
    if (isClosed || view === null || view.standing !== "following" || document.visibilityState === "hidden" || !log.isAtEnd()) return;
    const theirs = window.lines.filter(({ value }) => value.kind === "message" && value.content !== null);
    for (const { place, value } of theirs) if (value.timer > 0 && value.until === undefined) await conversation.seen(place);
    const upTo = newest(theirs, ({ chain }) => chain !== talk.me)?.place ?? 0;
    if (upTo <= Math.max(lookedAt, view.reads[talk.me] ?? 0) || view.people.length > READERS) return;
    lookedAt = upTo;
    await conversation.send("read", { place: upTo }).catch(() => { lookedAt = 0; });
  }

  /** @param {Draft} said */
  async function send({ text, reply, edit }) {
    clearTimeout(typed);
    try {
      if (edit !== null) await conversation.say("edit", { of: { device: edit.device, id: edit.id }, text, mentions: [] });
      else if (reply !== null) {
        await conversation.say("reply", { text, mentions: [], of: { device: reply.device, id: reply.id }, quote: excerpt(reply.text, QUOTED) });
      } else await conversation.say("text", { text, mentions: [] });
    } catch (error) {
      composer.take(text);
      return void trouble(error);
    }
    log.toEnd();
    unread = 0;
    await flush();
  }

  async function flush() {
    // What can't be sent now waits, and says so where it stands.
    await conversation.flush().catch((error) => { if (!isPassing(error)) trouble(error); });
  }

  /** @param {unknown} error */
  function trouble(error) {
    const words = refusalWords(error);
    announceAssertive(words);
    fill(notice, noticeOf(words));
  }

  /** The arrow up goes to the last thing that one has said, to mend it. */
  function editLast() {
    const last = newest(window.lines, ({ kind, chain, content }) => kind === "message" && chain === talk.me && content !== null);
    if (last === undefined) return;
    const { device, id: message, content } = last.value;
    composer.edit({ device, id: message, text: String(content.body.text), label: say("conversations.you") });
    announce(say("conversations.editing"));
  }

  return {
    node, id,
    focus: () => { if (composer.node.hidden) title.focus(); else composer.focus(); },
    /** What is told in the head may be called something else. */
    update: draw,
    redraw: () => void read(),
    close() {
      isClosed = true;
      unsubscribe();
      document.removeEventListener("visibilitychange", look);
      for (const timer of [typed, looked]) clearTimeout(timer);
      log.close();
    },
  };
}

/** The newest line of which this holds. @param {readonly import("../store.js").Shown[]} lines  @param {(value: any) => boolean} holds */
const newest = (lines, holds) => [...lines].reverse().find(({ value }) => holds(value));
