/**
 * A conversation as a column of entries: days, what people say in groups of one author, and quiet lines for the rest.
 * Nothing here asks anybody or draws anything.
 */

/**
 * @typedef {import("../store.js").Shown} Shown
 * @typedef {import("../conversation.js").View} View
 * @typedef {import("../shown.js").Receipts} Receipts
 *
 * @typedef {"first"|"inner"|"last"|"only"} Group  where a message stands among neighbours of one author
 * @typedef {"waiting"|"refused"|"sent"|"delivered"|"read_by"|"read"} Sent  how far an own message has come
 *
 * As the message has it, and its digest once its author has said that all of it is there.
 * @typedef {{file: string, key: string, padded: number, info: string, digest: string|null}} Named
 *
 * @typedef {object} MessageEntry
 * @property {"message"} kind
 * @property {string} key  of the message's id: it is the same before and after it was sent
 * @property {string} id
 * @property {string} device
 * @property {number} place  0: it stands nowhere yet
 * @property {string} chain
 * @property {boolean} own
 * @property {number} at
 * @property {string|null} text  null: it was taken back by its author; "": it names files
 * @property {readonly Named[]} files  that it names
 * @property {{author: string, text: string}|null} quote  of what it answers
 * @property {boolean} edited
 * @property {[reaction: string, chains: string[]][]} reactions
 * @property {Sent|null} sent  of others: null
 * @property {number} readers  of how many others an own one was read
 * @property {number} others  how many these are
 * @property {boolean} newest  the last own one: how far it has come is said in words
 * @property {string|null} refused
 * @property {boolean} mentioned  it names whoever looks
 * @property {readonly string[]} mentions  chains of those whom it names
 * @property {number} timer
 * @property {number} until  when it is gone from this device; 0: nobody knows yet, or never
 * @property {any} line  as the engine has it; of what waits: null
 * @property {Group} group
 *
 * @typedef {{kind: "day", key: string, at: number}} DayEntry
 * @typedef {{kind: "new", key: string}} NewEntry  from here on nobody has looked at it
 * @typedef {{kind: "quiet", key: string, at: number, line: any, count: number}} QuietEntry
 * @typedef {MessageEntry|DayEntry|NewEntry|QuietEntry} Entry
 *
 * @typedef {object} Given
 * @property {readonly Shown[]} lines  in the order of the log
 * @property {View["waiting"]} waiting
 * @property {string} me  own chain
 * @property {string} device  own one
 * @property {Receipts} receipts  how far it has come with others
 * @property {number} unread  behind this place it is new; 0 for none
 * @property {(at: number) => string} day  which calendar day a moment belongs to
 */

/** Neighbours of one author stand together as long as no more time lies between them. */
const TOGETHER_MS = 5 * 60_000;
/** What has words of its own, and what is said without. */
const WORDED = ["text", "reply"];
const SAID = ["text", "reply", "file"];

/** @param {Given} given  @returns {Entry[]} */
export function chatEntries(given) {
  const { lines, waiting, me, device, unread, day } = given;
  /** @type {Entry[]} */
  const entries = [];
  let today = "";
  let isNewTold = unread === 0;
  const said = new Set(lines.map(({ value }) => nameOf(value)));
  const sent = new Set(lines.filter(({ value }) => value.device === device).map(({ value }) => value.id));

  /** @param {number} at  @param {Entry} entry */
  function add(at, entry) {
    const date = day(at);
    if (date !== today) entries.push({ kind: "day", key: `day:${date}`, at });
    today = date;
    entries.push(entry);
  }

  for (const { place, value } of lines) {
    for (const [index, one] of (value.displaced ?? []).entries()) {
      // What was said again stands where it was said again.
      if (!WORDED.includes(one.content?.kind) || said.has(nameOf(one))) continue;
      const line = { kind: "displaced", device: one.device, chain: one.chain, text: String(one.content.body.text) };
      add(one.at, { kind: "quiet", key: `displaced:${place}:${index}`, at: one.at, line, count: 1 });
    }
    if (!isNewTold && place > unread && value.kind === "message" && value.chain !== me) {
      entries.push({ kind: "new", key: "new" });
      isNewTold = true;
    }
    if (value.kind === "message" && value.content?.kind !== "unknown") {
      add(value.at, messageOf(place, value, given));
      continue;
    }
    const last = entries.at(-1);
    // Many of one kind in a row are told once.
    if (last?.kind === "quiet" && isAlike(last.line, value)) last.count += 1;
    // It was noticed today, and lies between what was said on other days.
    else if (value.kind === "gap") entries.push({ kind: "quiet", key: `place:${place}`, at: value.at, line: value, count: 1 });
    else add(value.at, { kind: "quiet", key: `place:${place}`, at: value.at, line: value, count: 1 });
  }
  for (const one of waiting) {
    if (sent.has(one.id) || !SAID.includes(one.kind)) continue;
    add(one.at, waitingOf(one, me, device));
  }
  grouped(entries);
  return entries;
}

