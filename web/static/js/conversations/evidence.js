/**
 * What proves to others who has said what is shown (docs/reports.md). It lies with the line that it is about, under the
 * same key, and is gone with it.
 */

import { concat, fromBase64url, toBase64url } from "../protocol/encoding.js";
import { Refusal } from "../protocol/errors.js";
import { sha256 } from "../protocol/keys.js";
import { ID_BYTES } from "../protocol/limits.js";
import { UNKNOWN, encode } from "../protocol/conversations/contents.js";

/**
 * Of a line: what stood before the message, and its signature; of one that was changed, those of the change.
 * @typedef {{ad: string, signature: string, edit?: {at: number, of: any}}} Proof
 * @typedef {{ad: string, content: string, signature: string}} Evidence  base64url
 *
 * @typedef {"spam"|"harassment"|"threat"|"children"|"illegal"|"other"} Reason
 */

/** @param {{ad: Uint8Array, signature: Uint8Array}} opened  @returns {Proof} */
export const proofOf = ({ ad, signature }) => ({ ad: toBase64url(ad), signature: toBase64url(signature) });

/**
 * What a line proves to others, as it is shown.
 * @param {any} line  the value of a line
 * @returns {Evidence}
 * @throws {Refusal} `report_unproven`: it is one's own, none that somebody has said, a file, or from before proofs were kept
 */
export function evidenceOf({ kind, content, proof }) {
  if (kind !== "message" || content === null || [UNKNOWN, "file"].includes(content.kind) || proof === undefined) {
    throw new Refusal("report_unproven");
  }
  const { body } = content;
  const { ad, signature, edit } = proof;
  const said = edit === undefined ? encode(content.kind, content.at, body)
    : encode("edit", edit.at, { of: edit.of, text: body.text, mentions: body.mentions });
  return { ad, signature, content: toBase64url(said) };
}

/**
 * What goes with that in words: all of its text, and what it quotes of somebody else. A change says its text alone.
 * @param {any} line  the value of a line
 * @returns {{text: string, quote: string|null}}
 */
export function wordsOf({ content: { kind, body }, proof }) {
  return { text: String(body.text), quote: kind === "reply" && proof?.edit === undefined ? String(body.quote) : null };
}

/**
 * The body of a report. Its id is made of what it shows: the same again changes nothing, also after a lost answer.
 * @param {Evidence[]} messages
 * @param {Reason} reason
 * @param {string} text
 */
export async function reportOf(messages, reason, text) {
  const names = concat(...messages.map(({ signature }) => fromBase64url(signature)));
  return { id: toBase64url((await sha256(names)).slice(0, ID_BYTES)), reason, text, messages };
}
