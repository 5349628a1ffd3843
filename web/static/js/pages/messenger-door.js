/** The way to the conversations of an account: loaded and opened where this browser is its device, and left with it. */

import { button } from "../account/views/frame.js";
import { refusalSentence } from "../account/views/refusals.js";
import { loadingScreen } from "../account/views/standing.js";
import { noticeOf } from "../account/views/asking.js";
import { el } from "../ui/el.js";
import { say } from "../ui/i18n.js";

const AGAIN_MS = 4000;
/** Of an account whose conversations may be shown. */
const INSIDE = ["ready", "offline"];

/**
 * @typedef {import("../account/account-client.js").AccountClient} AccountClient
 * @typedef {import("../account/views/flow.js").Flow} Flow
 * @typedef {import("../account/views/flow.js").Screen} Screen
 * @typedef {typeof import("./account-conversations.js")} Program
 * @typedef {{program: Program, live: import("../conversations/live.js").LiveConversations, files: ReturnType<Program["filesOf"]>}} Opened
 */

/**
 * @param {{client: AccountClient, stage: import("../ui/stage.js").Stage, load: () => Promise<Program>,
 *   invite: () => string, limits: any}} given  `invite`: the fragment of an invitation that was opened here, or "";
 *   `limits`: what this deployment takes of files, or undefined
 * @returns {import("../account/views/flow.js").Messenger}
 */
export function messengerDoor({ client, stage, load, invite, limits }) {
  /** @type {Opened|null} */
  let opened = null;
  let isOpening = false;
  /** @type {unknown} */
  let failure = null;
  /** @type {Screen|null} */
  let waiting = null;
  /** What was open and begun when somebody went to the account: it is there when they come back. */
  let left = {};

  client.subscribe(({ phase }) => {
    if (opened === null || INSIDE.includes(phase)) return;
    opened.files?.close();
    opened.live.close();
    opened = null;
    left = {};
  });

  async function open() {
    if (isOpening || opened !== null) return;
    isOpening = true;
    try {
      const program = await load();
      const live = await client.beside((parts, work) => program.LiveConversations.open(parts, work));
      failure = null;
      // Somebody may have signed out in the meantime.
      if (INSIDE.includes(client.state.phase)) opened = { program, live, files: program.filesOf(client, live, limits) };
      else live.close();
    } catch (error) {
      failure = error;
      setTimeout(() => {
        failure = null;
        if (shows()) void open();
      }, AGAIN_MS);
    }
    isOpening = false;
    if (shows()) stage.redraw();
  }

  const shows = () => waiting !== null && stage.screen() === waiting;

  /** Until they are open; of what is in the way it says what, and leads to the account. @param {Flow} flow */
  function meanwhile(flow) {
    const screen = loadingScreen(flow);
    if (failure !== null) {
      screen.node.querySelector(".account-body")?.append(
        noticeOf(refusalSentence(failure)),
        el("div", { class: "button-row" },
          button("secondary", say("conversations.settings"), () => flow.go("settings"))));
    }
    waiting = screen;
    if (failure === null) void open();
    return screen;
  }

  return {
    settings: (place) => opened?.program.settings(opened.live.talk, opened.files, place),
    get isBusy() {
      return opened?.files?.isBusy ?? false;
    },
    get isOpen() {
      return opened !== null;
    },
    screen(flow, kept) {
      if (opened === null) return meanwhile(flow);
      const { program, live, files } = opened;
      const screen = program.messengerScreen({ flow, talk: live.talk, live, invite: invite(), files: files?.door }, { ...left, ...kept });
      const { close } = screen;
      screen.close = () => {
        left = screen.keep?.() ?? {};
        close?.();
      };
      return screen;
    },
  };
}
