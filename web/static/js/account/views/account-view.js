// Which screen is shown: where somebody has gone, and else what the account's phase asks for.

import { announce } from "../../ui/announce.js";
import { say } from "../../ui/i18n.js";
import { homeScreen } from "./home-screen.js";
import { linkScreen } from "./link-screen.js";
import { noDeviceScreen } from "./no-device-screen.js";
import { lockedScreen, recoverScreen } from "./recover-screen.js";
import { nameScreen, passwordScreen } from "./register-screens.js";
import { signInScreen } from "./sign-in-screen.js";
import { copiedScreen, loadingScreen, standingScreen, suspendedScreen } from "./standing.js";
import { welcomeScreen } from "./welcome-screen.js";
import { wordsBackScreen, wordsScreen } from "./words-screens.js";

/**
 * @typedef {import("./flow.js").Flow} Flow
 * @typedef {import("./flow.js").Client} Client
 * @typedef {import("./flow.js").Route} Route
 * @typedef {import("./flow.js").Screen} Screen
 * @typedef {import("./flow.js").AccountState} AccountState
 */

/** Where nothing keeps the browser's Back. */
const NO_TRAP = { set() {}, release() {} };

/** @type {Record<Route, (flow: Flow, given: any) => Screen>} */
const ROUTES = {
  welcome: welcomeScreen, name: nameScreen, password: passwordScreen, words: wordsScreen, words_back: wordsBackScreen,
  sign_in: signInScreen, recover: recoverScreen, link: linkScreen,
  settings: homeScreen,
  identity: (flow, given) => /** @type {import("./flow.js").Service} */ (flow.service).identityScreen(flow, given),
  deleted: (flow) => ({ ...standingScreen(flow, "deleted"), back: () => flow.go(null) }),
};

/** @type {Record<AccountState["phase"], (flow: Flow, given: any) => Screen>} */
const PHASES = {
  loading: loadingScreen,
  signed_out: welcomeScreen,
  no_device: noDeviceScreen,
  ready: (flow, given) => (flow.messenger === null ? homeScreen(flow) : flow.messenger.screen(flow, given)),
  offline: (flow) => standingScreen(flow, "offline"),
  ended: signInScreen,
  revoked: (flow) => standingScreen(flow, "revoked"),
  evicted: (flow) => standingScreen(flow, "evicted"),
  locked: lockedScreen,
  suspended: suspendedScreen,
  copied: copiedScreen,
  distrusted: (flow) => standingScreen(flow, flow.client.state.reason ?? "chain_fork"),
  unsupported: (flow) => standingScreen(flow, flow.client.state.reason ?? "no_ed25519"),
};

/**
 * Shows the account of `client` on the stage, and follows it. Gives the flow, and a way to end that. `trap`: what
 * makes the browser's Back lead out of where somebody has gone, before it leads out of the page.
 * @param {{client: Client, stage: import("../../ui/stage.js").Stage, invited: boolean, invitation?: string, rooms: string,
 *   service?: Flow["service"], messenger?: Flow["messenger"], push?: Flow["push"], trap?: Flow["trap"]}} given
 */
export function accountView({ client, stage, invited, invitation = "", rooms, service = null, messenger = null, push = null, trap = NO_TRAP }) {
  /** @type {Route|null} */
  let route = null;
  let holding = 0;
  let drawn = "";

  /** @type {Flow} */
  const flow = {
    client, invited, invitation, rooms, service, messenger, push, trap,
    go(next, given = {}) {
      route = next;
      draw(given);
    },
    async hold(work) {
      holding += 1;
      try {
        return await work();
      } finally {
        holding -= 1;
      }
    },
  };

  /** What another screen is due for: not the change of a name or a day. */
  function asked() {
    const { phase, reason, pending, hasDevices } = client.state;
    // What is open goes on without a server: it says so itself.
    if (phase === "offline" && messenger?.isOpen) return JSON.stringify(["ready", null]);
    return JSON.stringify(phase === "no_device" ? [phase, hasDevices, pending?.kind] : [phase, reason]);
  }

  /** @param {object} given */
  function draw(given) {
    drawn = asked();
    const [phase] = JSON.parse(drawn);
    const make = route === null ? PHASES[/** @type {AccountState["phase"]} */ (phase)] : ROUTES[route];
    // A new screen is read from its top, unless what has the focus in it stands below.
    globalThis.scrollTo?.(0, 0);
    stage.show((kept) => make(flow, { ...given, ...kept }));
    if (stage.screen()?.back === undefined) trap.release();
    else trap.set();
  }

  function changed() {
    const { phase, confirming } = client.state;
    if (asked() === drawn) return void stage.screen()?.update?.();
    // Words that were handed out stay until they are confirmed, and whatever is under way ends where it leads to.
    if (holding > 0 || (confirming && (route === "words" || route === "words_back"))) return;
    route = null;
    draw({});
    if (phase === "revoked" || phase === "copied") announce(say("account.changed"));
  }

  const unsubscribe = client.subscribe(changed);
  draw({});
  return { flow, close: unsubscribe };
}
