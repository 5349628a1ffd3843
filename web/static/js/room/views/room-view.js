/** The room: wires header, notices, log and composer to one RoomClient. */

import { QUOTE_POINTS } from "../../protocol/limits.js";
import { announce } from "../../ui/announce.js";
import { closePanels, confirm } from "../../ui/dialog.js";
import { el, fill } from "../../ui/el.js";
import { excerpt } from "../../ui/graphemes.js";
import { parts, say } from "../../ui/i18n.js";
import { ifHere, onceHere, withLater } from "../../ui/later.js";
import { coarse } from "../../ui/pointer.js";
import { followViewport } from "../../ui/visual-viewport.js";
import { composer } from "./composer.js";
import { destroying as destroyingView, onChord } from "./destroying.js";
import { unsent } from "./log-entries.js";
import { logView } from "./log-view.js";
import { notices } from "./notices.js";
import { who } from "./people.js";
import { closingQuestion } from "./return-reminder.js";
import { roomHeader } from "./room-header.js";
import { forgetRoom, memoryOf } from "./room-memory.js";
import { NOTICES } from "./state-tables.js";

const TICK_MS = 1000;

/**
 * The view of a room. `share` is `{code, link(), returnLink(), panel()?}` or null; `setTitle(waiting, came)` is told
 * what is to stand in the title; `hide()`, if given, covers the page. Gives `{node, focus, close, unsaved, stayed,
 * asksToLeave, leave}`: `unsaved()` says whether closing the page is a question, and `stayed()` is told of the
 * answer; `leave()` asks and leaves. A view that is made
 * again for the same client goes on where the one before was closed.
 * @param {{client: import("../room-client.js").RoomClient, share: import("./view-context.js").Share|null,
 *   setTitle?: (waiting: number, came: boolean) => void, hide?: (() => void)|null}} given
 */
