// Puts what a hostile peer or server could make the page show into a room, one after the other, and
// tells what of it did anything but stand there as text.

import { base } from "./samples.js";
import { utf8 } from "/static/js/protocol/encoding.js";
import { readContent } from "/static/js/protocol/envelope.js";
import { Refusal } from "/static/js/protocol/errors.js";
import { say } from "/static/js/ui/i18n.js";

const TAGS = new Set(["A", "ARTICLE", "BDI", "BLOCKQUOTE", "BUTTON", "CODE", "DETAILS", "DIV", "LI", "H2", "P", "PRE",
  "SECTION", "SPAN", "SUMMARY", "TIME", "UL", "svg", "circle", "path", "rect", "line", "polyline", "g"]);
const ADDRESSES = new Set(["href", "src", "srcset", "action", "formaction", "data", "poster", "ping", "xlink:href"]);
const WRITTEN = /[\p{L}\p{N}\p{P}\p{S}]/u;
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const MOST_OF_THE_WINDOW = 0.45;

const thrown = [];
addEventListener("error", (event) => {
  // The browser's word for a size that it measures once more in the next frame; nobody threw it.
  if (event.error !== null || !event.message.startsWith("ResizeObserver loop")) thrown.push(`thrown: ${event.message}`);
});
addEventListener("unhandledrejection", (event) => thrown.push(`rejected: ${event.reason}`));
window.canary = () => { thrown.push("the canary was called"); };
for (const name of ["alert", "confirm", "prompt", "open", "print"]) {
  window[name] = () => { thrown.push(`${name} was called`); };
}

/** What JSON can't say: `{"\0": name}` stands for one of these. */
const BEYOND = {
  undefined: () => undefined, nan: () => NaN, infinity: () => Infinity, symbol: () => Symbol("s"),
  bigint: () => 1n, function: () => () => window.canary(), date: () => new Date(NaN),
  hollow: () => Object.create(null), proxy: () => new Proxy({}, { get() { throw new Error("touched"); } }),
};

function revived(value) {
  if (Array.isArray(value)) return value.map(revived);
  if (value === null || typeof value !== "object") return value;
  if (Object.hasOwn(value, "\0")) return BEYOND[value["\0"]]();
  for (const key of Object.keys(value)) {
    Object.defineProperty(value, key, { value: revived(value[key]), enumerable: true, writable: true, configurable: true });
  }
  return value;
}

const me = { id: "me", name: null, colour: null, present: true, me: true, joinedAt: 1, seenAt: 1 };
const member = (id, more) => ({ ...me, id, me: false, ...more });
const card = (id, more) => ({
  id, author: "eve", authorName: null, authorColour: null, sequence: 1, size: 512, postedAt: Date.now(),
  expiresAt: Date.now() + 1e8, audience: null, state: "closed", fate: null, text: null, quote: null, view: null,
  type: null, gapBefore: 0, repeated: false, error: null, holder: null, leaseUntil: null, ...more,
});

/** An innocent message beside the other, by somebody who has left. */
const next = (id) => card(`${id}-next`, { sequence: 2, author: "gone" });

/** A card as the client makes it of what was decrypted, which may be any JSON at all. */
function decrypted(id, content) {
  try {
    const { type, text, view, quote } = readContent(utf8(JSON.stringify(content)));
    const isText = type === "text";
    return card(id, {
      state: "open", type, text: isText ? text : null, view: isText ? view ?? 300 : null,
      quote: isText ? quote ?? null : null,
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return card(id, { state: "broken", error: error.code });
  }
}

/** After the tasks that a change began; a timer would wait four milliseconds each time. */
const soon = () => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = resolve;
  port2.postMessage(null);
});

let count = 0;

/**
 * The state of one example: `{content}` is what Eve's message held, `{name, colour}` her profile,
 * `{cards, members, sent, state}` what a state holds that nobody has checked.
 */
