// Every state of the conversations, by name: the list, one that is open, and what comes from both.

import { AccountFake, PHASES } from "./account-fake.js";
import { stageBy } from "./account-states.js";
import { FilesFake, LIMITS, files, filesOf, noWay, playing } from "./files-fake.js";
import { FRAGMENT, ME, TalkFake, ago, asked, asks, chainOf, contact, conversation, invitedBy, liveFake, quiet, record, reply, text } from "./talk-fake.js";
import { fromBase64url } from "/static/js/protocol/encoding.js";
import { accountView } from "/static/js/account/views/account-view.js";
import { presenceSetting } from "/static/js/conversations/views/presence-setting.js";
import { pictureOf } from "/static/js/conversations/views/pictures.js";
import { messengerScreen } from "/static/js/conversations/views/messenger-screen.js";

const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
const until = async (selector) => {
  for (let times = 0; document.querySelector(selector) === null; times += 1) {
    if (times === 2_000) throw new Error(`nothing is ${selector}`);
    await wait(0);
  }
};
const press = (selector) => {
  const found = document.querySelector(selector);
  (found.closest("button") ?? found).click();
};
const fill = (id, value) => { document.getElementById(id).value = value; };

const LONG = "The keys lie under the third flower pot from the left, but only until six; after that Frau Nowak takes them in, and then somebody has to ring at number 14, where they know about it.";
const talked = [
  record(1, "me"), text(2, "bo", "Are you at the station already?"), text(3, "bo", "I can be there at six."), reply(4, "me", "Six is fine 👍", "bo", "I can be there at six."),
  text(5, "bo", LONG, { edits: 1, reactions: { [ME]: "👍" } }), text(6, "me", "Thank you! https://example.org/platform/7", { at: ago(2) }),
];
const group = conversation("group", {
  people: ["bo", "cleo", "long"], view: { card: { name: "Garden on Saturday", picture: null }, mark: 5, unread: 3, mentioned: 1, timer: 3600 },
  lines: [
    record(1, "bo", { added: [ME, chainOf("cleo")] }), text(2, "cleo", "Who brings the ladder?"), record(3, "bo", { added: [chainOf("long")] }),
    record(4, "bo", { timer: 3600 }), text(5, "long", "I have one, it is in the cellar."), text(6, "cleo", "Good."), text(7, "cleo", "And cake?"),
    text(8, "long", "", { content: null, deleted: true }), text(9, "cleo", "`sudo make cake`", { reactions: { [chainOf("bo")]: "😂", [chainOf("long")]: "😂" } }),
  ],
});
const pair = conversation("pair", { lines: talked, view: { mark: 6 }, receipts: { [chainOf("bo")]: { delivered: 6, read: 6 } }, settings: { pin: true } });
const arabic = conversation("arabic", {
  people: ["dara"], lines: [text(2, "dara", "متى تصل؟", { at: ago(60 * 30) })], view: { mark: 2, unread: 2 }, settings: { mute: 8e15 },
});
const begun = conversation("begun", { people: ["cleo"], lines: [text(2, "cleo", "See you", { at: ago(60 * 60) })], view: { mark: 2 }, draft: "I wanted to say" });
const stranger = conversation("stranger", { people: ["nobody"], lines: [], view: { standing: "request", role: null } });
const ALL = [pair, group, arabic, begun, stranger];

/** The messenger with these conversations; `open` is the one that is looked at. */
function at(show, { all = ALL, open = null, live = {}, phase = "ready", talk = new TalkFake(all), place = "list", invite = "", shared = null, limits = LIMITS } = {}) {
  const client = new AccountFake(PHASES[phase]);
  const part = shared === null ? null : filesOf(shared, talk, limits);
  const given = { talk, live: liveFake(live), invite, files: part };
  const messenger = { isOpen: true, settings: (node) => (part === null ? presenceSetting(talk, node) : part.list(node)), screen: (flow, kept) => messengerScreen({ flow, ...given }, { open, place, ...kept }) };
  const view = accountView({ client, stage: stageBy(show), invited: false, rooms: "/", messenger });
  return Object.assign(client, { flow: view.flow, talk });
}

