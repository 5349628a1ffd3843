/** What one is called by others: asked for as long as nobody was told, since else one is met without a name. */

import { announce } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { isolated, say } from "../../ui/i18n.js";
import { askingForm, complained } from "../../account/views/asking.js";
import { textField } from "../../account/views/fields.js";
import { button } from "../../account/views/frame.js";
import { isPassing } from "../../protocol/errors.js";
import { isName, tidyName } from "../../protocol/names.js";
import { ownPicture } from "./own-picture.js";

/** So many characters a name may have at most. */
const LONGEST = 40;

/** @param {Pick<import("../conversations.js").Conversations, "own">} talk  @returns {Promise<string|null>} */
export const ownName = async (talk) => (await ownProfile(talk))?.name ?? null;

/** @param {Pick<import("../conversations.js").Conversations, "own">} talk  @returns {Promise<{name: string, picture: string|null}|null>} */
async function ownProfile({ own }) {
  const { name, picture } = /** @type {{name?: unknown, picture?: unknown}} */ ((await own.registers()).get("profile", "") ?? {});
  return typeof name === "string" ? { name, picture: typeof picture === "string" ? picture : null } : null;
}

/** A name that an address proposes: what stands before the digits. @param {string|null} address */
export const proposed = (address) => (address ?? "").split(".")[0].replaceAll("_", " ").replace(/^./u, (first) => first.toUpperCase());

/**
 * @param {Pick<import("./messenger-screen.js").Context, "flow"|"talk">} context
 * @returns {{node: HTMLElement, update: (isAlways: boolean) => Promise<void>}} `isAlways`: it is shown also where there is
 *   a name
 */
export function ownNameView({ flow, talk }) {
  const node = el("div", { class: "own-name", hidden: true });
  let shown = "";
  let isLater = false;

  /** @param {string|null} name */
  function ask(name) {
    const field = textField({ id: "own-name", label: say("conversations.own_name.label"), hint: say("conversations.own_name.hint"),
      value: name ?? proposed(flow.client.state.address), more: { maxlength: LONGEST, autocomplete: "nickname", required: true } });
    const form = askingForm({ client: flow.client, label: say("conversations.own_name.go"), parts: [field], submit: () => keep(field),
      beside: [button("quiet", say("conversations.own_name.later"), () => { isLater = true; shown = ""; void update(isAsked); })] });
    fill(node, form.node);
    return field;
  }

  /** It is kept, and told as soon as there is a connection. @param {{name: string, picture: string|null}} profile */
  async function set(profile) {
    await talk.own.set("profile", "", profile).catch((error) => { if (!isPassing(error)) throw error; });
  }

  /** @param {import("../../account/views/fields.js").Field} field */
  async function keep(field) {
    const name = tidyName(field.input.value);
    if (!isName(name)) return void field.complain(say("conversations.own_name.wrong"));
    await set({ name, picture: (await ownProfile(talk))?.picture ?? null });
    announce(say("conversations.own_name.kept", { name: isolated(name) }));
    shown = "";
    await update(isAsked);
    node.querySelector("button")?.focus();
  }

  let isAsked = false;

  /** @param {boolean} isAlways */
  async function update(isAlways) {
    isAsked = isAlways;
    const profile = await ownProfile(talk).catch(() => null);
    const name = profile?.name ?? null;
    node.hidden = name === null ? isLater && !isAlways : !isAlways;
    const wanted = JSON.stringify([profile, isLater]);
    // What is being typed stays.
    if (node.hidden || wanted === shown) return;
    shown = wanted;
    if (name === null && !isLater) ask(null);
    else {
      fill(node, el("p", {}, name === null ? say("conversations.own_name.none") : say("conversations.own_name.is", { name: isolated(name) })),
        button("quiet small", say("conversations.own_name.change"), () => ask(name).input.focus()),
        profile === null ? null : ownPicture({ profile, set: async (picture) => { await set({ ...profile, picture }); await update(isAsked); } }));
    }
  }

  return { node, update };
}

/**
 * For whoever is about to be met without a name: asked for together with something else, and may stay empty.
 * @param {Pick<import("./messenger-screen.js").Context, "flow"|"talk">} context
 * @returns {{node: HTMLElement, keep: () => Promise<string|null>}} `keep`: the name, which is that of all own devices then
 */
export function ownNameField({ flow, talk }) {
  const field = textField({ id: "met-as", label: say("conversations.own_name.label"), hint: say("conversations.own_name.hint"),
    value: proposed(flow.client.state.address), more: { maxlength: LONGEST, autocomplete: "nickname" } });
  const node = el("div", { hidden: true }, field.node);
  const known = ownName(talk).catch(() => null);
  void known.then((name) => { node.hidden = name !== null; });

  async function keep() {
    const before = await known;
    const name = tidyName(field.input.value);
    if (before !== null || name === "") return before;
    if (!isName(name)) throw complained(field, say("conversations.own_name.wrong"));
    await talk.own.set("profile", "", { name, picture: null }).catch((error) => { if (!isPassing(error)) throw error; });
    return name;
  }

  return { node, keep };
}
