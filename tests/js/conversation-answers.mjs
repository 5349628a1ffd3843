/**
 * Answers on stdout to what is asked on stdin, by the browser's modules (tests/protocol/test_two_languages.py):
 * `[[operation, input], ...]`, bytes as `{"hex": ...}`; an answer has bytes as hexadecimal digits, or is a refusal.
 */

import { text } from "node:stream/consumers";
import { conversationOperations } from "./conversation-vectors.mjs";

const operations = await conversationOperations(new URL("../../web/static/js/", import.meta.url).href);
const read = (one) => (typeof one?.hex === "string" ? new Uint8Array(Buffer.from(one.hex, "hex")) : one);
const written = (one) => (one instanceof Uint8Array ? Buffer.from(one).toString("hex") : one);
const each = (object, by) => Object.fromEntries(Object.entries(object).map(([key, one]) => [key, by(one)]));

const answers = [];
for (const [op, given] of JSON.parse(await text(process.stdin))) {
  try {
    answers.push(each(await operations[op](each(given, read)), written));
  } catch (error) {
    if (error.name !== "Refusal") throw error;
    answers.push({ refusal: error.code });
  }
}
console.log(JSON.stringify(answers));
