/** What was read is written down: lines that are shown, what changes them, and how far it was read. All or nothing. */

import { toBase64url } from "../protocol/encoding.js";
import { Registers } from "../protocol/conversations/registers.js";
import { changesOf } from "./changes.js";
import { inForce } from "./state.js";
import { keysOf } from "./store.js";

/** So long after a message it can be changed, by the server's times of both. */
const CHANGEABLE_MS = 86_400_000;
/** Of so many epochs the records are kept, for conversations that go on from them. */
const RECORDS = 64;

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./store.js").Within} Within
 * @typedef {import("./reading.js").Read} Read
 * @typedef {import("./reading.js").MessageRead} MessageRead
 * @typedef {import("./reading.js").RecordRead} RecordRead
 * @typedef {import("./reading.js").Place} Place
 * @typedef {import("../protocol/conversations/records.js").Record} Record
 *
 * @typedef {object} Self  whose device this is
 * @property {string} device
 * @property {string} chain
 * @property {boolean} isAlone  it is the conversation of the account's devices with each other
 */

export class Applying {
  #id;
  #keys;
  #self;
  #within;
  #state;

  /**
   * @param {string} id
   * @param {Self} self
   * @param {Within} within
   * @param {State} state  as it is at the place before
   */
  constructor(id, self, within, state) {
    this.#id = id;
    this.#keys = keysOf(id);
    this.#self = self;
    this.#within = within;
    this.#state = { ...state };
  }

  /** @param {readonly Read[]} all  @returns {Promise<State>} as it is afterwards; it is to be written, too */
  async apply(all) {
    for (const read of all) {
      const key = this.#keys.log(read.s);
      // Read before, and now again, since the server has gone back and on.
      if ((await this.#within.read(key)) !== toBase64url(read.hash)) {
        await this.#within.put(key, toBase64url(read.hash));
        await this.#one(read);
      }
      this.#state.place = read.s;
      this.#state.hash = toBase64url(read.hash);
    }
    return this.#state;
  }

  /** @param {Read} read */
  async #one(read) {
    if (read.kind === "record") await this.#record(read);
    else if (read.kind === "message") await this.#message(read);
    else if (read.kind === "destroyed") await this.#destroyed(read);
    else if (read.kind === "refused") await this.#refused(read);
  }

