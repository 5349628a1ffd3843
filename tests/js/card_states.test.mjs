import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { CARDS } from "../../web/static/js/room/views/state-tables.js";

test("whatever can be opened says before that opening starts the clock, in every language", () => {
  // Of what failed the sentence is why; it was opened once.
  const said = Object.entries(CARDS).filter(([name, { label }]) => name !== "failed" && label === "card.open");
  assert.ok(said.length >= 2);
  for (const language of ["ar", "de", "en", "fr"]) {
    const sentences = JSON.parse(readFileSync(new URL(`../../web/catalogue/${language}.json`, import.meta.url), "utf8"));
    for (const [name, { text }] of said) assert.match(sentences[text], /\{time\}/, `${language}: ${name}`);
  }
});
