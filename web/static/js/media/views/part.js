/** Files as the page of accounts shows them: cards in conversations, what is asked before one goes, and the list of one's own. */

import { el, fill } from "../../ui/el.js";
import { whatItTells } from "../cleaned.js";
import { fileCard } from "./file-card.js";
import { myFiles } from "./my-files.js";
import { sendPanel } from "./send-panel.js";
import { Layout } from "../../protocol/files/layout.js";
import { readFiles } from "../../protocol/files/contents.js";
import { toBase64url } from "../../protocol/encoding.js";
import { openInfo } from "../../protocol/files/info.js";

/**
 * @typedef {import("../files.js").Files} Files
 * @typedef {import("../../conversations/views/chat-entries.js").MessageEntry} MessageEntry
 *
 * @typedef {object} Given
 * @property {Files} files
 * @property {import("../../conversations/conversations.js").Conversations} talk
 * @property {import("../file-api.js").FileLimits} limits
 * @property {() => number} offset  the server's clock minus this one's, in milliseconds
 * @property {(error: unknown) => string} words
 * @property {((one: import("../watched.js").Watched, place: HTMLElement, conversation: string) => void)|null} play
 */

/** What comes to the same for whoever looks: it isn't what was sent. */
const OTHER = ["segment_open", "segment_length", "file_padding", "file_layout"];

/**
 * @param {Given} given
 * @returns {import("../../conversations/views/files-door.js").FilesPart}
 */
export function filesPart({ files, talk, limits, offset, words: said, play }) {
  /** @param {any} error */
  const words = (error) => {
    if (OTHER.includes(error?.code)) return said({ code: "file_digest" });
    return said(error?.code === "quota_full" && error.details?.what === "uploads" ? { code: "quota_uploads" } : error);
  };
  /** Cards by where they are shown: a place goes with its message. @type {WeakMap<HTMLElement, {key: string, update: (file: string) => void}>} */
  const places = new WeakMap();
  /** @type {Set<WeakRef<HTMLElement>>} */
  const shown = new Set();
  const unsubscribe = files.subscribe((file) => {
    for (const ref of shown) {
      const place = ref.deref();
      if (place === undefined) shown.delete(ref);
      else places.get(place)?.update(file);
    }
  });

  /** @param {string} conversation  @param {MessageEntry} entry  @param {HTMLElement} place */
  function show(conversation, entry, place) {
    const { device, id: message, files: named } = entry;
    const key = JSON.stringify(named.map(({ file }) => file));
    const references = readFiles({ files: named.map(({ digest: _, ...one }) => one) });
    if (places.get(place)?.key === key) {
      // It may be confirmed by now, while it is played.
      for (const [index, { digest }] of named.entries()) files.watch(references[index], { conversation, device, message, digest });
      return;
    }
    draw(place, key, named.map(({ digest }, index) => cardOf(references[index], { conversation, device, message, digest })));
  }

  /** @param {HTMLElement} place  @param {string} key  @param {ReturnType<typeof cardOf>[]} cards */
  function draw(place, key, cards) {
    if (!places.has(place)) shown.add(new WeakRef(place));
    fill(place, cards.map(({ card }) => card.node));
    places.set(place, { key, update: (changed) => {
      for (const { one, card } of cards) if (one.id === changed) card.update();
    } });
  }

  /**
   * @param {import("../../protocol/files/contents.js").Reference} reference
   * @param {import("../files.js").Where} where
   */
  function cardOf(reference, where) {
    const { conversation, device, message } = where;
    const one = files.watch(reference, where);
    return { one, card: fileCard(one, { files: filesOf, offset, words, play: play === null ? null : (watched, stage) => play(watched, stage, conversation), cancel: async () => {
      await files.remove([one.id]);
      const here = talk.of(conversation);
      if (!(await here.discard(message))) await here.says.withdraw({ device, id: message });
    } }) };
  }

  /** @param {any} known */
  function listedCard({ conversation, device, message, digest, file, padded, info }) {
    const place = el("div", { class: "file-what" });
    draw(place, "", [cardOf({ file, padded, info }, { conversation, device, message, digest: digest === null ? null : toBase64url(digest) })]);
    return place;
  }

  /** @type {import("./file-card.js").FilesOf} */
  const filesOf = {
    upload: (file) => files.uploads.state(file), pause: (file) => files.uploads.pause(file), resume: (file) => files.uploads.resume(file),
    again: (file, picked) => files.uploads.again(file, picked),
    saving: (one) => files.savings.state(one), save: (one, sink) => files.savings.begin(one, sink), stop: (one) => files.savings.stop(one),
  };

  return {
    show,
    pick: (conversation, picked, timer) => sendPanel(picked, { limits, timer, look: whatItTells, send: async (wish) => {
      /** @type {[File, string][]} */
      const failed = [];
      for (const file of wish.files) {
        try {
          await files.send(conversation, file, { clean: wish.clean && await whatItTells(file) !== "nothing" });
        } catch (error) {
          failed.push([file, words(error)]);
        }
      }
      return failed;
    } }),
    remove: (ids) => files.remove(ids),
    list: (place) => fill(place, myFiles({ limits, words, offset, remove: (id) => files.remove([id]), listed: async () =>
      Promise.all((await files.listed()).map(async ({ standing, known }) => {
        const info = known === null ? null : await openInfo(known.file, known.padded, known.info, standing.info).catch(() => null);
        const { id, padded, landed, ...stands } = standing;
        return { ...stands, id, landed, size: padded, segments: new Layout(padded).count, name: info?.name ?? null, card: info === null ? null : listedCard(known) };
      })) }).node),
    isBusy: () => files.isBusy,
    close() {
      unsubscribe();
      files.close();
    },
  };
}