  /** @param {RecordRead} read */
  async #record(read) {
    const { signed, before, seed, trouble } = read;
    const within = this.#within;
    const { epoch } = signed.record;
    // All that was said in the epoch before is read by now, and nothing more can come.
    if (before !== null) await within.remove(this.#keys.seed(before.epoch));
    await within.put(this.#keys.record(epoch), toBase64url(signed.entry()));
    if (seed !== null) await within.put(this.#keys.seed(epoch), { seed: toBase64url(seed) });
    const made = await within.read(this.#keys.draft(toBase64url(signed.hash)));
    if (read.isOwn && made === undefined) this.#state.copied = true;
    // Those that this one came before will never stand here.
    for (const key of await within.keys(this.#keys.drafts)) {
      if ((await within.read(key)).epoch <= epoch) await within.remove(key);
    }
    await this.#forget(signed.record);
    const isIn = signed.record.people.some(({ chain }) => toBase64url(chain) === this.#self.chain);
    Object.assign(this.#state, {
      record: inForce(signed, read.s), keyed: seed !== null, renew: false,
      standing: isIn ? this.#state.standing : "left", why: isIn ? this.#state.why : "not_member",
      blamed: trouble === null ? null : { device: toBase64url(signed.record.by), code: trouble },
    });
    await this.#show(read, {
      kind: "record", epoch, chain: read.chain, trouble, ...changesOf(before, signed.record),
    });
  }

  /** Nobody names places of the log any more that the record's author had read, nor records of long ago. @param {Record} record */
  async #forget({ epoch, seen }) {
    const within = this.#within;
    for (const key of await within.keys(this.#keys.logs)) if (key < this.#keys.log(seen)) await within.remove(key);
    for (const key of await within.keys(this.#keys.records)) {
      if (key < this.#keys.record(Math.max(epoch - RECORDS, 0))) await within.remove(key);
    }
  }

  /** @param {MessageRead} read */
  async #message(read) {
    const within = this.#within;
    const key = this.#keys.message(read.device, read.id);
    if ((await within.read(key)) !== undefined) return this.#refuse(read, "message_again", read.id);
    if (!(await this.#isMine(read.device, read.id))) {
      this.#state.copied = true;
      await this.#refuse(read, "device_copied", read.id);
      return undefined;
    }
    await within.put(key, read.s);
    return this.#content(read);
  }

  /**
   * Whether a message of this device was made here; it is done then, and waits no more.
   * @param {string} device
   * @param {string|null} id
   */
  async #isMine(device, id) {
    if (device !== this.#self.device) return true;
    for (const key of await this.#within.keys(this.#keys.outbox)) {
      const waiting = await this.#within.read(key);
      if (waiting.id !== id) continue;
      await this.#within.remove(key);
      return true;
    }
    return false;
  }

  /** @param {MessageRead} read */
  async #content(read) {
    const { content, chain } = read;
    const { body } = content;
    switch (content.kind) {
      case "edit":
        return this.#change(read, body.of, ({ edits = 0, content: before, ...line }) => ({
          ...line, edits: edits + 1, content: { ...before, body: { ...before.body, text: body.text, mentions: body.mentions } },
        }));
      case "delete":
        return this.#change(read, body.of, (line) => ({ ...line, content: null, deleted: true, reactions: {} }));
      case "reaction":
        return this.#change(read, body.of, ({ reactions = {}, ...line }) => {
          const { [chain]: _, ...others } = reactions;
          return { ...line, reactions: body.reaction === null ? others : { ...others, [chain]: body.reaction } };
        }, true);
      case "read":
        this.#state.reads = { ...this.#state.reads, [chain]: Math.max(this.#state.reads[chain] ?? 0, Number(body.place)) };
        return undefined;
      case "profile":
        return this.#within.put(this.#keys.profile(chain), body);
      case "card":
        return read.isAdmin ? this.#within.put(this.#keys.card, body) : this.#refuse(read, "not_admin", read.id);
      case "sync":
        return this.#self.isAlone ? this.#sync(content) : this.#refuse(read, "content_form", read.id);
      default:
        return this.#show(read, messageLine(read));
    }
  }

  /**
   * Changes the line of another message.
   * @param {MessageRead} read
   * @param {any} of
   * @param {(line: any) => any} change
   * @param {boolean} [anybody]  not only who wrote it, and at any time
   */
  async #change(read, of, change, anybody = false) {
    const place = await this.#within.read(this.#keys.message(of.device, of.id));
    const line = place === undefined ? undefined : await this.#within.line(this.#id, place);
    const may = line?.kind === "message" && line.content !== null && line.content.kind !== "unknown" &&
      (anybody || (line.chain === read.chain && read.at - line.at <= CHANGEABLE_MS));
    if (!may) return this.#refuse(read, "message_target", read.id);
    return this.#within.show(this.#id, place, change(line), line.until);
  }

  /** @param {import("../protocol/conversations/contents.js").Content} content */
  async #sync(content) {
    const registers = Registers.fromJson((await this.#within.read("own-registers")) ?? {});
    await this.#within.put("own-registers", registers.with(content).toJson());
  }

  /** Its sender still has what was destroyed before it came here. @param {import("./reading.js").DestroyedRead} read */
  async #destroyed(read) {
    const key = read.id === null ? null : this.#keys.message(read.device, read.id);
    if (read.device === this.#self.device) await this.#isMine(read.device, read.id);
    if (key !== null && (await this.#within.read(key)) === undefined) await this.#within.put(key, read.s);
    await this.#show(read, { kind: "destroyed", id: read.id });
  }

  /** @param {import("./reading.js").RefusedRead} read */
  async #refused(read) {
    if (read.id !== null) await this.#isMine(read.device, read.id);
    await this.#refuse(read, read.code, read.id);
    if (!read.stops) return;
    const standing = read.code === "record_version" ? "following" : "refused";
    Object.assign(this.#state, { standing, why: read.code });
  }

  /** @param {Place} place  @param {string} code  @param {string|null} id */
  #refuse(place, code, id) {
    return this.#show(place, { kind: "refused", code, id });
  }

  /** What stood here before a server went back was read, and isn't lost. @param {Place} place  @param {any} value */
  async #show({ s, at, device }, value) {
    const before = await this.#within.line(this.#id, s);
    const { displaced: earlier = [], ...line } = before ?? {};
    const all = line.kind === "message" ? [...earlier, line] : earlier;
    const displaced = all.length === 0 ? {} : { displaced: all };
    await this.#within.show(this.#id, s, { at, device, ...value, ...displaced });
  }
}

/** @param {MessageRead} read */
const messageLine = ({ id, chain, content, timer }) => ({ kind: "message", id, chain, content, timer });
