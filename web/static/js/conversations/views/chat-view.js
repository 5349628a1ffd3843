/** One conversation: who is in it, what was said, and where one writes. */

import { announce, announceAssertive } from "../../ui/announce.js";
import { el, fill, setText } from "../../ui/el.js";
import { isolated, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { duration } from "../../ui/times.js";
import { noticeOf } from "../../account/views/asking.js";
import { button } from "../../account/views/frame.js";
import { fromBase64url } from "../../protocol/encoding.js";
import { isPassing } from "../../protocol/errors.js";
import { isAwaited } from "../deadlines.js";
import { changeNotice, changedPanel } from "./changed-panel.js";
import { chatComposer } from "./chat-composer.js";
import { chatEntries } from "./chat-entries.js";
import { chatLog } from "./chat-log.js";
import { ChatWindow } from "./chat-window.js";
import { dropping } from "./dropping.js";
import { hearing } from "./hearing.js";
import { KeptDraft } from "./kept-draft.js";
import { messageMenu } from "./message-menu.js";
import { markNode, markOf, personOf, titleOf } from "./names.js";
import { hereNode, isHere, watchPresence } from "./presence-mark.js";
import { refusalWords } from "./refusal-words.js";
import { reportPanel } from "./report-panel.js";
import { waysOn } from "./ways-on.js";

/** Without another word of it, somebody who wrote has stopped. */
const TYPING_MS = 6000;
/** What is looked at is told after a moment: somebody may only pass by. */
const LOOKED_MS = 400;
/** Whoever writes at once waits so long at most for what has become of those who are to read it. */
const MEETING_MS = 2000;
const CHAIN_BYTES = 32;
/** Of refusals: what was to be said is not kept. */
const UNSAID = ["content_form", "not_member", "conversation_unknown"];

/**
 * @typedef {import("./messenger-screen.js").Context} Context
 * @typedef {import("../conversation.js").View} View
 * @typedef {import("./chat-composer.js").Draft} Draft
 * @typedef {import("./chat-entries.js").MessageEntry} MessageEntry
 * @typedef {{view: View, names: import("./names.js").Called, pictures: import("./names.js").Pictures, receipts: import("../shown.js").Receipts,
 *   profiles: {[chain: string]: {name: string}}}} Known
 */

/**
 * @param {Context} context
 * @param {string} id
 * @param {{draft: Draft, back: () => void, menu: (known: Known) => void}} given  `menu`: what can be done with all of it
 */
export function chatView(context, id, { draft, back, menu }) {
  const { talk, live, flow, me, files } = context;
  const conversation = talk.of(id);
  const window = new ChatWindow(conversation.shown);
  const title = el("h2", { class: "chat-title notranslate", translate: "no", tabindex: "-1", dir: "auto" });
  const about = el("p", { class: "chat-about hint" });
  const mark = el("span", { class: "chat-mark" });
  const more = el("button", { type: "button", class: "button quiet menu-button", "aria-label": say("conversations.menu"),
    on: { click: () => { if (known !== null) menu(known); } } }, icon("menu"));
  // Over the name, which may be cut where a button's may not.
  const person = el("button", { type: "button", class: "chat-person", hidden: true, "aria-label": say("conversations.member.look"), on: { click: aboutPerson } });
  const notice = el("div", { class: "chat-notice", role: "status" });
  const typing = el("p", { class: "typing", "aria-live": "off" });
  /** @type {Known|null} */
  let known = null;
  let unread = 0;
  let isClosed = false;
  let isStale = false;
  let isReading = false;
  /** Receipts are asked of the server once. @type {import("../shown.js").Receipts} */
  let receipts = {};
  /** What has become of its people, which nobody has been told of yet. @type {import("../people.js").Change[]} */
  let changes = [];
  /** How their chains go on was asked, once this was opened. */
  const met = conversation.lookAtPeople().catch(() => undefined).then(() => changed()).then(() => { isMet = true; });
  let isMet = false;
  const kept = new KeptDraft(draft, (text) => talk.draft(id, text));
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let typed;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let looked;

  const log = chatLog({
    of, byDevice, namesOf, isGroup: () => (known?.view.people.length ?? 0) > 2, offset: () => flow.client.state.clockOffset,
    menu: (entry, from) => messageMenu(entry, from, {
      talk, id, me, now: Date.now() + flow.client.state.clockOffset, isWritable: known?.view.standing === "following", trouble,
      forget: files === null ? null : files.remove,
      edit: () => composer.edit(aboutOf(entry)), reply: () => composer.reply(aboutOf(entry)), report: () => report(entry, from),
    }),
    again: () => void conversation.flush().catch(trouble),
    files: files === null ? null : (entry, place) => files.show(id, entry, place),
    quoted: (entry) => void goTo(entry.line?.content?.body.of),
    older: () => void window.older().then(drawnIf),
    newer: () => void window.newer().then(drawnIf),
    toEnd: () => window.toEnd().then(draw),
    looked: look,
  });
  const composer = chatComposer({ draft, send: (said) => void send(said), typing: () => live.typing(id), up: editLast, people: nameable, paused: () => kept.write(),
    attach: files === null ? null : attach });
  const node = el("section", { class: "chat", "aria-label": say("conversations.chat") },
    el("header", { class: "chat-head" },
      el("button", { type: "button", class: "button quiet chat-back", "aria-label": say("conversations.to_list"), on: { click: back } }, icon("reply")),
      mark, el("div", { class: "chat-who" }, title, about, person), more),
    log.node,
    el("div", { class: "chat-foot" }, typing, notice, composer.node));

  if (files !== null) dropping(node, () => !composer.node.hidden, attach);

  const hear = hearing(me, of);
  const unsubscribe = talk.subscribe((one, event) => {
    if (event?.type === "contact" || event?.type === "chain") void changed();
    if (one !== id) return;
    if (event?.type === "typing") somebodyTypes(event);
    else void read();
  });
  const unwatchPresence = watchPresence(talk, draw);
  document.addEventListener("visibilitychange", look);
  talk.look(id);
  void read();

  /** @param {string} chain */
  function of(chain) {
    return personOf(chain, known?.names ?? {}, me);
  }

  /** What somebody is called there, by themselves and here. @param {string} chain */
  function namesOf(chain) {
    return [known?.profiles[chain]?.name, known?.names[chain]].filter((name) => name !== undefined);
  }

  /** Whom one can name so that others know who is meant: what they are called here is nobody else's. */
  function nameable() {
    if (known === null) return [];
    const { view: { people }, profiles } = known;
    return people.filter(({ chain }) => chain !== me && profiles[chain] !== undefined)
      .map(({ chain }) => ({ ...of(chain), name: profiles[chain].name }));
  }

  /** Whose device it is, as far as the lines tell. @param {string} device */
  function byDevice(device) {
    const chain = newest(window.lines, (value) => value.device === device && typeof value.chain === "string")?.value.chain;
    return chain === undefined ? null : of(chain);
  }

  /** @param {MessageEntry} entry */
  const aboutOf = ({ line, chain, text }) => ({ line, text: text ?? "", label: of(chain).label });

  async function read() {
    isStale = true;
    if (isReading) return;
    isReading = true;
    while (isStale && !isClosed) {
      isStale = false;
      try {
        const { shown } = conversation;
        const [view, names, pictures, profiles] = await Promise.all([conversation.view(), talk.names(id), talk.pictures(id), shown.profiles(), window.refresh()]);
        if (isClosed) break;
        if (known === null) unread = view.mark;
        // Whoever was writing has sent it.
        if (view.place > (known?.view.place ?? 0)) setText(typing, "");
        known = { view, names, pictures, profiles, receipts };
        await changed();
        draw();
        hear(window.lines);
        look();
        // What others have is the server's to say: nobody waits for that.
        receipts = await conversation.shown.receipts().catch(() => receipts);
        known.receipts = receipts;
        if (!isClosed) draw();
      } catch (error) {
        if (!isClosed) trouble(error);
      }
    }
    isReading = false;
  }

  /** @param {MessageEntry} entry  @param {HTMLElement} from */
  function report({ place, line, chain }, from) {
    reportPanel({ place, value: line }, { conversation, lines: window.lines, author: of(chain), offset: flow.client.state.clockOffset, closed: () => from.focus() });
  }

  /** @param {boolean} isNew */
  function drawnIf(isNew) {
    if (isNew && !isClosed) draw();
  }

  function draw() {
    if (known === null || isClosed) return;
    const { view, names, pictures, profiles } = known;
    const named = { ...view, names, pictures };
    setText(title, titleOf(named, me));
    person.hidden = alone() === undefined;
    fill(mark, markNode(markOf(named, me)));
    const facts = [
      view.people.length > 2 || view.card !== null ? say("conversations.people", { count: view.people.length }) : "",
      view.timer > 0 ? say("conversations.timer.is", { time: duration(view.timer) }) : "",
    ].filter((one) => one !== "").join(" · ");
    const other = view.people.length === 2 ? view.people.find(({ chain }) => chain !== me) : undefined;
    const here = isHere(talk, other?.chain) ? hereNode() : null;
    fill(about, here, here !== null && facts !== "" ? " · " : null, facts);
    stands(view);
    const offset = flow.client.state.clockOffset;
    log.update(chatEntries({
      lines: window.lines, waiting: window.isAtEnd ? view.waiting : [], me, device: flow.client.state.device ?? "", receipts, unread,
      day: (at) => new Date(at - offset).toDateString(),
    }), { isWhole: window.isWhole, isAtEnd: window.isAtEnd, context: JSON.stringify([view.people.length, names, Object.entries(profiles).map(([chain, { name }]) => [chain, name])]) });
  }

  /** With one person alone the head leads to their page. */
  function aboutPerson() {
    const other = alone();
    if (other !== undefined) context.contact({ chain: other.chain, name: known?.names[other.chain] ?? null });
  }

  function alone() {
    const others = known?.view.people.filter(({ chain }) => chain !== me) ?? [];
    return known?.view.card === null && others.length === 1 ? others[0] : undefined;
  }

  /** Who may not be who they were. */
  async function changed() {
    if (known === null || known.view.standing !== "following") return;
    const others = known.view.people.map(({ chain }) => chain).filter((chain) => chain !== me);
    changes = await talk.everybody.changes(others).catch(() => changes);
    if (!isClosed) stands(known.view);
  }

  /** What stands in the way of writing, and what is to be known. @param {View} view */
  function stands(view) {
    const { standing, why, copied } = view;
    const follows = standing === "following";
    composer.node.hidden = !follows;
    const key = copied ? "copied" : follows && changes.length > 0 ? `changed ${JSON.stringify(changes)}` : follows ? null : standing === "refused" && ["server_back", "log_fork"].includes(why ?? "") ? "server_back" : standing;
    if (notice.dataset.key === (key ?? "")) return;
    notice.dataset.key = key ?? "";
    if (!copied && follows && changes.length > 0) {
      return void fill(notice, changes.map((change) => changeNotice(change, of(change.chain).label)),
        el("div", { class: "button-row" }, button("secondary small", say("conversations.changed.way"), () => void interrupted())));
    }
    fill(notice, key === null ? null : noticeOf(say(`conversations.standing.${key}`), follows ? "warning" : "leave"),
      follows ? null : waysOn(context, view, back));
  }

  /** @param {Record<string, any>} event */
  function somebodyTypes({ device, chain }) {
    if (flow.client.state.devices.some((one) => one.id === device)) return;
    setText(typing, chain === null ? say("conversations.somebody_types") : say("conversations.types", { name: isolated(of(chain).label) }));
    clearTimeout(typed);
    typed = setTimeout(() => setText(typing, ""), TYPING_MS);
  }

  /** What stands there is looked at: that is told the others, and timers run from now on. */
  function look() {
    clearTimeout(looked);
    if (document.visibilityState !== "hidden") looked = setTimeout(() => void lookNow().catch(trouble), LOOKED_MS);
  }

  async function lookNow() {
    if (isClosed || known === null || document.visibilityState === "hidden" || !log.isAtEnd() || !window.isAtEnd) return;
    const theirs = window.lines.filter(({ value }) => value.kind === "message" && value.content !== null);
    for (const { place, value } of window.lines) if (isAwaited(value)) await conversation.seen(place);
    const upTo = newest(theirs, ({ chain }) => chain !== me)?.place ?? 0;
    if (upTo > known.view.mark) await talk.read(id, upTo);
  }

  /** Tells what has become of somebody here. @returns {Promise<boolean>} whether it goes on */
  async function interrupted() {
    const goesOn = await changedPanel(context, changes, (chain) => of(chain).label);
    if (!isClosed) await changed();
    return goesOn;
  }

  /** @param {import("./chat-composer.js").Said} said */
  async function send({ text, reply, edit, mentions }) {
    let isWaiting = false;
    const release = edit === null ? kept.hold(text) : () => undefined;
    const waits = () => {
      isWaiting = true;
      release();
    };
    // What waits for this page alone is written down; else it is in the outbox sooner.
    if (!isMet) kept.write();
    await Promise.race([met, new Promise((resolve) => { setTimeout(resolve, MEETING_MS); })]);
    await changed();
    if (changes.length > 0) {
      kept.write();
      if (!(await interrupted())) {
        takeBack({ text, reply, edit });
        return void release();
      }
    }
    unread = 0;
    const { says } = conversation;
    const whom = mentions.map((chain) => fromBase64url(chain, CHAIN_BYTES));
    const work = edit !== null ? says.edit(edit.line, text, whom, waits) : reply !== null ? says.reply(reply.line, text, whom, waits) : says.text(text, whom, waits);
    void toEnd();
    try {
      await work;
    } catch (error) {
      const refusal = /** @type {import("../../protocol/errors.js").Refusal} */ (error);
      // What can't be sent now waits, and says so where it stands.
      if (isWaiting && isPassing(refusal)) return;
      if (!isWaiting || UNSAID.includes(refusal.code)) takeBack({ text, reply, edit });
      trouble(error);
    } finally {
      release();
    }
  }

  /** What was picked, dropped or pasted is to be sent, to those who are still who they were. @param {File[]} picked */
  async function attach(picked) {
    await changed();
    if (changes.length > 0 && !(await interrupted())) return;
    try {
      await files?.pick(id, picked, known?.view.timer ?? 0);
    } catch (error) {
      trouble(error);
    }
    composer.focus();
  }

  /** What isn't said after all. @param {Draft} said */
  function takeBack({ text, reply, edit }) {
    if (edit !== null) return void composer.edit({ ...edit, text });
    composer.take(text);
    if (reply !== null) composer.reply(reply);
  }

  async function toEnd() {
    if (!window.isAtEnd) await window.toEnd().then(draw);
    log.toEnd();
  }

  /** Goes to another message, wherever it stands. @param {{device: string, id: string}|undefined} message */
  async function goTo(message) {
    const found = message === undefined ? null : await conversation.shown.find(message);
    if (found === null) return void announce(say("conversations.not_here"));
    if (!window.lines.some(({ place }) => place === found.place)) await window.around(found.place);
    draw();
    log.show(found.value.id);
  }

  /** @param {unknown} error */
  function trouble(error) {
    const words = refusalWords(error);
    announceAssertive(words);
    notice.dataset.key = "trouble";
    fill(notice, noticeOf(words));
  }

  /** The arrow up goes to the last thing that one has said, to mend it. */
  function editLast() {
    const last = newest(window.lines, ({ kind, chain, content }) => kind === "message" && chain === me && content !== null && content.kind !== "file");
    if (last === undefined) return;
    composer.edit({ line: last.value, text: String(last.value.content.body.text), label: say("conversations.you") });
    announce(say("conversations.editing"));
  }

  return {
    node, id, goTo,
    renamed: () => void read(),
    focus: () => { if (composer.node.hidden) title.focus(); else composer.focus(); },
    close() {
      isClosed = true;
      unsubscribe();
      unwatchPresence();
      document.removeEventListener("visibilitychange", look);
      for (const timer of [typed, looked]) clearTimeout(timer);
      composer.close();
      log.close();
    },
  };
}

/** The newest line of which this holds. @param {readonly import("../store.js").Shown[]} lines  @param {(value: any) => boolean} holds */
const newest = (lines, holds) => [...lines].reverse().find(({ value }) => holds(value));
