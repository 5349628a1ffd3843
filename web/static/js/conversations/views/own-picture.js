/** The picture that others see with what one says: chosen here, made small here, and taken away again. */

import { announce, announceAssertive } from "../../ui/announce.js";
import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { noticeOf } from "../../account/views/asking.js";
import { button } from "../../account/views/frame.js";
import { markNode } from "./names.js";
import { addressOf, pictureOf } from "./pictures.js";
import { refusalWords } from "./refusal-words.js";

/** @param {{profile: {name: string, picture: string|null}, set: (picture: string|null) => Promise<unknown>}} given */
export function ownPicture({ profile, set }) {
  const address = addressOf(profile.picture);
  const place = el("div", {});
  const input = el("input", { type: "file", accept: "image/*", hidden: true, on: { change: () => { if (input.files?.[0]) void keep(input.files[0]); } } });
  const choose = button("quiet small", say(address === null ? "conversations.picture.choose" : "conversations.picture.change"), () => input.click());
  const node = el("div", { class: "own-picture" },
    address === null ? null : markNode({ badge: "", hue: 0, picture: address }),
    el("div", { class: "button-row" }, choose,
      address === null ? null : button("quiet small", say("conversations.picture.remove"), () => void change(async () => null))),
    el("p", { class: "hint" }, say("conversations.picture.hint")), input, place);

  /** @param {File} file */
  const keep = (file) => change(() => pictureOf(file));

  /** @param {() => Promise<string|null>} made */
  async function change(made) {
    choose.setAttribute("aria-busy", "true");
    fill(place);
    try {
      const picture = await made();
      await set(picture);
      announce(say(picture === null ? "conversations.picture.removed" : "conversations.picture.kept"));
    } catch (error) {
      const words = refusalWords(error);
      announceAssertive(words);
      fill(place, noticeOf(words));
    }
    choose.removeAttribute("aria-busy");
    input.value = "";
  }

  return node;
}
