// Every state of the page of accounts, by name: its phases, and what a person comes to from them.

import { AccountFake, device, PHASES, RECOVERY_WORDS, TODAY } from "./account-fake.js";
import * as service from "/static/js/pages/account-identity.js";
import { accountView } from "/static/js/account/views/account-view.js";
import { pushView } from "/static/js/account/views/push-view.js";
import { STANDING, standingScreen } from "/static/js/account/views/standing.js";

const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
const until = async (selector) => {
  for (let times = 0; document.querySelector(selector) === null; times += 1) {
    if (times === 2_000) throw new Error(`nothing is ${selector}`);
    await wait(0);
  }
};
const press = (selector) => document.querySelector(selector).click();
const fill = (id, value) => {
  const field = document.getElementById(id);
  field.value = value;
  field.dispatchEvent(new Event("input"));
};
const never = () => new Promise(() => {});

/** Where a screen goes while it is played: the gallery shows one screen after the other by itself. */
export function stageBy(show) {
  let shown = null;
  let make = null;
  return {
    show(next) {
      make = next;
      for (const open of document.querySelectorAll("dialog[open]")) open.close();
      shown?.close?.();
      shown = show(next({}));
    },
    screen: () => shown,
    redraw() { if (make !== null) this.show(make); },
    shows: (next) => make === next,
  };
}

/** The account in this state; `route` is where somebody has gone from there. */
function at(show, state, { route = null, given = {}, invited = false, returned = undefined, push = null, refused: code = null } = {}) {
  const client = new AccountFake(state);
  if (returned !== undefined) client.believe(returned);
  if (code !== null) client.refuseNext(code);
  const view = accountView({ client, stage: stageBy(show), invited, rooms: "/", service: client.identities === null ? null : service, push });
  client.flow = view.flow;
  if (route !== null) view.flow.go(route, given);
  return client;
}

const phase = (name) => (show) => at(show, PHASES[name]);
const PASSWORD = { name: "ada_lovelace", address: "ada_lovelace.48213" };

/** A form that was sent, and what is said to it. */
const refused = (code, where, fields, details) => async (show) => {
  const client = where(show);
  for (const [id, value] of Object.entries(fields)) fill(id, value);
  client.refuseNext(code, details);
  press(".account-form [type=submit]");
  await until(".field-error:not([hidden]), .form-trouble .notice");
  return client;
};

const panel = (selector, more = async () => {}) => (state = "ready") => async (show) => {
  const client = at(show, PHASES[state]);
  press(selector);
  await until("dialog[open] .panel-body");
  await more(client);
  return client;
};
const LINKED = { ...PHASES.ready, identities: { linked: [{ id: "AAAAAAAAAAAAAAAAAAAABA", linkedDay: TODAY - 3 }], hasPassword: true } };
const CAME = { purpose: "sign_in", token: "e.y.J" };
const back = (purpose, state = LINKED) => async (show) => {
  const client = at(show, state, { returned: { purpose, token: "e.y.J" } });
  await until("dialog[open] .panel-body");
  return client;
};
const identity = (code, heading, more = {}) => async (show) => {
  const client = at(show, PHASES.signed_out, { route: "identity", returned: CAME, refused: code, ...more });
  await until(heading);
  return client;
};
const LINKING = ".account-section .button-row .button";
const section = (number, button) => `.account-section:nth-of-type(${number}) ${button}`;

/** The account where notifications are in this state; `outcome`: of one that was sent to try it. */
const push = (state, { outcome = null, refused: code = null } = {}) => async (show) => {
  const asked = async (value) => {
    if (code !== null) throw Object.assign(new Error(code), { code });
    return value;
  };
  const fake = { state: async () => state, turnOn: () => asked("on"), turnOff: () => asked("off"), test: () => asked(outcome) };
  const client = at(show, PHASES.ready, { push: (place) => place.append(pushView(fake, null).node) });
  await until('[aria-labelledby="push-title"] [role=status]:not(:empty)');
  document.getElementById("push-title").scrollIntoView();
  if (outcome === null && code === null) return client;
  press('[aria-labelledby="push-title"] .button');
  await until('[aria-labelledby="push-title"] > div:last-child > p');
  return client;
};