export function roomView({ client, share, setTitle = () => {}, hide = null }) {
  const memory = memoryOf(client);
  const { people } = memory;
  let state = client.state;
  /** The panels that are open and show what is going on. */
  let menu = /** @type {ReturnType<typeof import("./room-menu.js").openMenu>|null} */ (null);
  let crowd = /** @type {{update(): void}|null} */ (null);
  let destroying = false;
  let closed = false;

  /** @param {number|null} serverTime */
  const localTime = (serverTime) =>
    serverTime !== null && Number.isFinite(serverTime) ? serverTime - state.clockOffset : NaN;

  /** @type {import("./view-context.js").ViewContext} */
  const context = {
    client, people, memory, localTime,
    open(card) {
      // What went wrong is in the card's state, and said by its line.
      if (!card.attachment) client.open(card.id).catch(() => {});
      else withParts(({ openFile }) => openFile(client, card.id, () => failed("not_loaded")));
    },
    live: () => state.phase === "live",
    everyone: () => state.room?.policy === 2,
    fade(...ids) {
      for (const id of ids) {
        memory.faded.add(id);
        client.discard(id);
      }
      update();
    },
    writeAgain({ id, text, quote }) {
      if (text !== null) write.take({ text, quote });
      context.fade(id);
    },
    reply({ text, author }) { write.quote({ text: excerpt(text ?? "", QUOTE_POINTS), author }); },
    hold: () => log.stay(),
    redraw: () => update(),
  };

  const head = roomHeader({ people, hidden: memory.hidden, localTime, openMenu: () => showMenu(), openPeople: () => showPeople() });
  const lines = notices({ lock: () => lock(true), people, memory, localTime, refocus: () => log.focus() });
  const typing = el("p", { class: "typing", "aria-live": "off" });
  const write = composer({ send, typing: (on) => client.setTyping(on), draft: memory.draft, writing: memory.writing, people, failed });
  const log = logView({ context, share, write: () => write.focus() });
  const heading = el("h1", { class: "visually-hidden", tabindex: "-1" }, say("room.title"));
  const node = el("div", { class: "room" },
    heading,
    head.node,
    el("div", { class: "talk" }, lines.node,
      log.node,
      el("div", { class: "room-foot" }, typing, write.node)));

  const seen = followViewport(node);
  const returnLink = share?.returnLink ?? null;
  const comeBack = returnLink && (() => withParts(({ returnPanel }) => returnPanel(client, returnLink)));
  const closing = closingQuestion(client, comeBack, memory);
  /** What more there is in a room, once it has come. */
  let more = /** @type {ReturnType<typeof import("./more-of-room.js").moreOfRoom>|null} */ (null);
  onceHere(({ moreOfRoom }) => {
    if (closed) return;
    more = moreOfRoom({ node, client, context, pass: lines.pass, failed: () => failed("not_loaded") });
    more?.update(state);
  });

  /** @param {string} text  @param {{view: number, limit: number|null, quote: import("../room-state.js").Quote|null}} options */
  function send(text, options) {
    const id = client.send(text, options);
    memory.views.set(id, options.view);
    memory.options.set(id, { view: options.view, limit: options.limit });
    log.toEnd();
  }

  /** Says what could not be done, by a passing notice. @param {"not_done"|"not_loaded"} row */
  function failed(row) {
    lines.pass(row, {});
    announce(say(NOTICES[row].text));
  }

  /** @param {boolean} locked */
  async function lock(locked) {
    try {
      await client.lock(locked);
    } catch {
      failed("not_done");
    }
  }

  /** The question, where it can be asked already. @returns {Promise<boolean>|undefined} */
  const asksToLeave = () => ifHere()?.askToLeave(client, returnLink);

  async function leave() {
    if (await asksToLeave()) await client.leave();
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
    log.clear();
    forgetRoom(client);
    const words = destroyingView();
    node.replaceChildren(words);
    words.focus();
    await client.destroy();
  }

  /** Does what a late part of the page does, unless the room is over until it has come. @param {(parts: any) => void} does */
  function withParts(does) {
    withLater((parts) => { if (node.isConnected && !destroying) does(parts); }, () => failed("not_loaded"));
  }

  const showMenu = () => withParts(({ openMenu }) => {
    menu = openMenu({
      state, localTime, share, lock, hide, leave, destroy, people: showPeople, telling: showTelling,
      comeBack, record: (/** @type {any} */ read) => client.record(read),
      typing: {
        enabled: memory.typingEnabled,
        /** @param {boolean} on */
        set(on) { memory.typingEnabled = on; client.setTypingEnabled(on); },
      },
      onClose: () => { menu = null; },
    });
  });

  const showPeople = () => withParts(({ peoplePanel }) => {
    crowd = peoplePanel({
      people, hidden: memory.hidden, localTime, sees: lines.sees, setHidden, onClose: () => { crowd = null; },
    });
  });

  const showTelling = () => withParts(({ tellingPanel }) => tellingPanel({ client, memory, setTitle }));

  /** Hides what a member writes, in this tab alone, or shows it again. @param {string} id  @param {boolean} hidden */
  function setHidden(id, hidden) {
    if (hidden) memory.hidden.add(id);
    else memory.hidden.delete(id);
    update();
  }

  function update() {
    if (destroying) return;
    state = client.state;
    if (state.phase === "ended") {
      forgetRoom(client);
      return;
    }
    people.update(state);
    lines.update(state);
    head.update(state, lines.sees());
    log.update(state);
    showTyping();
    menu?.update(state);
    crowd?.update();
    more?.update(state);
    closing.update();
  }

  function showTyping() {
    const writers = state.typing.map((id) => people.get(id))
      .filter((person) => !person.me && !(person.id !== null && memory.hidden.has(person.id)));
    typing.classList.toggle("on", writers.length > 0);
    if (writers.length === 1) fill(typing, parts("room.typing", { name: who(writers[0]) }));
    else if (writers.length > 1) fill(typing, say("room.typing_many", { count: writers.length }));
    else fill(typing);
  }

  client.addEventListener("change", update);
  const noChord = onChord({ node, destroy: destroyNow });
  const timer = setInterval(() => {
    if (destroying) return;
    lines.tick();
    head.sees(lines.sees());
  }, TICK_MS);
  update();

  return {
    node,
    // With a finger one writes by a keyboard that covers half of what is being said.
    focus: { focus: () => (coarse() ? heading : write).focus() },
    unsaved: () => write.hasDraft() || unsent(state) > 0 || closing.asks(),
    stayed: closing.stayed,
    asksToLeave,
    leave,
    close() {
      closed = true;
      clearInterval(timer);
      more?.close();
      seen.stop();
      client.removeEventListener("change", update);
      noChord();
      closePanels();
      log.close();
    },
  };
}
