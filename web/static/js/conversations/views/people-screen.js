/** Whom one knows, who asks to be known, and how one gets to know others. */

import { announceAssertive } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { icon } from "../../ui/icons.js";
import { moment } from "../../ui/times.js";
import { copyButton } from "../../ui/copy-button.js";
import { askingButton, noticeOf } from "../../account/views/asking.js";
import { dayName, today } from "../../account/views/days.js";
import { button } from "../../account/views/frame.js";
import { acceptPanel, refusePanel } from "./answering.js";
import { askPanel } from "./ask-panel.js";
import { searchDrawing } from "./drawings.js";
import { invitePanel, shownPanel } from "./invite-panel.js";
import { markNode, nameNode, personOf } from "./names.js";
import { hereNode, isHere, watchPresence } from "./presence-mark.js";
import { redeemPanel, redeeming } from "./redeem-panel.js";
import { refusalWords } from "./refusal-words.js";

/** How somebody stands, in words below their name, where there is something to say. */
const STATES = ["ended", "denied"];

/**
 * @typedef {import("./people-book.js").Contact} Contact
 * @param {import("./messenger-screen.js").Context} context
 */
export function peopleScreen(context) {
  const { book, talk, flow, me, invite } = context;
  const day = () => today(flow.client.state.clockOffset);
  const stands = el("div", { class: "people-stands", role: "status" });
  const shown = new Map();

  const asking = part("asking", (listed) => listed.asking, (all) => el("ul", { class: "account-list" }, all.map(asks)));
  const contacts = part("contacts", (listed) => listed.contacts.filter(({ state }) => state !== "blocked").map((one) => ({ ...one, here: isHere(talk, one.chain) })),
    (all) => el("ul", { class: "known-list" }, all.map(known)), { always: true, empty: "conversations.people.nobody" });
  const asked = part("asked", (listed) => listed.asked, (all) => el("ul", { class: "known-list" }, all.map(({ address, day: since }) =>
    el("li", { class: "known-row" }, icon("waiting"), words(address === null ? say("conversations.people.asked_elsewhere") : bdi(address),
      say("conversations.people.asked_on", { day: dayName(since, day()) }))))), { hint: "conversations.people.asked_text" });
  const invited = part("invited", () => book.invited.filter(({ until }) => until > Date.now() + flow.client.state.clockOffset),
    (all) => el("ul", { class: "account-list" }, all.map(waits)));
  const blocked = part("blocked", (listed) => listed.contacts.filter(({ state }) => state === "blocked"),
    (all) => el("ul", { class: "known-list" }, all.map(known)));
  const found = part("found", (listed) => [listed.isFindable, listed.address], findable, { always: true });
  const came = invite === "" ? null : el("section", { class: "people-part came-in" }, el("h2", {}, say("conversations.redeem.came")), redeeming(context, invite).node);

  const node = el("div", { class: "people-place" }, came, asking.node,
    el("div", { class: "people-ways" },
      way(icon("link"), "conversations.invite", () => invitePanel(context), came === null ? "primary" : "secondary"),
      way(searchDrawing(), "conversations.ask.way", () => askPanel(context)),
      way(icon("sealed"), "conversations.redeem.way", () => redeemPanel(context))),
    stands, [contacts, asked, invited, found, blocked].map((one) => one.node));

  /**
   * A part of the place that is drawn again only where something in it has changed.
   * @template T
   * @param {string} name
   * @param {(listed: import("../people.js").Listed) => T[]} pick
   * @param {(found: T[]) => import("../../ui/el.js").Child} draw
   * @param {{always?: boolean, empty?: string, hint?: string}} [how]  `always`: it is there also where nothing is in it
   */
  function part(name, pick, draw, { always = false, empty, hint } = {}) {
    const heading = el("h2", { id: `people-${name}`, tabindex: "-1" }, say(`conversations.people.part.${name}`));
    const place = el("div", {});
    const section = el("section", { class: "people-part", "aria-labelledby": heading.id, hidden: true }, heading,
      hint === undefined ? null : el("p", { class: "hint" }, say(hint)), place);
    return {
      node: section,
      /** @param {import("../people.js").Listed} listed */
      update(listed) {
        const all = pick(listed);
        const now = JSON.stringify(all);
        section.hidden = all.length === 0 && !always;
        if (shown.get(name) === now) return;
        shown.set(name, now);
        const had = place.contains(document.activeElement);
        fill(place, all.length === 0 && empty !== undefined ? el("p", { class: "hint" }, say(empty)) : draw(all));
        // What was answered is gone with its buttons.
        if (had && !place.contains(document.activeElement)) (section.hidden ? contacts.node.querySelector("h2") : heading)?.focus();
      },
    };
  }

  /** @param {import("../people.js").Asks} one */
  function asks(one) {
    const place = el("div", {});
    return el("li", { class: "account-row" }, markNode(personOf(one.chain, { [one.chain]: one.name ?? one.address }, me)),
      el("div", { class: "row-text" }, el("p", { class: "row-name" }, bdi(one.address)),
        el("p", { class: "hint" }, say("conversations.people.asks_since", { day: dayName(one.day, day()) })),
        one.former === null ? null : noticeOf(say("conversations.people.asks_anew"))),
      el("div", { class: "row-tools" },
        askingButton({ kind: "primary small", label: say("conversations.people.accept"), place, does: () => acceptPanel(context, one) }),
        button("quiet small", say("conversations.people.refuse"), () => refusePanel(context, one))), place);
  }

  /** @param {Contact & {here?: boolean}} one */
  function known({ account, chain, name, address, state, isChanged, isVerified, here = false }) {
    const label = name ?? address;
    const person = personOf(chain ?? account, label === null ? {} : { [chain ?? account]: label }, me);
    const told = isChanged ? "changed" : STATES.includes(state) ? state : isVerified ? "verified" : null;
    return el("li", {}, el("button", { type: "button", class: "known-row", on: { click: () => context.contact({ chain, account }) } },
      markNode(person), words(nameNode(person), told === null ? null : say(`conversations.people.is_${told}`), address === label ? null : address), here ? hereNode({ isSaid: false }) : null));
  }

  /** @param {import("./people-book.js").Invited} one */
  function waits({ id, label, conversation, until, fragment }) {
    const place = el("div", {});
    return el("li", { class: "account-row" }, icon("link"),
      el("div", { class: "row-text" },
        el("p", { class: "row-name" }, label === null ? say("conversations.invited.somebody") : bdi(label)),
        el("p", { class: "hint" }, conversation === null ? null : [say("conversations.invited.into"), " "],
          say("conversations.invited.until", { time: moment(until - flow.client.state.clockOffset) }))),
      el("div", { class: "row-tools" },
        button("quiet small", say("conversations.invited.show"), () => shownPanel(fragment)),
        askingButton({ kind: "quiet small danger-text", label: say("conversations.invited.withdraw"), place, done: say("conversations.invited.withdrawn"),
          does: async () => { await talk.inviting.withdraw(id); await book.read(); } })), place);
  }

  /** @param {any[]} of */
  function findable([is, address]) {
    const wrong = el("div", {});
    const box = el("input", { type: "checkbox", id: "people-findable", checked: is, "aria-describedby": "people-findable-hint", on: { change: () => void set() } });

    async function set() {
      fill(wrong);
      box.disabled = true;
      try {
        await talk.everybody.findable(box.checked);
        await book.read();
      } catch (error) {
        box.checked = !box.checked;
        const sentence = refusalWords(error);
        announceAssertive(sentence);
        fill(wrong, noticeOf(sentence));
      }
      box.disabled = false;
      box.focus();
    }

    return [
      address === null ? el("p", { class: "hint" }, say("conversations.refusal.address_needed"))
        : el("p", { class: "own-address" }, el("bdi", { class: "notranslate", translate: "no", dir: "ltr" }, address),
          copyButton({ label: say("account.address.copy"), name: "copy", text: () => address, kind: "quiet small" })),
      el("label", { class: "choice-row" }, box, say("conversations.found.label")),
      el("p", { class: "hint", id: "people-findable-hint" }, say(is ? "conversations.found.on" : "conversations.found.off")), wrong,
    ];
  }

  function update() {
    const { listed, failure } = book;
    const key = failure !== null ? refusalWords(failure) : listed === null ? "reading" : "";
    if (shown.get("stands") !== key) {
      shown.set("stands", key);
      fill(stands, failure !== null ? [noticeOf(key), button("secondary small", say("conversations.retry"), () => void book.read())]
        : listed === null ? el("p", { class: "hint" }, say("conversations.people.reading")) : null);
    }
    if (listed !== null) for (const one of [asking, contacts, asked, invited, found, blocked]) one.update(listed);
  }

  update();
  return { node, update, close: watchPresence(talk, update) };
}

/** @param {string} text  a name or an address: nobody's language */
const bdi = (text) => el("bdi", { class: "notranslate", translate: "no" }, text);

/** @param {import("../../ui/el.js").Child} first  @param {...(string|null)} more */
const words = (first, ...more) => el("span", { class: "known-words" }, el("span", { class: "row-name" }, first),
  more.map((one) => (one === null ? null : el("span", { class: "hint" }, one))));

/** @param {SVGElement} drawing  @param {string} key  @param {() => void} does  @param {string} [kind] */
const way = (drawing, key, does, kind = "secondary") =>
  el("button", { type: "button", class: `button ${kind}`, on: { click: does } }, drawing, say(key));
