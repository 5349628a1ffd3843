/**
 * The files that the server still keeps for this account: those it has sent, with what they take and a way to be rid of
 * them, and those of others that its devices can open, also where no message names them any more.
 */

import { announce } from "../../ui/announce.js";
import { confirm } from "../../ui/dialog.js";
import { el, fill } from "../../ui/el.js";
import { isolated, say } from "../../ui/i18n.js";
import { moment } from "../../ui/times.js";
import { button } from "../../account/views/frame.js";
import { shareWords, sizeWords } from "./sizes.js";
import { countBits } from "../source.js";

/**
 * @typedef {{id: string, isOwn: boolean, name: string|null, size: number, segments: number, landed: Uint8Array, isComplete: boolean,
 *   isBroken: boolean, expiresAt: number, card: HTMLElement|null}} Listed  of which nothing is known here, `name` and `card` are null
 *
 * @param {{listed: () => Promise<Listed[]>, remove: (id: string) => Promise<unknown>, words: (error: unknown) => string, offset: () => number,
 *   limits: import("../file-api.js").FileLimits}} given
 */
export function myFiles({ listed, remove, words, offset, limits }) {
  const list = el("ul", { class: "file-list" });
  const state = el("p", { class: "hint", role: "status" }, say("conversations.file.loading"));
  const title = el("h2", { id: "files-title", tabindex: "-1" }, say("conversations.file.mine"));
  const node = el("section", { class: "account-section", "aria-labelledby": "files-title" }, title, state, list);

  async function read() {
    try {
      draw(await listed());
    } catch (error) {
      fill(state, words(error), " ", button("quiet small", say("conversations.file.again"), () => void read()));
    }
  }

  /** @param {Listed[]} found */
  function draw(found) {
    // Of what others have sent and nobody here has a key of, there is nothing to be shown.
    const all = found.filter(({ isOwn, card }) => isOwn || card !== null);
    const own = all.filter(({ isOwn }) => isOwn);
    const bytes = own.reduce((sum, { size }) => sum + size, 0);
    fill(state, all.length === 0 ? say("conversations.file.none")
      : say("conversations.file.used", { count: own.length, used: sizeWords(bytes), most: sizeWords(limits.bytes) }));
    fill(list, [...all].sort((one, other) => one.expiresAt - other.expiresAt).map(row));
  }

  /** @param {Listed} one */
  function row(one) {
    const { id, isOwn, card, name, size, segments, landed, isComplete, isBroken, expiresAt } = one;
    const stands = isBroken ? say("conversations.file.state.broken") : isComplete ? say("conversations.file.until", { time: moment(expiresAt - offset()) })
      : say("conversations.file.state.uploading", { share: shareWords(countBits(landed, segments) / segments) });
    const shown = name ?? say("conversations.file.some");
    const away = button("quiet small danger-text", say("conversations.file.delete"), () => void gone());
    away.ariaLabel = say("conversations.file.delete_one", { name: isolated(shown) });

    async function gone() {
      const sure = await confirm({ title: say("conversations.file.delete_title"), text: say("conversations.file.delete_text"),
        yes: say("conversations.file.delete"), danger: true });
      if (!sure) return;
      try {
        await remove(id);
        announce(say("conversations.file.deleted"));
        title.focus();
        await read();
      } catch (error) {
        fill(state, words(error));
      }
    }

    return el("li", {}, card ?? el("div", { class: "file-what" },
      name === null ? el("span", {}, shown) : el("bdi", { class: "notranslate", translate: "no" }, name),
      el("p", { class: "hint" }, `${sizeWords(size)} · ${stands}`)), isOwn ? away : null);
  }

  void read();
  return { node };
}
