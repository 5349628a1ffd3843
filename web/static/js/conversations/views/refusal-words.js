/** What went wrong in a conversation, in a sentence. */

import { codeOf, refusalSentence } from "../../account/views/refusals.js";
import { has, say } from "../../ui/i18n.js";

/** @param {unknown} error */
export function refusalWords(error) {
  const key = `conversations.refusal.${codeOf(error)}`;
  return has(key) ? say(key) : refusalSentence(error);
}
