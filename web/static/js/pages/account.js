// The page of accounts, `/account/`: what is loaded, what is shown, and what must never stay.

import { AccountClient } from "../account/account-client.js";
import { accountView } from "../account/views/account-view.js";
import { loadingScreen, standingScreen } from "../account/views/standing.js";
import { barrier } from "../device/feature-detection.js";
import { HttpClient } from "../net/http-client.js";
import { readConfig } from "../protocol/config.js";
import { clearAnnouncements } from "../ui/announce.js";
import { el, fill } from "../ui/el.js";
import { haveAll, onLanguage, say } from "../ui/i18n.js";
import { icon } from "../ui/icons.js";
import { laterBy } from "../ui/later.js";
import { backTrap, guardPage } from "../ui/leave-guard.js";
import { stage as stageIn } from "../ui/stage.js";
import { loading, styling } from "./loading.js";
import { messengerDoor } from "./messenger-door.js";
import { pushDoor } from "./push-door.js";

/** @typedef {import("../account/views/flow.js").Flow} Flow */

const base = new URL(`${document.documentElement.dataset.base}/`, location.origin).href;
/** What the server has put there. @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const app = part("app");
const opened = part("opened");
/** Of a bundle: a file that is loaded by this one can't also be named in it, where names tell content. */
const address = (/** @type {string} */ name) => new URL(String(app.dataset[name]), base).href;
const stage = stageIn(app);
const loadLater = loading(address("later"));
const loadHpke = loading(address("hpke"));
const loadInside = loading(address("inside"));
const loadIdentity = loading(address("identity"));
const loadPush = loading(address("push"));
const loadConversations = loading(address("conversations"));
const styleConversations = styling(address("style"), String(app.dataset.integrity));
/** @type {AccountClient|null} */
let client = null;
/** @type {import("../account/views/flow.js").Messenger|null} */
let messenger = null;
/** Whether a link was opened that lets a device in: it does nothing here, and that is said. */
let lured = false;
/** What makes somebody a contact of whoever made it: it waits until it can be asked about. */
let invite = "";

laterBy(() => Promise.all([loadLater(), haveAll()]).then(([module]) => module));

/** Of screens that are shown before there is an account to speak of. @type {any} */
const nobody = { rooms: base, go: () => location.reload() };

/** Takes the fragment and removes it from the address bar and from this entry of the history. */
function takeFragment() {
  const fragment = location.hash;
  if (fragment !== "") history.replaceState(history.state, "", location.pathname + location.search);
  if (fragment.startsWith("#link=")) lured = true;
  if (fragment.startsWith("#invite=")) invite = fragment;
  tellOfLink();
  return fragment;
}

function tellOfLink() {
  // Whoever is in sees the invitation where it can be accepted.
  const isOutside = !["ready", "offline"].includes(client?.state.phase ?? "");
  const outside = lured ? "account.lured" : invite !== "" && isOutside ? "conversations.invitation.opened" : null;
  fill(opened, outside === null ? null : el("p", { class: "notice attention" }, icon("warning"), el("span", { class: "notice-words" }, say(outside))));
}

/** As the server has written it, for browsers that can't even come so far. */
const tooOld = () => ({ node: /** @type {HTMLElement} */ (part("too-old").firstElementChild?.cloneNode(true)) });

async function start() {
  const fragment = takeFragment();
  const invitation = /^#invitation=([\w-]+)$/.exec(fragment)?.[1] ?? "";
  const inTheWay = barrier();
  if (inTheWay === "too_old") return void stage.finish(tooOld);
  if (inTheWay !== null) return void stage.finish(() => standingScreen(nobody, inTheWay));
  // Everything that takes its time begins now, and the first screen is drawn while it is under way.
  const asked = new HttpClient(base).ask("GET", "config");
  const config = asked.then(readConfig);
  // Whoever waits for it hears of what goes wrong.
  config.catch(() => undefined);
  const opening = AccountClient.open({ config, base, hpke: loadHpke, inside: loadInside });
  stage.show(() => loadingScreen(nobody));
  try {
    client = await opening;
    const { accounts, files } = /** @type {{accounts?: {mode: string, oidc?: import("../account/identities.js").Oidc, push?: {key: string}}, files?: object}} */ (await asked);
    const oidc = accounts?.oidc;
    /** @type {typeof import("./account-identity.js")|null} */
    const service = oidc === undefined ? null : (await Promise.all([loadIdentity(), haveAll()]))[0];
    const returned = service?.returnedWith(fragment) ?? null;
    if (service !== null && oidc !== undefined) client.believe((account) => new service.Identities(oidc, returned, account));
    messenger = messengerDoor({
      client, stage, invite: () => invite, limits: files,
      load: () => Promise.all([loadConversations(), styleConversations(), haveAll()]).then(([module]) => module),
    });
    const key = accounts?.push?.key;
    const load = () => Promise.all([loadPush(), haveAll()]).then(([module]) => module);
    const push = key === undefined ? null : pushDoor({ client, key, base, load });
    client.subscribe(tellOfLink);
    tellOfLink();
    const { flow } = accountView({ client, stage, invited: accounts?.mode === "invited", invitation, rooms: base, service, messenger, push, trap: trap() });
    if (returned?.purpose === "sign_in" && client.identities !== null) flow.go("identity");
    // Whatever else was asked there belongs to the account, which is a step behind what is said.
    else if (returned !== null && client.state.phase === "ready") flow.go("settings");
    loadInside().catch(() => undefined);
  } catch {
    stage.show(() => standingScreen(nobody, "unreachable"));
    window.addEventListener("online", () => location.reload(), { once: true });
  }
}

/** Back leads where the screen's own way back does: from the ten words nowhere, since nobody else has them. */
function trap() {
  const way = () => stage.screen()?.back;
  return backTrap({ ask: async () => way() !== undefined, leave: () => way()?.() });
}

window.addEventListener("hashchange", takeFragment);

function titled() {
  document.title = `${say("account.part")} · ${say("name")}`;
}

onLanguage(() => {
  // What was said is in the language that the person has just left.
  clearAnnouncements();
  stage.redraw();
  tellOfLink();
  titled();
});

guardPage({
  unsaved: () => stage.screen()?.unsaved?.() === true || messenger?.isBusy === true,
  stayed() {},
  empty() {
    stage.empty();
    client?.close();
    client = null;
  },
});

void start();