/** With one conversation open, drawn to its end. */
const open = (id, more = {}, then = async () => {}) => async (show) => {
  const client = at(show, { open: id, ...more });
  await until(".chat-title:not(:empty)");
  await until(".row-title");
  await then(client);
  return client;
};
const listed = (more = {}, then = async () => {}) => async (show) => {
  const client = at(show, more);
  await until(".row-title, .messenger-empty, .people-place");
  await then(client);
  return client;
};
/** What is set for the whole account. */
const settings = (how, then = async () => {}) => listed({ talk: new TalkFake(ALL, how) }, async (client) => {
  client.flow.go("settings");
  await until("#presence-title");
  await then(client);
});
const alone = (id, more) => [conversation(id, more)];
/** A report of what Bo has said is asked for. */
const reporting = (then, lines = talked) => open("one", { all: alone("one", { lines }) }, async (client) => {
  press(".said:not(.own) .said-menu");
  await until("dialog[open] .icon-warning");
  press("dialog[open] .icon-warning");
  await until(".report-panel[open]");
  await then(client);
});
const standing = (view) => open("one", { all: alone("one", { lines: talked.slice(0, 3), view }) }, () => until(".chat-notice .notice"));

/** A conversation in which files lie; `known`: each in its state. */
const sharing = (lines, known, more = {}, then = async () => {}) => open("one", { all: alone("one", { lines, view: { mark: 99, ...more.view } }), shared: new FilesFake(known), ...more },
  async (client) => {
    if (Object.keys(known).length > 0) await until(".file-card");
    await then(client);
  });
/** Files were pasted, and what is to be asked about them is. */
const asking = (more = {}, then = async () => {}) => sharing([record(1, "me")], {}, more, async (client) => {
  const data = new DataTransfer();
  for (const [name, type] of [["beach.jpg", "image/jpeg"], ["A report with a very long name that says what it is about at length.pdf", "application/pdf"]]) {
    data.items.add(new File([Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, ...new Uint8Array(90_000))], name, { type }));
  }
  document.getElementById("chat-text").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  await until("dialog.files-panel[open] .file-clean:not([hidden])");
  await then(client);
});
/** A film that is shown, or a sound. */
const shown = (way, watching, info = {}) => open("one", {
  all: alone("one", { lines: [record(1, "bo"), files(2, "bo", ["film"])], view: { mark: 99 } }),
  shared: Object.assign(new FilesFake({ film: { info, digest: null } }), { play: playing(way, watching, info.type) }),
}, async () => {
  await until(".file-tools .button");
  press(".file-tools .button");
  await until(".film");
});
const going = (kind, more = {}) => ({ state: "uploading", digest: null, upload: { kind, code: null, progress: { bytes: 12_000_000, rate: 2_400_000, left: 8, isWaiting: false }, ...more } });

