// What helps where a code is entered (code-field.js): below the field the seven places in which its words are
// seen. What is no word is told at its place, with what may have been meant.

import { announce, announceAssertive } from "../../ui/announce.js";
import { el, fill, setText } from "../../ui/el.js";
import { has, parts, say } from "../../ui/i18n.js";
import { codeDrafts } from "../code-draft.js";
import { codePlaces, PLACES } from "./code-places.js";
import { completionList } from "./completion-list.js";

/**
 * @typedef {import("../code-draft.js").Place} Place
 * @typedef {import("../code-draft.js").Known} Drafts
 */

/**
 * Helps in a form that is there. `drafts()` promises what knows the words: until it is there, what is typed is only
 * kept. `doubted`: no room answered to the text that stands there. `last` is what has been typed before there was help.
 * @param {import("./code-field.js").Form & {doubted: boolean, drafts: () => Promise<Drafts>, last: InputEvent|null}} given
 */
export function codeHelp({ input, join, error, hint, joined, doubted, drafts, last }) {
  const list = completionList({ input, take: (start, end, word) => replace(start, end, `${word} `) });
  const places = codePlaces({ mend });
  /** @type {ReturnType<typeof codeDrafts>|null} */
  let known = null;
  /** Whether the word at the caret is judged too, as after pasting. */
  let all = true;
  /** The wrong words that were told, so that none is told at every further key. */
  let told = "";
  /** @type {Place[]} the wrong words of a link: only who has read it knows of them */
  let inLink = [];
  let caret = -1;

  for (const [type, heard] of Object.entries({ input: typed, keyup: moved, click: moved, blur: judgeAll })) {
    input.addEventListener(type, /** @type {EventListener} */ (heard));
  }
  joined.append(list.node);
  error.after(places.node);
  if (last !== null) typed(last);
  learn();

  /** What knows the words may have failed to come, and come at another try. */
  async function learn() {
    known = await drafts().then(codeDrafts).catch(() => null);
    show();
    // Whoever is typing meanwhile waits for no further key.
    if (document.activeElement === input) suggest();
  }

  /** @param {InputEvent} event */
  function typed(event) {
    doubted = false;
    inLink = [];
    // What comes at once is not being typed.
    all = /^insert(?:From(?:Paste|Drop|Yank)|Replacement)/.test(event.inputType ?? "");
    show();
    suggest();
  }

  /** Tells all who listen, as if a person had done it. @param {string} inputType */
  function changed(inputType) {
    input.dispatchEvent(new InputEvent("input", { inputType, bubbles: true }));
  }

  /** The caret has gone to another word: the one it left is complete. */
  function moved() {
    if (input.selectionStart === caret) return;
    list.close();
    if (!all) show();
  }

  function judgeAll() {
    list.close();
    if (all) return;
    all = true;
    show();
  }

  /** @param {boolean} [aloud]  whether what is wrong is said as well */
  function show(aloud = true) {
    if (known === null) return;
    caret = input.selectionStart ?? input.value.length;
    const { places: pieces, link } = known.codeDraft(input.value, { caret: all ? null : caret, doubted });
    const found = link ? inLink : pieces;
    places.show(found);
    const wrong = found.filter(({ state }) => state === "unknown");
    tell(wrong, aloud);
    const count = found.length;
    if (link) setText(hint, say("code.link"));
    else if (found.some(({ state }) => state === "doubtful")) setText(hint, say("code.doubted"));
    else setText(hint, count === 0 ? say("code.hint") : say("code.count", { count, of: PLACES }));
  }

  /**
   * Shows what is wrong to those who see no places, and says it, once.
   * @param {Place[]} wrong
   * @param {boolean} aloud
   */
  function tell(wrong, aloud) {
    const found = wrong.map(({ position, typed: word }) => `${position} ${word}`).join();
    fill(error, wrong.map(sentence));
    error.hidden = wrong.length === 0;
    error.classList.toggle("visually-hidden", wrong.length > 0);
    if (wrong.length > 0) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    if (aloud && found !== told && wrong.length > 0) announce(error.textContent ?? "");
    told = found;
  }

  function suggest() {
    const at = input.selectionStart;
    const found = all || at === null || at !== input.selectionEnd ? null : known?.completions(input.value, at);
    if (found) list.open(found);
    else list.close();
  }

  /** @param {import("../../protocol/errors.js").Refusal} refusal */
  async function refuse(refusal) {
    list.close();
    all = true;
    if (known === null) await learn();
    const code = refusal?.code;
    if (code === "code_word" && known !== null) {
      inLink = known.wrongPlaces(refusal);
      show(false);
    } else {
      show(false);
      const count = known?.codeDraft(input.value).places.length ?? 0;
      fill(error, code === "code_length" ? say("code.length", { count, of: PLACES })
        : say(has(`refusal.${code}`) ? `refusal.${code}` : "refusal.other"));
      error.classList.remove("visually-hidden");
      error.hidden = false;
      input.setAttribute("aria-invalid", "true");
    }
    announceAssertive(error.textContent ?? "");
    input.focus();
  }

  /**
   * @param {number} start
   * @param {number} end
   * @param {string} word
   */
  function replace(start, end, word) {
    const after = input.value.slice(end);
    input.value = input.value.slice(0, start) + word + (word.endsWith(" ") ? after.trimStart() : after);
    const at = start + word.length;
    input.setSelectionRange(at, at);
    changed("insertReplacementText");
  }

  /**
   * Puts a word in the place of another. What is to be done next has the focus: the next wrong word, or
   * joining, or writing on.
   * @param {Place} place
   * @param {string} word
   */
  function mend({ start, end }, word) {
    const moved = word.length - (end - start);
    const rest = inLink.filter((place) => place.start !== start)
      .map((place) => (place.start < start ? place : { ...place, start: place.start + moved, end: place.end + moved }));
    replace(start, end, word);
    inLink = rest;
    show();
    const next = places.firstMend();
    if (next !== null) next.focus();
    else if (isWhole()) join.focus();
    else input.focus();
  }

  function isWhole() {
    const draft = known?.codeDraft(input.value);
    return draft?.code || draft?.link;
  }

  return { refuse };
}

/** @param {Place} place */
function sentence({ position, typed, near }) {
  const word = el("span", { class: "typed", translate: "no" }, typed);
  return [el("span", {}, near.length === 0 ? parts("code.unknown", { position, word })
    : parts("code.word", { position, word, nearest: el("strong", { translate: "no" }, near[0]) })), " "];
}
