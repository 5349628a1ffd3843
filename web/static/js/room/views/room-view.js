// The room: wires header, notices, log and composer to one RoomClient.

import { QUOTE_POINTS } from "../../protocol/limits.js";
import { announce } from "../../ui/announce.js";
import { closePanels, confirm } from "../../ui/dialog.js";
import { el, fill, setText } from "../../ui/el.js";
import { excerpt } from "../../ui/graphemes.js";
import { parts, say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { shallowEqual, keyedList } from "../../ui/keyed-list.js";
import { scrollAnchor } from "../../ui/scroll-anchor.js";
import { duration, moment } from "../../ui/times.js";
import { followViewport } from "../../ui/visual-viewport.js";
import { cardView } from "./card-view.js";
import { composer } from "./composer.js";
import { destroying as destroyingView, onChord } from "./destroying.js";
import { isLast, logEntries, unsent, waiting } from "./log-entries.js";
import { notices } from "./notices.js";
import { People, who } from "./people.js";
import { roomAnnouncer } from "./room-announcer.js";
import { roomHeader } from "./room-header.js";
import { forgetRoom, memoryOf } from "./room-memory.js";
import { openMenu, shareNode } from "./room-menu.js";
import { sentView } from "./sent-view.js";
import { traceView } from "./trace-view.js";

const TICK_MS = 1000;

const VIEWS = { card: cardView, sent: sentView, trace: traceView };

/**
 * The view of a room. `share` is `{code, link(), panel()?}` or null; `setWaiting(count)` is told how
 * many cards wait; `hide()`, if given, covers the page. Gives `{node, focus, close, unsaved, leave}`:
 * `unsaved()` says whether leaving now loses words, `leave()` asks and leaves. A view that is made
 * again for the same client goes on where the one before was closed.
 */
export function roomView({ client, share, setWaiting, hide = null }) {
  const people = new People();
  const memory = memoryOf(client);
  let state = client.state;
  let menu = null;
  let known = null;
  let behind = 0;
  let destroying = false;

  const localTime = (serverTime) =>
    Number.isFinite(serverTime) ? serverTime - state.clockOffset : NaN;

  const context = {
    client, people, memory, localTime,
    live: () => state.phase === "live",
    everyone: () => state.room?.policy === 2,
    fade(id) { memory.faded.add(id); client.discard(id); update(); },
    writeAgain(message) { write.take(message); context.fade(message.id); },
    reply({ text, author }) { write.quote({ text: excerpt(text, QUOTE_POINTS), author }); },
    hold: () => where.stay(),
  };

  const head = roomHeader({ people, localTime, openMenu: showMenu });
  const lines = notices({ lock: () => lock(true), people, memory, localTime, refocus: () => log.focus({ preventScroll: true }) });
  const empty = el("div", { class: "empty" });
  const list = el("div", { class: "log-list" });
  const log = el("div", { class: "log", role: "log", "aria-live": "off", "aria-label": say("room.log"), tabindex: "0" }, empty, list);
  const pillText = el("span", {});
  const pill = el("button", { type: "button", class: "button pill", hidden: true, on: { click: toNew } },
    icon("down"), pillText);
  const typing = el("p", { class: "typing", "aria-live": "off" });
  const write = composer({ send, typing: (on) => client.setTyping(on), draft: memory.draft, people });
  const node = el("div", { class: "room" },
    el("h1", { class: "visually-hidden", tabindex: "-1" }, say("room.title")),
    head.node,
    el("div", { class: "talk" }, lines.node,
      el("div", { class: "log-frame" }, log, pill),
      el("div", { class: "room-foot" }, typing, write.node)));

  const where = scrollAnchor(log, list, {
    moved: showPill,
    busy: () => document.activeElement?.closest(".opened") != null && list.contains(document.activeElement),
  });
  const seen = followViewport(node);
  const announcer = roomAnnouncer({ people, context, pass: lines.pass });

  const messages = keyedList(list, {
    key: (entry) => entry.key,
    make: (entry) => {
      const view = VIEWS[entry.kind](entry.item ?? entry, context);
      return { ...view, update: (next) => view.update(next.item ?? next) };
    },
    onError: () => el("p", { class: "trace" }, say("card.unshowable")),
    same: (one, other) => shallowEqual(one.item ?? one, other.item ?? other),
  });

  function send(text, view, quote) {
    const id = client.send(text, quote === null ? { view } : { view, quote });
    memory.views.set(id, view);
    where.toEnd();
  }

  async function lock(locked) {
    try {
      await client.lock(locked);
    } catch {
      announce(say("announce.not_done"));
    }
  }

  async function leave() {
    const key = isLast(state) ? "leave.text_last" : unsent(state) > 0 ? "leave.text_unsent" : "leave.text";
    if (await confirm({ title: say("leave.title"), text: say(key, { count: unsent(state) }),
      yes: say("leave.yes"), no: say("leave.no") })) await client.leave();
  }

  async function destroy() {
    if (await confirm({ title: say("destroy.title"), text: say("destroy.text"),
      yes: say("destroy.yes"), no: say("destroy.no"), danger: true })) await destroyNow();
  }

  async function destroyNow() {
    if (destroying) return;
    // Clear first: whoever destroys a room wants the screen empty before the network has answered.
    destroying = true;
    noChord();
    closePanels();
    write.clear();
    messages.close();
    forgetRoom(client);
    const words = destroyingView();
    node.replaceChildren(words);
    words.focus();
    setWaiting(0);
    await client.destroy();
  }

  function showMenu() {
    menu = openMenu({
      state, localTime, share, lock, hide, leave, destroy, record: () => client.record(),
      typing: {
        enabled: memory.typingEnabled,
        set(on) { memory.typingEnabled = on; client.setTypingEnabled(on); },
      },
      onClose: () => { menu = null; },
    });
  }

  function update() {
    if (destroying) return;
    state = client.state;
    if (state.phase === "ended") {
      forgetRoom(client);
      return;
    }
    people.update(state);
    head.update(state);
    lines.update(state);
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    const place = [...list.children].findIndex((one) => one.contains(focused));
    const shown = logEntries(state, memory.order, memory.faded);
    // Counted first: what comes while one reads further up is announced by the pill.
    const cards = shown.filter((entry) => entry.kind === "card").map((entry) => entry.key);
    if (known !== null && !where.following()) behind += cards.filter((key) => !known.has(key)).length;
    known = new Set(cards);
    where.keep(() => {
      messages.update(shown, `${state.phase} ${state.clockOffset} ${people.version}`);
      showEmpty(shown.length === 0);
    });
    if (focused !== null && document.activeElement !== focused) refocus(focused, place);
    showPill();
    showTyping();
    menu?.update(state);
    setWaiting(waiting(state));
    announcer.update(state);
  }

  function refocus(focused, place) {
    // A view has put the focus where it belongs, or what held it is still there and was moved.
    if (list.contains(document.activeElement)) return;
    if (focused.isConnected) {
      focused.focus({ preventScroll: true });
      return;
    }
    // What held the focus is gone: the next card that waits, or the one before, or the place to write.
    const waits = [...list.children].map((one) => one.querySelector(".seal[aria-disabled='false']"));
    const next = waits.slice(place).find(Boolean) ?? waits.reverse().find(Boolean);
    if (next === undefined) write.focus();
    else next.focus();
  }

  function showPill() {
    if (behind > 0 && (where.following() || where.endInSight())) behind = 0;
    pill.hidden = behind === 0;
    if (behind > 0) setText(pillText, say("room.new", { count: behind }));
  }

  function toNew() {
    where.toEnd();
    log.focus({ preventScroll: true });
  }

  /** What stands in the place of messages; an invitation stays until somebody has come. */
  function showEmpty(nothing) {
    if (state.room === null) return;
    const alone = people.here().every((person) => person.me);
    const kind = alone && (nothing || state.room.joins <= 1) ? "alone" : nothing ? "together" : "none";
    if (kind === empty.dataset.kind) return;
    const focused = empty.contains(document.activeElement);
    empty.dataset.kind = kind;
    empty.hidden = kind === "none";
    fill(empty, kind === "alone" ? aloneParts() : kind === "together" ? togetherParts() : null);
    if (focused) write.focus();
    if (kind === "alone") {
      where.stay();
      log.scrollTop = 0;
    } else {
      where.toEnd();
    }
  }

  const togetherParts = () => [
    el("p", { class: "empty-title" }, say("room.together")), el("p", {}, say("room.together_hint")),
  ];

  const aloneParts = () => [
    share === null ? null : shareNode(share),
    el("p", { class: "empty-title" }, say("room.alone")),
    el("p", {}, share === null ? say("menu.code_forgotten") : say("room.alone_hint", {
      until: moment(localTime(state.room.expiresAt)), time: duration(state.room.messageTtl),
    })),
  ];

  function showTyping() {
    const writers = state.typing.map((id) => people.get(id)).filter((person) => !person.me);
    typing.classList.toggle("on", writers.length > 0);
    if (writers.length === 1) fill(typing, parts("room.typing", { name: who(writers[0]) }));
    else if (writers.length > 1) fill(typing, say("room.typing_many", { count: writers.length }));
    else fill(typing);
  }

  client.addEventListener("change", update);
  const noChord = onChord({ node, destroy: destroyNow });
  const timer = setInterval(() => { if (!destroying) lines.tick(); }, TICK_MS);
  update();

  return {
    node,
    focus: { focus: () => write.focus() },
    unsaved: () => write.hasDraft() || unsent(state) > 0,
    leave,
    close() {
      clearInterval(timer);
      announcer.close();
      where.close();
      seen.stop();
      client.removeEventListener("change", update);
      noChord();
      closePanels();
      messages.close();
      setWaiting(0);
    },
  };
}
