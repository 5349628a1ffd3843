// What went wrong, in words of the account where it has its own for it, and else in those of the whole page.

import { has, say } from "../../ui/i18n.js";
import { duration } from "../../ui/times.js";

/** What no sentence of its own would make clearer: rules that only a broken program breaks. */
const GENERAL = [["chain_", "account.refusal.chain"], ["linking_", "account.refusal.link_broken"], ["box_", "account.refusal.link_broken"]];

/** The code of what was thrown. @param {unknown} error @returns {string} */
export const codeOf = (error) => /** @type {{code?: string}|null|undefined} */ (error)?.code ?? "other";

/** The sentence for what was thrown. @param {unknown} error */
export function refusalSentence(error) {
  const code = codeOf(error);
  const said = say(keyOf(code));
  const { retryAfter = null } = /** @type {{retryAfter?: number|null}} */ (error ?? {});
  return retryAfter === null || retryAfter < 1 ? said : `${said} ${say("account.wait", { time: duration(retryAfter) })}`;
}

/** @param {string} code */
function keyOf(code) {
  for (const key of [`account.refusal.${code}`, `refusal.${code}`]) if (has(key)) return key;
  return GENERAL.find(([begin]) => code.startsWith(begin))?.[1] ?? "account.refusal.other";
}