function stateOf(example) {
  count += 1;
  const id = `siege-${count}`;
  const eve = member("eve", { name: "Eve", colour: 3, ...example.profile });
  const state = { ...base, members: [eve, me], typing: ["eve"], cards: [] };
  if (Object.hasOwn(example, "content")) state.cards = [decrypted(id, example.content), next(id)];
  if (example.card) state.cards = [card(id, example.card), next(id)];
  if (example.sent) {
    state.sent = [{ id, text: "mine", quote: null, state: "stored", error: null, sequence: 3, postedAt: 1,
      expiresAt: 2, counter: 1, ...example.sent }];
  }
  if (example.member) state.members = [member(`${id}-member`, example.member), eve, me];
  return { ...state, ...example.state };
}

/** What stands in the log that a text can't have put there, and what of the frame has moved. */
function* offences(root) {
  for (const node of root.querySelectorAll(".log *, .notices *, .room-head *, .typing *")) {
    if (!TAGS.has(node.tagName)) yield `a ${node.tagName}`;
    for (const { name, value } of node.attributes) {
      if (/^on/i.test(name)) yield `the attribute ${name}`;
      if (ADDRESSES.has(name) && !/^https?:\/\/[^/]/.test(value)) yield `${name}=${value}`;
    }
    if (node.tagName === "A" && !/\bnoopener\b.*\bnoreferrer\b/.test(node.rel)) yield "a link that tells";
  }
  for (const node of root.querySelectorAll(".who, .mark")) {
    if (TURNING.test(node.textContent)) yield "a name that turns the text around";
    if (getComputedStyle(node).unicodeBidi !== "isolate" && node.matches(".who")) yield "a name without isolation";
  }
  if (document.documentElement.scrollWidth > innerWidth) yield "a page wider than its window";
  for (const selector of [".room-head", ".room-foot", ".log"]) {
    const box = root.querySelector(selector)?.getBoundingClientRect();
    if (!box || box.top < 0 || box.left < 0 || box.right > innerWidth || box.bottom > innerHeight) yield `${selector} is out of place`;
    else if (selector !== ".log" && box.height > innerHeight * MOST_OF_THE_WINDOW) yield `${selector} takes the window`;
  }
  for (const node of root.querySelectorAll(".log .card")) {
    const box = node.getBoundingClientRect();
    if (box.left < 0 || box.right > innerWidth) yield "a card wider than the window";
  }
}

/** A text on the page must be the text that was sent, character for character. */
function* differences(root, state) {
  const [first] = state.cards;
  if (first?.state !== "open" || typeof first.text !== "string" || first.type !== "text") return;
  const opened = root.querySelector(".opened");
  const text = opened?.querySelector(".message-text")?.cloneNode(true);
  // The buttons at blocks of code are the page's own.
  for (const button of text?.querySelectorAll("button") ?? []) button.remove();
  // What can't be seen is said to be empty, and nothing else is.
  const empty = text?.classList.contains("unknown");
  if (empty ? WRITTEN.test(first.text) : text?.textContent !== first.text) yield "another text";
  const quote = typeof first.quote?.text === "string" ? first.quote.text : undefined;
  if (opened?.querySelector(".quote-text")?.textContent !== quote) yield "another quote";
}

/** Plays all examples of a JSON array; gives `[index, what]` for everything that must not be. */
export async function besiege(json, { exact }) {
  const { client } = window.gallery;
  const root = document.querySelector(".room");
  const found = [];
  const examples = JSON.parse(json);
  for (const [index, example] of examples.entries()) {
    const state = stateOf(revived(example));
    client.change(state);
    await soon();
    const wrong = [...offences(root), ...(exact ? differences(root, state) : [])];
    if (exact && root.textContent.includes(say("card.unshowable"))) wrong.push("a message that could not be shown");
    const shown = [...root.querySelectorAll(".seal .who")].map((who) => who.textContent);
    if (state.cards.length > 1 && !shown.includes(say("people.gone"))) wrong.push("the next message is lost");
    found.push(...[...wrong, ...thrown.splice(0)].map((what) => [index, what]));
  }
  // What is painted and announced comes a little later.
  await new Promise((resolve) => { setTimeout(resolve, 200); });
  const last = examples.length - 1;
  found.push(...thrown.splice(0).map((what) => [last, what]));
  if (document.title.includes("canary")) found.push([last, "a title"]);
  client.change({ ...base, cards: [], sent: [] });
  return found;
}
