/** What was read is written down: lines that are shown, what changes them, and how far it was read. All or nothing. */

import { toBase64url } from "../protocol/encoding.js";
import { changesOf } from "./changes.js";
import { heardOfOwn, isHidden, isMentioned, isOfOthers } from "./marks.js";
import { placeOf, putAway } from "./met.js";
import { inForce } from "./state.js";
import { HISTORY, SAID, keysOf, writeRegister } from "./store.js";

/** So long after a message it can be changed, by the server's times of both. */
const CHANGEABLE_MS = 86_400_000;
/** What an author has done, and nobody else. */
const BLAMED = ["box_broken", "seed_commitment"];
/** Of so many epochs the records are kept, for conversations that go on from them. */
const RECORDS = 64;
// And the log's hash at so many places before what the newest record's author had read: a server that was set back may
// keep nothing of what was before them, and what it keeps is gone on with from there.
const PLACES_BEFORE = 256;

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./store.js").Within} Within
 * @typedef {import("./reading.js").Read} Read
 * @typedef {import("./reading.js").MessageRead} MessageRead
 * @typedef {import("./reading.js").RecordRead} RecordRead
 * @typedef {import("./reading.js").Place} Place
 * @typedef {import("./sending.js").Waiting} Waiting
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
  /** @type {Set<string>} */
  #others = new Set();

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

  /** Other conversations in which something is shown otherwise by what own devices have said. */
  get others() {
    return [...this.#others];
  }

  /** @param {readonly Read[]} all  @returns {Promise<State>} as it is afterwards; it is to be written, too */
  async apply(all) {
    for (const read of all) {
      await this.#within.put(this.#keys.log(read.s), toBase64url(read.hash));
      await this.#one(read);
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
    const entry = toBase64url(signed.entry());
    // Read before, and now again, since the server went back; or the first.
    const isKnown = (await within.read(this.#keys.record(epoch))) === entry;
    await within.put(this.#keys.record(epoch), entry);
    if (seed !== null) await within.put(this.#keys.seed(epoch), { seed: toBase64url(seed) });
    const made = await within.read(this.#keys.draft(toBase64url(signed.hash)));
    if (read.isOwn && made === undefined && !isKnown) this.#state.copied = true;
    // Those that this one came before will never stand here.
    for (const key of await within.keys(this.#keys.drafts)) {
      if ((await within.read(key)).epoch <= epoch) await within.remove(key);
    }
    if ((await within.keys(this.#keys.drafts)).length === 0) await within.remove(this.#keys.posting);
    await this.#forget(signed.record);
    if (before !== null) await putAway(within, this.#id, this.#state.record.place);
    const isIn = signed.record.people.some(({ chain }) => toBase64url(chain) === this.#self.chain);
    Object.assign(this.#state, {
      record: inForce(signed, read.s), keyed: seed !== null,
      listed: signed.record.devices.some(({ device }) => toBase64url(device) === this.#self.device),
      standing: isIn ? this.#state.standing : "left", why: isIn ? this.#state.why : "not_member",
      blamed: BLAMED.includes(trouble ?? "") ? { device: toBase64url(signed.record.by), code: trouble } : null,
    });
    const hasNew = before !== null && signed.record.devices.some(({ device }) => before.indexOf(device) < 0);
    const isNamed = this.#self.isAlone || (await within.read(this.#keys.card)) !== undefined;
    if (hasNew && read.isHost && isNamed) this.#state.unnamed = true;
    if (hasNew) this.#state.strange = true;
    if (this.#state.at === 0) this.#state.at = read.at;
    const R = toBase64url(signed.hash);
    const shown = await within.line(this.#id, read.s);
    if (shown?.R === R) return;
    await this.#show(read, {
      kind: "record", R, epoch, chain: read.chain, trouble, ...changesOf(before, signed.record), ...(read.moved.length === 0 ? {} : { moved: read.moved }),
    });
  }

  /** Nobody names places of the log any more from before what the record's author had read, nor records of long ago. @param {Record} record */
  async #forget({ epoch, seen }) {
    const within = this.#within;
    const since = this.#keys.log(Math.max(seen - PLACES_BEFORE, 0));
    for (const key of await within.keys(this.#keys.logs)) if (key < since) await within.remove(key);
    for (const key of await within.keys(this.#keys.records)) {
      if (key < this.#keys.record(Math.max(epoch - RECORDS, 0))) await within.remove(key);
    }
  }

  /** @param {MessageRead} read */
  async #message(read) {
    const within = this.#within;
    const key = this.#keys.message(read.device, read.id);
    const known = await this.#met(read, read.id);
    // Read before, and now again, since the server went back.
    if (known === read.s) return undefined;
    if (known !== undefined) return this.#refuse(read, "message_again", read.id);
    await within.put(key, read.s);
    if (read.device === this.#self.device && (await this.#sent(({ id }) => id === read.id)) === null) {
      this.#state.copied = true;
      return this.#refuse(read, "device_copied", read.id);
    }
    return this.#content(read);
  }

  /**
   * What was waiting to be sent, and is.
   * @param {(waiting: Waiting) => boolean} isIt
   * @returns {Promise<Waiting|null>}
   */
  async #sent(isIt) {
    for (const key of await this.#within.keys(this.#keys.outbox)) {
      /** @type {Waiting} */
      const waiting = await this.#within.read(key);
      if (!isIt(waiting)) continue;
      await this.#within.remove(key);
      return waiting;
    }
    return null;
  }

  /** @param {MessageRead} read */
  async #content(read) {
    const { content, chain } = read;
    const { body } = content;
    switch (content.kind) {
      case "edit":
        return this.#change(read, body.of, ({ edits = 0, content: before, proof: _, ...line }) => ({
          ...line, ...(this.#provable(read, { at: content.at, of: body.of })), edits: edits + 1, content: { ...before, body: { ...before.body, text: body.text, mentions: body.mentions } },
        }));
      case "delete":
        return this.#change(read, body.of, ({ proof: _, ...line }) => ({ ...line, content: null, deleted: true, reactions: {} }));
      case "reaction":
        return this.#change(read, body.of, ({ reactions = {}, ...line }) => {
          const { [chain]: _, ...others } = reactions;
          return { ...line, reactions: body.reaction === null ? others : { ...others, [chain]: body.reaction } };
        }, true);
      case "digest":
        return this.#confirm(read);
      case "read":
        this.#state.reads = { ...this.#state.reads, [chain]: Math.max(this.#state.reads[chain] ?? 0, Number(body.place)) };
        return undefined;
      case "profile":
        // Another own device has said who this is.
        if (chain === this.#self.chain) this.#state.strange = false;
        else await this.#within.put(SAID + chain, { name: body.name });
        return this.#within.put(this.#keys.profile(chain), body);
      case "card":
        return read.isAdmin ? this.#within.put(this.#keys.card, body) : this.#refuse(read, "not_admin", read.id);
      case "sync":
        return this.#self.isAlone ? this.#sync(content) : this.#refuse(read, "content_form", read.id);
      default:
        return this.#said(read);
    }
  }

  /** @param {MessageRead} read */
  async #said(read) {
    if (await isHidden(this.#within, this.#id, read)) return;
    const line = { ...messageLine(read), ...this.#provable(read) };
    await this.#show(read, line);
    this.#state.last = read.s;
    this.#state.at = read.at;
    if (!isOfOthers(line, this.#self.chain)) return;
    this.#state.heard = read.s;
    if (read.s <= this.#state.mark) return;
    this.#state.unread += 1;
    if (isMentioned(line, this.#self.chain)) this.#state.mentioned += 1;
  }

  /**
   * What proves to others who has said this, of what others have.
   * @param {MessageRead} read
   * @param {{at: number, of: any}} [edit]  what it changes
   */
  #provable({ chain, proof }, edit) {
    if (proof === undefined || chain === this.#self.chain) return {};
    return { proof: edit === undefined ? proof : { ...proof, edit } };
  }

  /**
   * Changes the line of another message.
   * @param {MessageRead} read
   * @param {any} of
   * @param {(line: any) => any} change
   * @param {boolean} [anybody]  not only who wrote it, and at any time
   */
  async #change(read, of, change, anybody = false) {
    const place = await placeOf(this.#within, this.#id, of);
    const line = place === undefined ? undefined : await this.#within.line(this.#id, place);
    if (place === undefined) await this.#keepUnmet(read, of);
    // It came before this device did, its time was over, or it was hidden.
    if (place === undefined || line === undefined) return undefined;
    const may = line.kind === "message" && line.content !== null && line.content.kind !== "unknown" &&
      (anybody || (line.chain === read.chain && read.at - line.at <= CHANGEABLE_MS)) &&
      // Files have no words that could be others.
      (read.content.kind !== "edit" || line.content.kind !== "file");
    if (!may) return this.#refuse(read, "message_target", read.id);
    return this.#within.show(this.#id, place, change(line));
  }

  /**
   * All of a file is there, its sender says: the first word of it counts, however late (docs/files.md, 9.2).
   * @param {MessageRead} read
   */
  async #confirm(read) {
    const { of, file, digest } = /** @type {any} */ (read.content.body);
    const place = await placeOf(this.#within, this.#id, of);
    if (place === undefined) return this.#keepUnmet(read, of);
    const line = await this.#within.line(this.#id, place);
    if (line === undefined || line.content === null) return undefined;
    const isNamed = line.kind === "message" && line.chain === read.chain && line.content.kind === "file" &&
      line.content.body.files.some((/** @type {{file: string}} */ one) => one.file === file);
    if (!isNamed) return this.#refuse(read, "message_target", read.id);
    if (line.confirmed?.[file] !== undefined) return undefined;
    return this.#within.show(this.#id, place, { ...line, confirmed: { ...line.confirmed, [file]: digest } });
  }

  /** What was read before the message that it changes, which history has brought now. @param {MessageRead} read */
  async again(read) {
    await this.#content(read);
  }

  /** @param {MessageRead} read  @param {{device: string, id: string}} of */
  async #keepUnmet({ hash: _, ...read }, of) {
    const key = this.#keys.unmet(`${of.device}.${of.id}`);
    if ((await this.#within.read(HISTORY)) === undefined) return;
    await this.#within.put(key, [...(await this.#within.read(key)) ?? [], read]);
  }

  /** @param {import("../protocol/conversations/contents.js").Content} content */
  async #sync(content) {
    const { register, key, value } = content.body;
    await writeRegister(this.#within, String(register), String(key), value);
    const other = await heardOfOwn(this.#within, content.body, this.#self.chain);
    if (other !== null) this.#others.add(other);
  }

  /** Its sender still has what was destroyed before it came here. @param {import("./reading.js").DestroyedRead} read */
  async #destroyed(read) {
    const { id, digest } = read;
    if (id !== null && !(await this.#isNew(read, id))) return;
    const own = read.device === this.#self.device ? await this.#sent(({ attempt }) => attempt?.digest === digest) : null;
    if (own === null) {
      await this.#show(read, { kind: "destroyed", id });
      return;
    }
    const { at, kind, body } = own;
    const content = { at, kind, body };
    await this.#content({
      ...read, kind: "message", id: own.id, chain: this.#self.chain, content, isAdmin: true, timer: 0,
    });
  }

  /** @param {import("./reading.js").RefusedRead} read */
  async #refused(read) {
    const { code, digest, id, stops } = read;
    if (id !== null && !(await this.#isNew(read, id))) return;
    if (read.device === this.#self.device) await this.#sent(({ attempt }) => attempt?.digest === digest);
    await this.#refuse(read, code, id);
    if (stops) Object.assign(this.#state, { standing: "refused", why: code });
  }

  /** Whether a message was not met at this very place before. @param {Place} place  @param {string} id */
  async #isNew({ device, s }, id) {
    const known = await this.#met({ device, s }, id);
    if (known === undefined) await this.#within.put(this.#keys.message(device, id), s);
    return known !== s;
  }

  /** Where such a message was met before. @param {Pick<Place, "device"|"s">} place  @param {string} id @returns {Promise<number|undefined>} */
  #met({ device, s }, id) {
    return s <= this.#state.back ? placeOf(this.#within, this.#id, { device, id }) : this.#within.read(this.#keys.message(device, id));
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
