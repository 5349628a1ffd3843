/** What went wrong in a conversation, in a sentence. */

import { complained } from "../../account/views/asking.js";
import { codeOf, refusalSentence } from "../../account/views/refusals.js";
import { has, say } from "../../ui/i18n.js";

/** @param {unknown} error */
export function refusalWords(error) {
  const key = `conversations.refusal.${codeOf(error)}`;
  return has(key) ? say(key) : refusalSentence(error);
}

/**
 * Does what a form asks for. What conversations have a sentence of their own for is said at its field.
 * @template T
 * @param {import("../../account/views/fields.js").Field} field
 * @param {() => Promise<T>} work
 */
export async function told(field, work) {
  try {
    return await work();
  } catch (error) {
    if (has(`conversations.refusal.${codeOf(error)}`)) throw complained(field, refusalWords(error));
    throw error;
  }
}