export const ACCOUNT = {
  ...Object.fromEntries(Object.keys(PHASES).map((name) => [name, phase(name)])),
  suspended_waits: (show) => at(show, { ...PHASES.ready_pending_close, phase: "suspended" }),
  suspended_delete: async (show) => {
    const client = at(show, PHASES.suspended);
    press(".account-standing .danger-text");
    await until("dialog[open] #account-address");
    return client;
  },
  invited: (show) => at(show, PHASES.signed_out, { invited: true }),
  name: (show) => at(show, PHASES.signed_out, { route: "name" }),
  name_wrong: async (show) => {
    const client = at(show, PHASES.signed_out, { route: "name" });
    client.proposeAddress = () => { throw Object.assign(new Error("address_form"), { code: "address_form" }); };
    fill("account-name", "Zoë-42");
    press(".account-form [type=submit]");
    await until(".field-error:not([hidden])");
    return client;
  },
  name_short: async (show) => {
    const client = at(show, PHASES.signed_out, { route: "name" });
    client.proposeAddress = () => { throw Object.assign(new Error("address_form"), { code: "address_form" }); };
    fill("account-name", "al");
    press(".account-form [type=submit]");
    await until(".field-error:not([hidden])");
    return client;
  },
  name_missing: async (show) => {
    const client = at(show, PHASES.signed_out, { route: "name" });
    press(".account-form [type=submit]");
    await until(".field-error:not([hidden])");
    return client;
  },
  password: (show) => at(show, PHASES.signed_out, { route: "password", given: PASSWORD }),
  password_invited: (show) => at(show, PHASES.signed_out, { route: "password", given: PASSWORD, invited: true }),
  password_short: (show) => {
    const client = at(show, PHASES.signed_out, { route: "password", given: PASSWORD });
    fill("account-password", "short");
    return client;
  },
  password_taken: refused("address_taken", (show) => at(show, PHASES.signed_out, { route: "password", given: PASSWORD }),
    { "account-password": "correct horse battery" }),
  password_busy: async (show) => {
    const client = at(show, PHASES.signed_out, { route: "password", given: PASSWORD });
    client.register = never;
    client.set({ busy: "deriving" });
    fill("account-password", "correct horse battery staple");
    press(".account-form [type=submit]");
    return client;
  },
  words: (show) => at(show, PHASES.no_device_first, { route: "words", given: { words: RECOVERY_WORDS } }),
  words_back: (show) => at(show, PHASES.no_device_first, { route: "words_back", given: { words: RECOVERY_WORDS, asked: [1, 6] } }),
  words_back_wrong: async (show) => {
    const client = at(show, PHASES.no_device_first, { route: "words_back", given: { words: RECOVERY_WORDS, asked: [1, 6] } });
    fill("account-word-0", "basil");
    fill("account-word-1", "gazette");
    press(".account-form [type=submit]");
    await until(".field-error:not([hidden])");
    return client;
  },
  sign_in: (show) => at(show, PHASES.signed_out, { route: "sign_in" }),
  sign_in_service: (show) => at(show, PHASES.signed_out, { route: "sign_in", returned: null }),
  sign_in_service_away: async (show) => {
    const client = at(show, PHASES.signed_out, { route: "sign_in", returned: null, refused: "identity_away" });
    press(".identity-way .button");
    await until(".identity-way .notice");
    return client;
  },
  identity_asked: (show) => at(show, PHASES.signed_out, { route: "identity", given: { step: "asked" }, returned: CAME }),
  identity_unknown: identity("identity_unknown", ".account-identity form"),
  identity_unknown_invited: identity("identity_unknown", ".account-identity form", { invited: true }),
  identity_wrong: identity("id_token_wrong", ".account-identity .notice"),
  identity_given_up: identity("identity_given_up", ".account-identity .notice", { returned: { purpose: "sign_in", token: null } }),
  identities: (show) => at(show, LINKED, { returned: null }),
  identities_no_password: (show) => at(show, { ...LINKED, identities: { ...LINKED.identities, hasPassword: false } }, { returned: null }),
  identities_given_up: (show) => at(show, LINKED, { returned: { purpose: "link", token: null } }),
  push_off: push("off"),
  push_on: push("on"),
  push_denied: push("denied"),
  push_unsupported: push("unsupported"),
  push_unavailable: push("off", { refused: "push_unavailable" }),
  push_sent: push("on", { outcome: "sent" }),
  push_gone: push("on", { outcome: "gone" }),
  push_refused: push("on", { outcome: "refused" }),
  push_later: push("on", { outcome: "later" }),
  identity_link: back("link"),
  identity_password: back("password"),
  identity_unlink: async (show) => {
    const client = at(show, LINKED, { returned: null });
    press('[aria-labelledby="identities-title"] .danger-text');
    await until("dialog[open] .panel-body");
    return client;
  },
  identity_forgotten: async (show) => {
    const client = at(show, LINKED, { returned: null });
    press(".account-section:last-of-type .button-row .button");
    await until("dialog[open] .panel-body");
    return client;
  },
  sign_in_wrong: refused("login_wrong", (show) => at(show, PHASES.signed_out, { route: "sign_in" }),
    { "account-address": "ada.12345", "account-password": "correct horse" }),
  sign_in_no_address: refused("address_form", (show) => at(show, PHASES.signed_out, { route: "sign_in" }),
    { "account-address": "ada", "account-password": "correct horse" }),
  sign_in_wait: refused("login_wait", (show) => at(show, PHASES.signed_out, { route: "sign_in" }),
    { "account-address": "ada.12345", "account-password": "correct horse" }, { retryAfter: 40 }),
  sign_in_other: async (show) => {
    const client = at(show, PHASES.signed_out, { route: "sign_in" });
    fill("account-address", "ada.12345");
    fill("account-password", "correct horse");
    client.refuseNext("other_account");
    press(".account-form [type=submit]");
    await until("dialog[open]");
    return client;
  },
  recover: (show) => at(show, PHASES.signed_out, { route: "recover" }),
  recover_wrong: refused("not_found", (show) => at(show, PHASES.signed_out, { route: "recover" }),
    { "account-address": "ada.12345", "account-words": RECOVERY_WORDS, "account-password": "correct horse battery" }),
  start_over: (show) => { const client = at(show, PHASES.no_device); document.querySelector("details.way").open = true; return client; },
  start_over_sure: async (show) => {
    const client = at(show, PHASES.no_device);
    document.querySelector("details.way").open = true;
    press("details.way .button");
    await until("dialog[open]");
    return client;
  },
  link_preparing: (show) => {
    const client = at(show, PHASES.no_device);
    client.beginLink = never;
    client.flow.go("link");
    return client;
  },
  link: async (show) => {
    const client = at(show, PHASES.no_device, { route: "link" });
    await until(".code-words");
    return client;
  },
  link_picture: async (show) => {
    const client = at(show, PHASES.no_device, { route: "link" });
    await until(".code-words");
    press(".share-ways .button");
    await until(".qr");
    return client;
  },
  link_expired: async (show) => {
    const client = at(show, PHASES.no_device, { route: "link" });
    await until(".code-words");
    client.linkFails("link_expired");
    await until(".notice.attention");
    return client;
  },
  address_needed: (show) => at(show, { ...PHASES.ready, address: null }),
  ready_many: (show) => at(show, { ...PHASES.ready, devices: Array.from({ length: 10 }, (_, index) =>
    device(`device-${index}`, index === 3 ? "The old tablet in the kitchen, with a name that is much too long for a row" : `Phone ${index}`,
      { me: index === 0, seenDay: TODAY - 9 * index, since: index })) }),
  rename: panel(".account-row .row-tools .button")(),
  revoke: panel(".account-row:nth-child(2) .danger-text")(),
  revoke_me: panel(".account-row:first-child .danger-text")(),
  revoke_last: panel(".account-row:first-child .danger-text")("ready_alone"),
  revoke_wrong: panel(".account-row:nth-child(2) .danger-text", async (client) => {
    fill("revoke-password", "wrong horse");
    client.refuseNext("password_wrong");
    press("dialog[open] [type=submit]");
    await until("dialog[open] .field-error:not([hidden])");
  })(),
  accept: panel(LINKING)(),
  accept_wrong: panel(LINKING, async (client) => {
    fill("link-words", "kebab ladybug");
    client.refuseNext("link_unknown");
    press("dialog[open] [type=submit]");
    await until("dialog[open] .field-error:not([hidden])");
  })(),
  accept_asks: panel(LINKING, async () => {
    fill("link-words", "kebab ladybug magnetic napkin oatmeal paddle quartet");
    press("dialog[open] [type=submit]");
    await until("#link-password");
  })(),
  session_sure: async (show) => {
    const client = at(show, PHASES.ready);
    press(section(2, ".row-tools .button"));
    await until("dialog[open]");
    return client;
  },
  change: panel(section(3, ".button"))(),
  changed: panel(section(3, ".button"), async () => {
    fill("old-password", "correct horse battery");
    fill("new-password", "staple correct horse");
    press("dialog[open] [type=submit]");
    await until(".account-section .notice");
  })(),
  sign_out: panel(section(3, ".button:nth-child(2)"))("ready_alone"),
  delete: panel(section(3, ".danger-text"))(),
  ...Object.fromEntries(Object.keys(STANDING).map((name) => [`standing_${name}`, (show) => {
    const client = new AccountFake(PHASES.signed_out);
    show(standingScreen({ client, rooms: "/", go() {} }, name));
    return client;
  }])),
};
