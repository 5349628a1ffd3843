// The room: wires header, notices, log and composer to one RoomClient.

import { announce } from "./announce.js";
import { cardView } from "./card.js";
import { composer } from "./composer.js";
import { copyButton } from "./copy.js";
import { closePanels, confirm } from "./dialog.js";
import { el, fill } from "./el.js";
import { entries, Order, unsent, waiting } from "./entries.js";
import { header } from "./header.js";
import { keyed } from "./keyed.js";
import { openMenu } from "./menu.js";
import { notices } from "./notices.js";
import { called, People, who } from "./people.js";
import { parts, say } from "./say.js";
import { receipt, sentView } from "./sent.js";
import { duration, moment } from "./times.js";
import { traceView } from "./trace.js";

const TICK_MS = 1000;
const TELL_MS = 150;
const NEAR_END_PX = 120;

const VIEWS = { card: cardView, sent: sentView, trace: traceView };

/**
 * The view of a room. `share` is `{code, link()}` or null; `setWaiting(count)` is told how many cards
 * wait. Gives `{node, focus, close, unsaved}`: `unsaved()` says whether leaving now loses words.
 */
export function roomView({ client, share, setWaiting }) {
  const people = new People();
  const order = new Order();
  const faded = new Set();
  const views = new Map();
  let state = client.state;
  let typingEnabled = true;
  let menu = null;
  let heard = null;
  let telling = 0;

  const localTime = (serverTime) =>
    Number.isFinite(serverTime) ? serverTime - state.clockOffset : NaN;

  const context = {
    client, people, localTime,
    live: () => state.phase === "live",
    viewOf: (id) => views.get(id),
    fade(id) { faded.add(id); client.discard(id); update(); },
    writeAgain(message) { write.take(message.text); context.fade(message.id); },
  };

  const head = header({ people, localTime, openMenu: showMenu });
  const lines = notices({ lock: () => lock(true) });
  const log = el("div", { class: "log", role: "log", "aria-live": "off", "aria-label": say("room.log"), tabindex: "0" });
  const empty = el("div", { class: "empty" });
  const list = el("div", { class: "log-list" });
  log.append(empty, list);
  const typing = el("p", { class: "typing", "aria-live": "off" });
  const write = composer({ send, typing: (on) => client.setTyping(on) });
  const title = el("h1", { class: "visually-hidden", tabindex: "-1" }, say("room.title"));
  const node = el("div", { class: "room" }, title, head.node, lines.node, log,
    el("div", { class: "room-foot" }, typing, write.node));

  const messages = keyed(list, {
    key: (entry) => entry.key,
    make: (entry) => {
      const view = VIEWS[entry.kind](entry.item ?? entry, context);
      return { ...view, update: (next) => view.update(next.item ?? next) };
    },
    onError: () => el("p", { class: "trace" }, say("card.unshowable")),
  });

  function send(text, view) {
    const id = client.send(text, { view });
    views.set(id, view);
    scrollToEnd();
  }

  async function lock(locked) {
    try {
      await client.lock(locked);
    } catch {
      announce(say("announce.not_done"));
    }
  }

  async function leave() {
    const key = unsent(state) > 0 ? "leave.text_unsent" : "leave.text";
    if (await confirm({ title: say("leave.title"), text: say(key, { count: unsent(state) }),
      yes: say("leave.yes"), no: say("leave.no") })) await client.leave();
  }

  async function destroy() {
    if (await confirm({ title: say("destroy.title"), text: say("destroy.text"),
      yes: say("destroy.yes"), no: say("destroy.no"), danger: true })) await destroyNow();
  }

  async function destroyNow() {
    // Clear first: whoever destroys a room wants the screen empty before the network has answered.
    closePanels();
    write.clear();
    node.replaceChildren(el("p", { class: "destroying", role: "alert" }, say("destroy.running")));
    await client.destroy();
  }

  function showMenu() {
    menu = openMenu({
      state, localTime, share, lock, leave, destroy,
      typing: { enabled: typingEnabled, set(on) { typingEnabled = on; client.setTypingEnabled(on); } },
      onClose: () => { menu = null; },
    });
  }

  function onKey(event) {
    const chord = (event.ctrlKey || event.metaKey) && event.altKey && event.key === "Backspace";
    if (!chord) return;
    event.preventDefault();
    destroyNow();
  }

  function update() {
    state = client.state;
    if (state.phase === "ended") return;
    people.update(state);
    head.update(state);
    lines.update(state);
    const near = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
    const focusWasIn = list.contains(document.activeElement);
    const shown = entries(state, order, faded);
    messages.update(shown);
    if (focusWasIn && !list.contains(document.activeElement)) refocus();
    showEmpty(shown.length === 0);
    showTyping();
    menu?.update(state);
    setWaiting(waiting(state));
    // A little later: names are decrypted after their members are known.
    telling ||= setTimeout(tell, TELL_MS);
    if (near) scrollToEnd();
  }

  function refocus() {
    // What held the focus is gone: the next card that waits, or the place to write.
    const next = list.querySelector(".seal[aria-disabled='false']");
    if (next === null) write.focus();
    else next.focus();
  }

  const scrollToEnd = () => requestAnimationFrame(() => { log.scrollTop = log.scrollHeight; });

  let emptyKey = "";
  function showEmpty(isEmpty) {
    empty.hidden = !isEmpty;
    if (!isEmpty || state.room === null) return;
    const alone = people.here().every((person) => person.me);
    const key = alone ? "alone" : "together";
    if (key === emptyKey) return;
    emptyKey = key;
    if (!alone) {
      fill(empty, el("p", { class: "empty-title" }, say("room.together")), el("p", {}, say("room.together_hint")));
      return;
    }
    fill(empty,
      el("p", { class: "empty-title" }, say("room.alone")),
      el("p", {}, say("room.alone_hint", {
        until: moment(localTime(state.room.expiresAt)), time: duration(state.room.messageTtl),
      })),
      share === null ? null : el("div", { class: "button-row" },
        copyButton({ label: say("share.copy_code"), name: "copy", text: () => share.code }),
        copyButton({ label: say("share.copy_link"), name: "link", text: share.link })));
  }

  function showTyping() {
    const writers = state.typing.map((id) => people.get(id)).filter((person) => !person.me);
    typing.classList.toggle("on", writers.length > 0);
    if (writers.length === 1) fill(typing, parts("room.typing", { name: who(writers[0]) }));
    else if (writers.length > 1) fill(typing, say("room.typing_many", { count: writers.length }));
    else fill(typing);
  }

  /** Tells a screen reader what has changed since it was told last; never a text. */
  function tell() {
    telling = 0;
    const now = {
      cards: new Set(state.cards.map((card) => card.id)),
      here: new Map(people.here().filter((p) => !p.me).map((p) => [p.id, p.present])),
      sent: new Map(state.sent.map((message) => [message.id, message.state])),
      locked: state.room?.locked,
    };
    if (heard !== null) {
      for (const card of state.cards) {
        if (!heard.cards.has(card.id)) announce(say("announce.card", { name: called(people.get(card.author)) }));
      }
      for (const [id, present] of now.here) {
        const name = called(people.get(id));
        if (!heard.here.has(id)) announce(say("announce.joined", { name, count: state.room?.joins ?? 0 }));
        else if (heard.here.get(id) !== present) announce(say(present ? "announce.back" : "announce.away", { name }));
      }
      for (const id of heard.here.keys()) {
        if (!now.here.has(id)) announce(say("announce.left", { name: called(people.get(id)) }));
      }
      for (const message of state.sent) {
        const before = heard.sent.get(message.id);
        if (before !== undefined && before !== message.state && message.state !== "opened") {
          announce(receipt(message, context));
        }
      }
      if (heard.locked !== undefined && heard.locked !== now.locked) {
        announce(say(now.locked ? "announce.locked" : "announce.unlocked"));
      }
    }
    heard = now;
  }

  client.addEventListener("change", update);
  document.addEventListener("keydown", onKey);
  const timer = setInterval(() => lines.tick(), TICK_MS);
  update();
  scrollToEnd();

  return {
    node,
    focus: { focus: () => write.focus() },
    unsaved: () => write.hasDraft() || unsent(state) > 0,
    close() {
      clearInterval(timer);
      clearTimeout(telling);
      client.removeEventListener("change", update);
      document.removeEventListener("keydown", onKey);
      closePanels();
      messages.close();
      setWaiting(0);
    },
  };
}
