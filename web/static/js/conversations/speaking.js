/** What people say in a conversation, in words of this engine: the bodies of docs/conversations.md, 6.2. */

import { toBase64url } from "../protocol/encoding.js";

/**
 * @typedef {import("../protocol/conversations/contents.js").Body} Body
 * @typedef {() => void} Waits  it waits in the outbox: whatever becomes of this program, it is said
 * @typedef {(kind: string, body: Body, waits?: Waits) => Promise<string>} Send  says and sends; the message's id
 * @typedef {{device: string, id: string}} Of  a message, as its line names it
 */

/** What is quoted of a message that is replied to, at most: characters have four bytes at most. */
const QUOTED_POINTS = 120;

export class Speaking {
  #send;
  #destroy;

  /**
   * @param {Send} send
   * @param {(message: string) => Promise<void>} destroy  what waits on the server, by its id
   */
  constructor(send, destroy) {
    this.#send = send;
    this.#destroy = destroy;
  }

  /** @param {string} text  @param {readonly Uint8Array[]} [mentions]  chains  @param {Waits} [waits] */
  text(text, mentions = [], waits = undefined) {
    return this.#send("text", { text, mentions: mentions.map(toBase64url) }, waits);
  }

  /**
   * @param {any} line  of the message that is answered
   * @param {string} text
   * @param {readonly Uint8Array[]} [mentions]
   * @param {Waits} [waits]
   */
  reply(line, text, mentions = [], waits = undefined) {
    const quote = quoteOf(line.content?.body.text ?? "");
    return this.#send("reply", { text, mentions: mentions.map(toBase64url), of: named(line), quote }, waits);
  }

  /** A message of one's own says something else. @param {Of} line  @param {string} text  @param {readonly Uint8Array[]} [mentions]  @param {Waits} [waits] */
  edit(line, text, mentions = [], waits = undefined) {
    return this.#send("edit", { of: named(line), text, mentions: mentions.map(toBase64url) }, waits);
  }

  /** @param {Of} line  @param {string|null} reaction  null takes it back */
  react(line, reaction) {
    return this.#send("reaction", { of: named(line), reaction });
  }

  /** Takes a message of one's own back, for everybody; where it still waits on the server it is destroyed. @param {Of} line */
  async withdraw(line) {
    await this.#send("delete", { of: named(line) });
    await this.#destroy(line.id).catch((error) => {
      if (error.code !== "not_found") throw error;
    });
  }

  /** What the conversation is called; only an admin's counts. @param {string} name  @param {string|null} [picture]  base64url */
  name(name, picture = null) {
    return this.#send("card", { name, picture });
  }
}

/** @param {Of} line @returns {Of} */
const named = ({ device, id }) => ({ device, id });

/** The beginning of a text: 512 bytes at most, whatever it is written in. @param {string} text */
const quoteOf = (text) => [...text].slice(0, QUOTED_POINTS).join("");
