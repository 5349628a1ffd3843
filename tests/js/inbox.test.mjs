/** What the list of conversations comes to. */

import { test } from "node:test";
import assert from "node:assert/strict";
import { Inbox } from "../../web/static/js/conversations/views/inbox.js";

test("what is new disturbs but where it is mute, and who is named is told there as well", async () => {
  const of = (id, unread, mentioned, settings = {}) => ({ id, unread, mentioned, settings, at: 0, isBlocked: false });
  const all = [of("a", 3, 1), of("b", 5, 0, { mute: 100 }), of("c", 7, 2, { mute: 100 }), { ...of("d", 9, 9), isBlocked: true }];
  const inbox = new Inbox({ own: { id: async () => "own" }, list: async () => all, summary: async () => all[0], subscribe: () => () => {} }, () => {});
  await inbox.begin();
  assert.equal(inbox.unread(50), 3 + 2);
  assert.equal(inbox.unread(150), 3 + 5 + 7);
});