/** The people's place: of a talk with these people. */
const people = (given = {}, then = async () => {}) => listed({ place: "people", talk: new TalkFake(ALL, given) }, async (client) => {
  await until("#people-contacts");
  await until("section:not([hidden]) > #people-contacts");
  await then(client);
});
/** The page of one of them. */
const about = (name, given = {}, then = async () => {}) => people({ contacts: [name], ...given }, async (client) => {
  press("button.known-row");
  await until("dialog[open] .contact-who");
  await then(client);
});
const compared = async () => {
  press("dialog[open] .icon-locked");
  await until("dialog[open] .safety-number");
  await until("dialog[open] .qr");
};
const refusing = (code) => {
  const talk = new TalkFake(ALL);
  talk.refuseNext(code);
  return talk;
};
/** Somebody has another chain, and the server names yet another one when that is agreed to. */
const changing = () => new TalkFake(ALL, { changes: [{ chain: chainOf("bo"), account: "account of bo", kind: "changed", now: chainOf("new") }] });
const interrupting = async () => {
  fill("chat-text", "Are you there?");
  document.getElementById("chat-text").dispatchEvent(new Event("input"));
  press(".composer [type=submit]");
  await until("dialog.changed-panel[open] .choice");
};
const BUSY = {
  contacts: [contact("bo", { isVerified: true }), contact("cleo", { address: "cleo.40404" }), contact("dara"), contact("long", { state: "ended" }), contact("new", { name: null, address: "marta.54321", state: "denied" }), contact("eve", { state: "blocked", name: null, address: "eve.66666" })],
  asking: [asks("paul", "paul.90210"), asks("long", "maximiliane_vdh.11111", { former: chainOf("long") })], asked: [asked("nils.31337"), asked(null, 20)], isFindable: true,
};
/** A picture of somebody, as the page makes it. */
async function drawn() {
  const canvas = Object.assign(document.createElement("canvas"), { width: 300, height: 200 });
  const context = canvas.getContext("2d");
  for (const [at, colour] of ["#f3c", "#36c", "#fc3"].entries()) {
    context.fillStyle = colour;
    context.fillRect(at * 100, 0, 100, 200);
  }
  return pictureOf(await new Promise((resolve) => { canvas.toBlob(resolve); }));
}