/** Which message it is, whoever numbers them. @param {any} line */
const nameOf = ({ device, id }) => `${device} ${id}`;

/** @param {number} place  @param {any} value  @param {Given} given  @returns {MessageEntry} */
function messageOf(place, value, { me, receipts }) {
  const { id, device, chain, at, content, edits = 0, reactions = {}, timer = 0, until = 0 } = value;
  const own = chain === me;
  const others = Object.values(receipts);
  const readers = others.filter(({ read }) => read >= place).length;
  return {
    kind: "message", key: `message:${id}`, id, device, place, chain, own, at, text: content === null ? null : wordsOf(content), files: filesOf(content, value.confirmed),
    quote: quoteOf(content), edited: edits > 0, reactions: gathered(reactions),
    sent: own ? sentOf(place, others, readers) : null, readers, others: others.length, newest: false, refused: null,
    mentioned: !own && content !== null && (content.body.mentions ?? []).includes(me), mentions: /** @type {any} */ (content)?.body.mentions ?? [], timer, until, line: value, group: "only",
  };
}

/** @param {number} place  @param {Receipts[string][]} others  @param {number} readers  @returns {Sent} */
function sentOf(place, others, readers) {
  if (readers > 0) return readers === others.length ? "read" : "read_by";
  return others.length > 0 && others.every(({ delivered }) => delivered >= place) ? "delivered" : "sent";
}

/** @param {View["waiting"][number]} waiting  @param {string} me  @param {string} device  @returns {MessageEntry} */
const waitingOf = ({ id, kind, at, body, refused }, me, device) => ({
  kind: "message", key: `message:${id}`, id, device, place: 0, chain: me, own: true, at, text: wordsOf({ body }), files: filesOf({ kind, body }),
  quote: quoteOf({ kind, body }), edited: false, reactions: [], sent: refused === null ? "waiting" : "refused", readers: 0, others: 0, newest: false,
  refused, mentioned: false, mentions: /** @type {any} */ (body).mentions ?? [], timer: 0, until: 0, line: null, group: "only",
});

/** @param {{body: any}} content */
const wordsOf = ({ body }) => String(body.text ?? "");

/**
 * @param {{kind: string, body: any}|null} content
 * @param {{[file: string]: string}} [confirmed]
 * @returns {Named[]}
 */
const filesOf = (content, confirmed = {}) =>
  (content?.kind === "file" ? content.body.files.map((/** @type {any} */ one) => ({ ...one, digest: confirmed[one.file] ?? null })) : []);

/** @param {{kind: string, body: any}|null} content */
const quoteOf = (content) =>
  (content?.kind === "reply" ? { author: String(content.body.of.device), text: String(content.body.quote) } : null);

/** @param {{[chain: string]: string}} reactions  @returns {[string, string[]][]} the most frequent first */
function gathered(reactions) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const [chain, reaction] of Object.entries(reactions)) found.set(reaction, [...found.get(reaction) ?? [], chain]);
  return [...found].sort(([, one], [, other]) => other.length - one.length);
}

/** @param {any} one  @param {any} other  whether both lines say the same */
const isAlike = (one, other) =>
  one.kind === other.kind && ((one.kind === "refused" && one.code === other.code && one.device === other.device)
    || one.kind === "destroyed" || one.kind === "message" || (one.kind === "record" && isSilent(one) && isSilent(other)));

/** Whether a record has changed nothing that anybody wants to know. @param {any} line */
export const isSilent = ({ epoch, added, removed, left, roles, timer, joining, trouble, skipped, moved }) =>
  epoch !== 1 && [added, removed, left, roles, moved].every((those) => (those ?? []).length === 0) && timer === undefined
  && joining === undefined && skipped === undefined && (trouble ?? null) === null;

/** @param {Entry[]} entries */
function grouped(entries) {
  for (const entry of [...entries].reverse()) {
    if (entry.kind !== "message" || !entry.own) continue;
    entry.newest = true;
    break;
  }
  for (const [at, entry] of entries.entries()) {
    if (entry.kind !== "message") continue;
    const before = goesOn(entries[at - 1], entry);
    const after = goesOn(entry, entries[at + 1]);
    entry.group = before ? (after ? "inner" : "last") : after ? "first" : "only";
  }
}

/** @param {Entry|undefined} one  @param {Entry|undefined} next */
const goesOn = (one, next) => one?.kind === "message" && next?.kind === "message" && one.chain === next.chain
  && next.at - one.at <= TOGETHER_MS;
