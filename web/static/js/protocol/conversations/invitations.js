/**
 * Invitations: a link by which two people become contacts, or one comes into a conversation (docs/conversations.md;
 * the operations are those of contacts). The server keeps two sealed texts and opens neither.
 */

import { derived, labelled } from "../accounts/derivation.js";
import { paddedJson, unpaddedJson } from "../accounts/padding.js";
import { U32_MOST } from "../accounts/sealing-keys.js";
import { HASH_BYTES } from "../accounts/statements.js";
import { concat, fromBase64url, toBase64url } from "../encoding.js";
import { Refusal, refuse } from "../errors.js";
import { aeadOpen, aeadSeal, importAead } from "../keys.js";
import { ID_BYTES, NONCE_BYTES, SECRET_BYTES } from "../limits.js";
import { isName } from "../names.js";
import { bytes, fields, inForm, integer } from "./form.js";

const VERSION = 1;
/** Bytes of a sealed text. */
export const INVITATION_BYTES = 4096;
const MARK = "invite=";
/** The id and the secret, and then whatever stands behind a link in a text. */
const FORM = /^([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])/;

/** The inviter's text, and that of who was invited: what differs between the two. */
const OUT = Object.freeze({ word: "invitation-out", direction: 1 });
const IN = Object.freeze({ word: "invitation-in", direction: 2 });

/**
 * Who somebody is: the pin of their chain, what they call themselves, and into which conversation it leads.
 * @typedef {object} Introduction
 * @property {import("../accounts/chain.js").Pin} pin
 * @property {string|null} name
 * @property {Uint8Array|null} conversation  16 bytes
 *
 * @typedef {(size: number) => Uint8Array} RandomBytes
 */

/** What a link holds. Of the two, the server learns the id. */
export class Invitation {
  /**
   * @param {Uint8Array} id  16 random bytes
   * @param {Uint8Array} secret  32 random bytes
   */
  constructor(id, secret) {
    this.id = id;
    this.secret = secret;
    Object.freeze(this);
  }

  /** A new one. @param {RandomBytes} randomBytes */
  static generate(randomBytes) {
    return new Invitation(randomBytes(ID_BYTES), randomBytes(SECRET_BYTES));
  }

  /** What stands behind the `#` of the link. */
  fragment() {
    return `${MARK}${toBase64url(this.id)}.${toBase64url(this.secret)}`;
  }

  /** What a record names in `joining` while this link may be used more than once. */
  joining() {
    return derived(this.secret, "joining");
  }
}

/**
 * The invitation in a link, or in its fragment alone. Which page the link names is not looked at: it leads nowhere.
 * @param {string} text
 * @returns {Invitation}
 * @throws {Refusal} `invitation_form`
 */
export function readInvitation(text) {
  const at = text.lastIndexOf(MARK);
  const [, id, secret] = FORM.exec(text.slice(at + MARK.length)) ?? [];
  if (at < 0 || id === undefined) throw new Refusal("invitation_form");
  return inForm("invitation_form", () =>
    new Invitation(fromBase64url(id, ID_BYTES), fromBase64url(secret, SECRET_BYTES)));
}

/**
 * What the inviter leaves with the server.
 * @param {Invitation} invitation
 * @param {Introduction} introduction
 * @param {RandomBytes} randomBytes
 */
export const sealInvitation = (invitation, introduction, randomBytes) => sealed(invitation, OUT, introduction, randomBytes);

/**
 * @param {Invitation} invitation
 * @param {Uint8Array} box
 * @returns {Promise<Introduction>}
 * @throws {Refusal} `invitation_box`, `invitation_form`
 */
export const openInvitation = (invitation, box) => opened(invitation, OUT, box);

/**
 * What whoever was invited answers.
 * @param {Invitation} invitation
 * @param {Introduction} introduction
 * @param {RandomBytes} randomBytes
 */
export const sealRedemption = (invitation, introduction, randomBytes) => sealed(invitation, IN, introduction, randomBytes);

/**
 * @param {Invitation} invitation
 * @param {Uint8Array} box
 * @returns {Promise<Introduction>}
 * @throws {Refusal} `invitation_box`, `invitation_form`
 */
export const openRedemption = (invitation, box) => opened(invitation, IN, box);

/** @param {Invitation} invitation  @param {typeof OUT|typeof IN} way */
async function keyAndAd({ id, secret }, { word, direction }) {
  const raw = await derived(secret, word);
  try {
    return { key: await importAead(raw), ad: labelled("invitation", id, Uint8Array.of(direction)) };
  } finally {
    raw.fill(0);
  }
}

/**
 * @param {Invitation} invitation
 * @param {typeof OUT|typeof IN} way
 * @param {Introduction} introduction
 * @param {RandomBytes} randomBytes
 */
async function sealed(invitation, way, { pin, name, conversation }, randomBytes) {
  const content = {
    v: VERSION,
    chain: toBase64url(pin.chain),
    sequence: pin.sequence,
    head: toBase64url(pin.head),
    name,
    conversation: conversation === null ? null : toBase64url(conversation),
  };
  readIntroduction(content);
  const { key, ad } = await keyAndAd(invitation, way);
  const nonce = randomBytes(NONCE_BYTES);
  return concat(nonce, await aeadSeal(key, nonce, paddedJson(content), ad));
}

/** @param {Invitation} invitation  @param {typeof OUT|typeof IN} way  @param {Uint8Array} box */
async function opened(invitation, way, box) {
  refuse(box.length <= NONCE_BYTES || box.length > INVITATION_BYTES, "invitation_box");
  const { key, ad } = await keyAndAd(invitation, way);
  const plaintext = await aeadOpen(key, box.subarray(0, NONCE_BYTES), box.subarray(NONCE_BYTES), ad);
  if (plaintext === null) throw new Refusal("invitation_box");
  return readIntroduction(unpaddedJson(plaintext, "invitation_form"));
}

/** @param {unknown} content  @returns {Introduction} */
const readIntroduction = (content) => inForm("invitation_form", () => {
  const { v, chain, sequence, head, name, conversation } =
    fields(content, "v", "chain", "sequence", "head", "name", "conversation");
  if (v !== VERSION || (name !== null && (typeof name !== "string" || !isName(name)))) throw new Refusal("malformed");
  return {
    pin: {
      chain: bytes(chain, HASH_BYTES), sequence: integer(sequence, 0, U32_MOST), head: bytes(head, HASH_BYTES),
    },
    name,
    conversation: conversation === null ? null : bytes(conversation, ID_BYTES),
  };
});
