// Files without a server: what the cards of the messenger ask of them, each in the state that it was given.
//
//   filesDoorOf({ film: { state: "complete", info: { name: "film.mp4" } } })   and   files(2, "bo", ["film"])

import { text } from "./talk-fake.js";
import { toBase64url, utf8 } from "/static/js/protocol/encoding.js";
import { Refusal } from "/static/js/protocol/errors.js";
import { refusalWords } from "/static/js/conversations/views/refusal-words.js";
import { playerView } from "/static/js/media/views/player-view.js";
import { togetherView } from "/static/js/media/views/together-view.js";
import { filesPart } from "/static/js/media/views/part.js";

const MEBIBYTE = 2 ** 20;
export const LIMITS = { size: 4 * 2 ** 30, bytes: 20 * 2 ** 30, count: 500, uploads: 8, ttl_min: 3600, ttl: 604_800, ttl_max: 2_592_000, store: null };
const bytesOf = (name, length) => Uint8Array.from({ length }, (_, at) => utf8(name)[at] ?? 7);
const idOf = (name) => toBase64url(bytesOf(name, 16));
const PADDED = 32 * MEBIBYTE;

/** A message that names files. */
export const files = (place, who, names, more = {}) => text(place, who, "", {
  content: { kind: "file", at: 0, body: { files: names.map((name) =>
    ({ file: idOf(name), key: toBase64url(bytesOf(name, 32)), padded: PADDED, info: toBase64url(bytesOf(name, 32)) })) } }, ...more,
});

const INFO = { name: "Holiday by the sea.mp4", type: "video/mp4", size: 31_400_000, width: null, height: null, seconds: 74, thumbnail: null, made_by: "clean-1" };

/** `known`: by a name what is shown of a file, and of its upload; `mine`: what the account has sent. */
export class FilesFake {
  calls = [];
  #listeners = new Set();

  constructor(known = {}, mine = []) {
    this.known = new Map(Object.entries(known).map(([name, { upload = null, saving = null, info = {}, ...one }]) => [idOf(name), {
      upload, saving, watched: {
        id: idOf(name), state: "complete", code: null, isOwn: upload !== null, expiresAt: Date.now() + 6 * 86_400_000, landed: null, digest: new Uint8Array(32),
        bytes: PADDED / 3, reference: { padded: PADDED, file: { id: bytesOf(name, 16), key: bytesOf(name, 32) } }, info: info === null ? null : { ...INFO, ...info },
        subscribe: () => () => undefined, confirm() {}, read: async () => undefined, get isLiving() { return ["uploading", "complete"].includes(this.state); }, ...one,
      },
    }]));
    this.kept = mine;
    this.uploads = { state: (file) => this.known.get(file)?.upload ?? null };
    this.savings = { state: (one) => [...this.known.values()].find(({ watched }) => watched === one)?.saving ?? null, begin: async () => undefined, stop() {} };
    this.isBusy = false;
    for (const name of ["pause", "resume", "again"]) this.uploads[name] = async (...given) => { this.calls.push([name, ...given]); };
  }

  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  watch(reference) {
    return this.known.get(toBase64url(reference.file.id)).watched;
  }

  async send(...given) {
    this.calls.push(["send", ...given]);
    if (this.refusal !== undefined) throw new Refusal(this.refusal);
  }

  async listed() {
    return this.kept.map((one) => ({ known: null, standing: { isOwn: true, id: idOf("x"), padded: PADDED, landed: new Uint8Array(4), isComplete: true, isBroken: false, expiresAt: Date.now() + 86_400_000, ...one } }));
  }

  async remove(...given) {
    this.calls.push(["remove", ...given]);
  }

  close() {}
}

/** A way to a film on which nothing ever comes, but for why not. */
export const noWay = ({ fails = null, ...more } = {}) => ({
  loaded: 1, isAwaited: false, failure: null, close() {}, ...more,
  address: () => (fails === null ? new Promise(() => undefined) : Promise.reject(new Refusal(fails))),
});

/** Shows a film of which it is known only how it stands; `watching`: who watches it too. */
export const playing = (way, watching = null, type = "video/mp4") => (one, place) => {
  const view = playerView({ type, title: one.info.name, isConfirmed: () => one.digest !== null, way: () => way });
  if (watching !== null) view.beside.append(togetherView({ isIn: true, others: [], waitsFor: null, isWaiting: true, ...watching }, (device) => device).node);
  place.replaceChildren(view.node);
};

/** As the messenger is given it, and the part behind it. */
export function filesOf(fake, talk, limits = LIMITS) {
  const part = filesPart({ files: fake, talk, limits, offset: () => 0, words: refusalWords, play: fake.play ?? null });
  return { ...part, begin() {} };
}