export const MESSENGER = {
  chat_picture: async (show) => open("pair", { talk: new TalkFake(ALL, { pictures: { bo: await drawn() } }) })(show),
  people_picture: async (show) => listed({ place: "people", talk: new TalkFake(ALL, { picture: await drawn() }) }, () => until(".own-picture .mark"))(show),
  reading: (show) => {
    const talk = new TalkFake(ALL);
    talk.list = () => new Promise(() => {});
    return at(show, { talk });
  },
  list: listed(),
  list_nameless: listed({ talk: new TalkFake(ALL, { name: null }) }, () => until("#own-name")),
  list_empty: listed({ all: [] }),
  list_offline: listed({ phase: "offline" }, () => until(".messenger-status:not(:empty)")),
  history_coming: listed({ talk: new TalkFake(ALL, { history: { awaited: { lines: 1204, came: ago(0), until: ago(-1440) } } }) }, () => until(".history-state .notice")),
  history_stopped: listed({ talk: new TalkFake(ALL, { history: { awaited: { lines: 0, came: ago(60), until: ago(-1380) } } }) }, () => until(".history-state .notice")),
  history_offline: listed({ phase: "offline", talk: new TalkFake(ALL, { history: { awaited: { lines: 3, came: ago(0), until: ago(-1440) } } }) },
    () => until(".history-state .notice")),
  history_giving: listed({ talk: new TalkFake(ALL, { history: { handing: [{ device: PHASES.ready.devices[1].id, lines: 1 }] } }) }, () => until(".history-state .notice")),
  ...Object.fromEntries([["done", null, 1204, null], ["late", null, 30, "history_late"], ["broken", null, 30, "history_broken"], ["given", PHASES.ready.devices[1].id, 1204, null]]
    .map(([name, device, lines, trouble]) => [`history_${name}`, listed({}, async ({ talk }) => {
      talk.hear("", { type: "history", device, lines, isDone: true, trouble });
      await until(".history-state .notice");
    })])),
  list_here: listed({ talk: new TalkFake(ALL, { here: ["bo", "dara"] }) }, () => until(".here-dot")),
  telling: listed({}, async () => {
    press(".messenger-foot .button");
    await until("dialog[open] #telling-sound");
  }),
  list_news: listed({ phase: "ready_news" }),
  chat: open("pair"),
  chat_here: open("pair", { talk: new TalkFake(ALL, { here: ["bo"] }) }, () => until(".chat-about .here")),
  chat_mentions: open("named", { all: [conversation("named", { people: ["bo", "cleo", "long"], view: { card: { name: "Garden on Saturday", picture: null }, mark: 6 },
    lines: [
      record(1, "bo", { added: [ME, chainOf("cleo")] }), text(2, "cleo", "Can @Bo Ek bring the ladder, or `@Bo Ek`?", { content: { kind: "text", at: 0, body: { text: "Can @Bo Ek bring the ladder, or `@Bo Ek`?", mentions: [chainOf("bo")] } } }),
      text(3, "bo", "@Ada has one.", { content: { kind: "text", at: 0, body: { text: "@Ada has one.", mentions: [ME] } } }),
    ] })] }, () => until(".mention")),
  chat_mentioning: open("group", {}, async () => {
    const field = document.getElementById("chat-text");
    field.focus();
    field.value = "I ask @";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await until(".mention-option");
  }),
  presence_off: settings({}),
  presence_on: settings({ isOn: true }),
  presence_refused: settings({}, async ({ talk }) => {
    talk.refuseNext("unreachable");
    press("#presence-title ~ .button-row .button");
    await until("#presence-title ~ div .notice");
  }),
  files_received: async (show) => sharing([record(1, "bo"), files(2, "bo", ["whole"]), files(3, "bo", ["coming", "unsure"]), files(4, "bo", ["program", "arabic"])], {
    whole: { info: { thumbnail: fromBase64url(await drawn()) } }, coming: { state: "uploading", digest: null, info: { name: "A report with a very long name that says what it is about.pdf", type: "application/pdf", seconds: null } },
    unsure: { digest: null, info: { name: "sound.ogg", type: "audio/ogg" } }, program: { info: { name: "game.exe", type: "application/octet-stream", seconds: null } },
    arabic: { info: { name: "صورة العائلة.png", type: "image/png", seconds: null } },
  })(show),
  files_ended: sharing([record(1, "bo"), files(2, "bo", ["reading", "offline", "expired"]), files(3, "bo", ["deleted", "gone"]), files(4, "bo", ["broken", "refused"])],
    Object.fromEntries(["reading", "offline", "expired", "deleted", "gone", "broken", "refused"].map((state) => [state, { state, ...(["reading", "offline", "gone", "refused"].includes(state) ? { info: null } : {}) }]))),
  files_sending: sharing([record(1, "me"), files(2, "me", ["sending", "network", "waits"]), files(3, "me", ["paused", "finishing"])], {
    sending: going("sending"), network: going("sending", { progress: { bytes: 12_000_000, rate: null, left: null, isWaiting: true } }),
    waits: going("waits", { progress: null }), paused: going("paused"), finishing: going("finishing"),
  }),
  files_stopped: sharing([record(1, "me"), files(2, "me", ["absent", "elsewhere", "checking"]), files(3, "me", ["full", "changed"])], {
    absent: going("absent"), elsewhere: going("elsewhere"), checking: going("checking"), full: going("stopped", { code: "store_full" }), changed: going("stopped", { code: "file_changed" }),
  }),
  files_cancel: sharing([files(2, "me", ["sending"])], { sending: going("sending") }, {}, async () => {
    press(".file-tools .button:last-child");
    await until("dialog.question[open]");
  }),
  files_asked: asking({ limits: { ...LIMITS, store: "https://bucket.example" } }),
  files_too_large: asking({ limits: { ...LIMITS, size: 80_000 } }),
  files_refused: asking({ shared: Object.assign(new FilesFake(), { refusal: "quota_full" }) }, async () => {
    press("dialog.files-panel .button.primary");
    await until("dialog.files-panel [role=status] .notice");
  }),
  film_loading: shown(noWay(), { isIn: false }),
  film_waiting: shown(noWay({ isAwaited: true }), { isIn: false, others: ["Bo Ek", "Fatima al-Ghazali"] }),
  film_memory: shown(noWay({ loaded: 0.4 }), { others: [] }),
  film_over: shown(noWay({ fails: "too_large_here" }), { others: ["Bo Ek"], waitsFor: "Bo Ek" }),
  film_sound: shown(noWay(), { others: ["Bo Ek"], isWaiting: false }, { type: "audio/ogg", name: "sound.ogg" }),
  files_mine: listed({ shared: new FilesFake({}, [{}, { isComplete: false }, { isBroken: true }]) }, async (client) => {
    client.flow.go("settings");
    await until("#files-title ~ .file-list li");
  }),
  files_mine_none: listed({ shared: new FilesFake() }, async (client) => {
    client.flow.go("settings");
    await until("#files-title");
  }),
  chat_empty: open("one", { all: alone("one", { lines: [record(1, "me")] }) }),
  chat_group: open("group"),
  chat_right_to_left: open("arabic"),
  chat_waiting: open("one", { all: alone("one", {
    lines: talked, view: { waiting: [
      { id: "a", kind: "text", at: ago(1), body: { text: "Are you still there?", mentions: [] }, refused: null },
      { id: "b", kind: "text", at: ago(0), body: { text: "This one was refused.", mentions: [] }, refused: "message_length" },
    ] } }), phase: "offline" }),
  chat_quiet: open("one", { all: alone("one", { lines: [
    record(1, "bo", { added: [ME] }), quiet(2, { kind: "gap", from: 2, to: 40, skipped: 2 }), quiet(41, { kind: "destroyed" }), quiet(42, { kind: "destroyed" }),
    ...["message_unreadable", "message_again", "message_target", "not_admin", "log_fork", "device_copied", "message_broken"]
      .map((code, index) => quiet(43 + index, { kind: "refused", code })),
    record(50, "bo", { moved: [chainOf("cleo")] }), record(51, "bo", { trouble: "box_broken" }), record(52, "me", { removed: [chainOf("cleo")], roles: [{ chain: chainOf("bo"), role: "admin" }] }),
    record(53, "bo", { left: [chainOf("dara")], timer: 0, joining: true, roles: [{ chain: ME, role: "member" }] }),
    quiet(54, { kind: "message", content: { kind: "unknown", at: 0, body: {} } }),
    text(55, "bo", "Can you read this?", { displaced: [text(55, "bo", "It was on Tuesday.", { id: "lost" }).value] }),
  ] }) }),
  chat_typing: open("pair", {}, async ({ talk }) => {
    talk.hear("pair", { type: "typing", device: "device of bo", chain: chainOf("bo") });
    await until(".typing:not(:empty)");
  }),
  chat_answering: open("pair", {}, async () => {
    press(".said:last-child .said-menu");
    await until("dialog[open]");
    press("dialog[open] .menu-items .button");
    await until(".composer-quote:not([hidden])");
  }),
  chat_request: standing({ standing: "request" }),
  chat_refused: standing({ standing: "refused", why: "record_role" }),
  chat_server_back: standing({ standing: "refused", why: "server_back" }),
  chat_left: standing({ standing: "left", why: "not_member" }),
  chat_gone: standing({ standing: "gone", why: "not_member" }),
  chat_copied: standing({ copied: true }),
  message_menu: open("pair", {}, async () => {
    press(".said:last-child .said-menu");
    await until("dialog[open]");
  }),
  message_delete: open("pair", {}, async () => {
    press(".said:last-child .said-menu");
    await until("dialog[open]");
    press("dialog[open] .danger-text");
    await until("dialog.question[open]");
  }),
  report: reporting(async () => {}),
  report_answer: reporting(async () => press(".report-panel .choice-row:last-child input"), [...talked.slice(3, 5), reply(7, "bo", "Six it is, then.\nOr seven?", "me", "Six is fine 👍")]),
  report_refused: reporting(async ({ talk }) => {
    talk.refuseNext("report_unproven");
    press(".report-panel [value=threat]");
    press(".report-panel [type=submit]");
    await until(".report-panel .notice");
  }),
  report_done: reporting(async () => {
    press(".report-panel [value=threat]");
    press(".report-panel [type=submit]");
    await until(".report-panel .lead");
  }),
  report_unproven: reporting(async () => {}, [text(2, "bo", "From another device", { proof: undefined })]),
  conversation_menu: open("group", {}, async () => {
    press(".chat-head .menu-button");
    await until("dialog[open] .menu-items");
  }),
  conversation_here: open("group", { talk: new TalkFake(ALL, { here: ["cleo"] }) }, async () => {
    press(".chat-head .menu-button");
    await until("dialog[open] .here");
  }),
  conversation_member: open("group", {}, async () => {
    press(".chat-head .menu-button");
    await until("dialog[open] .member .button");
    press("dialog[open] .member .button");
    await until("dialog[open] .lead");
  }),
  conversation_add: open("pair", {}, async () => {
    press(".chat-head .menu-button");
    await until("dialog[open] .menu-items");
    press("dialog[open] .menu-items .button");
    await until("dialog[open] .menu-items .mark");
  }),
  conversation_timer: open("group", {}, async () => {
    press(".chat-head .menu-button");
    await until("dialog[open] .menu-items");
    press("dialog[open] .menu-items .icon-waiting");
    await until("dialog[open] .menu-items [aria-pressed]");
  }),
  conversation_search: open("pair", {}, async () => {
    press(".chat-head .menu-button");
    await until("dialog[open] .menu-items");
    press("dialog[open] .menu-items .icon-search");
    await until("#search-text");
    fill("search-text", "six");
    press("dialog[open] [type=submit]");
    await until("dialog[open] .found-row");
  }),
  conversation_leave: open("group", {}, async () => {
    press(".chat-head .menu-button");
    await until("dialog[open] .danger-text");
    press("dialog[open] .danger-text");
    await until("dialog.question[open]");
  }),
  new: listed({}, async () => {
    press(".messenger-head .button");
    await until("dialog[open] .choice-row");
  }),
  new_nobody: listed({ talk: new TalkFake([], { contacts: [] }) }, async () => {
    press(".messenger-head .button");
    await until("dialog[open] .button.primary");
  }),
  new_refused: listed({}, async ({ talk }) => {
    press(".messenger-head .button");
    await until("dialog[open] .choice-row");
    talk.refuseNext("conversations_full");
    press("dialog[open] .choice-row");
    press("dialog[open] [type=submit]");
    await until("dialog[open] .notice");
  }),
  people: people(),
  people_reading: listed({ place: "people", talk: Object.assign(new TalkFake(ALL), { listed: new Promise(() => {}) }) }),
  people_empty: people({ contacts: [] }),
  people_away: (show) => listed({ place: "people", phase: "offline", talk: refusing("unreachable") }, () => until(".people-stands .notice"))(show),
  people_asking: people({ people: BUSY, invited: [invitedBy("Marta"), invitedBy(null, { conversation: "group" })] }, () => until("#people-asking")),
  people_refusing: people({ people: BUSY }, async () => {
    press("#people-asking ~ div .row-tools .quiet");
    await until("dialog[open] .choice");
  }),
  people_anew: people({ people: BUSY }, async () => {
    document.querySelectorAll("#people-asking ~ div .primary")[1].click();
    await until("dialog.question[open]");
  }),
  people_ask: people({}, async () => {
    press(".people-ways .button:nth-child(2)");
    await until("#ask-address");
  }),
  people_asked: people({}, async () => {
    press(".people-ways .button:nth-child(2)");
    await until("#ask-address");
    fill("ask-address", "marta.54321");
    press("dialog[open] [type=submit]");
    await until("dialog[open] .hint + .button-row");
  }),
  people_ask_refused: people({}, async ({ talk }) => {
    press(".people-ways .button:nth-child(2)");
    await until("#ask-address");
    fill("ask-address", "ada.12345");
    talk.refuseNext("own_address");
    press("dialog[open] [type=submit]");
    await until("dialog[open] [aria-invalid]");
  }),
  people_invitation: people({}, async () => {
    press(".people-ways .button");
    await until("#invite-label");
    press("dialog[open] [type=submit]");
    await until(".invitation-link");
    [...document.querySelectorAll("dialog[open] .button.secondary")].at(-1).click();
    await until("dialog[open] .qr");
  }),
  people_redeem: people({}, async () => {
    press(".people-ways .button:nth-child(3)");
    await until("#invitation");
  }),
  people_redeemed: people({}, async () => {
    press(".people-ways .button:nth-child(3)");
    await until("#invitation");
    fill("invitation", `https://ephemeral.example/account/#${FRAGMENT}`);
    press("dialog[open] [type=submit]");
    await until("dialog[open] .redeemed");
  }),
  people_came: listed({ place: "people", invite: `#${FRAGMENT}` }, () => until("#people-contacts")),
  contact: about("bo", { people: { contacts: [contact("bo", { address: "bo_ek.44321", isVerified: true })] } }),
  contact_unknown: async (show) => {
    const client = await open("group", { talk: new TalkFake(ALL, { contacts: [] }) })(show);
    press(".chat-head .menu-button");
    await until("dialog[open] .member .button");
    [...document.querySelectorAll("dialog[open] .member .button")].at(-1).click();
    await until("dialog[open] .lead");
    press("dialog[open] .menu-items .button");
    await until("dialog[open] .contact-who");
    return client;
  },
  contact_blocked: about("bo", { people: { contacts: [contact("bo", { state: "blocked", chain: null, name: null, address: "bo_ek.44321" })] } }),
  contact_ended: about("bo", { people: { contacts: [contact("bo", { state: "ended", address: "bo_ek.44321" })] }, changes: [{ chain: chainOf("bo"), account: "account of bo", kind: "ended" }] }),
  contact_changed: about("bo", { people: { contacts: [contact("bo", { isChanged: true })] }, changes: [{ chain: chainOf("bo"), account: "account of bo", kind: "changed", now: chainOf("new") }] }),
  contact_name: about("long", {}, async () => {
    press("dialog[open] .icon-edit");
    await until("#contact-name");
  }),
  contact_block: about("bo", {}, async () => {
    press("dialog[open] .icon-hide");
    await until("dialog[open] .button.danger");
  }),
  number: about("bo", {}, compared),
  number_same: about("bo", {}, async () => {
    await compared();
    press("dialog[open] .button.primary");
    await until("dialog[open] .notice");
  }),
  number_different: about("bo", {}, async () => {
    await compared();
    [...document.querySelectorAll("dialog[open] .button.secondary")].at(-1).click();
    await until("dialog[open] .notice");
  }),
  changed: open("pair", { talk: new TalkFake(ALL, { changes: [{ chain: chainOf("bo"), account: "account of bo", kind: "recovered" }] }) }, async () => {
    await until(".chat-notice .notice");
  }),
  changed_panel: open("group", { talk: new TalkFake(ALL, { changes: [{ chain: chainOf("bo"), account: "account of bo", kind: "ended" }, { chain: chainOf("cleo"), account: "account of cleo", kind: "recovered" }] }) }, async () => {
    await interrupting();
  }),
  changed_panel_again: open("pair", { talk: changing() }, async ({ talk }) => {
    await interrupting();
    talk.refuseNext("contact_changed");
    press("dialog.changed-panel[open] .choice ~ .button-row .button.primary");
    await until("dialog.changed-panel[open] .choice + div .notice");
  }),
  number_again: open("pair", { talk: changing() }, async ({ talk }) => {
    await interrupting();
    press("dialog.changed-panel[open] .choice .button");
    await until("dialog[open] .safety-number");
    talk.refuseNext("contact_changed");
    press("dialog[open] .button-row .button.primary");
    await until("dialog[open] .notice + .button-row");
  }),
};
