/** Conversations of the real server, as devices with the engine of the browser have them. */

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { PASSWORD, everybodyGoes, refusal } from "./account_people.mjs";
import { befriend, linked, recovered, somebody } from "./conversation_talkers.mjs";
import { Refusal } from "../../web/static/js/protocol/errors.js";
import { PageClosed } from "./memory_storage.mjs";
import { Log } from "../../web/static/js/protocol/conversations/log.js";
import { fromBase64url, toBase64url } from "../../web/static/js/protocol/encoding.js";
import { sha256 } from "../../web/static/js/protocol/keys.js";

after(everybodyGoes);

/** Three who know each other, for whatever doesn't change that: an account costs a second. */
let friends = null;

async function acquainted(count) {
  const people = await Promise.all(Array.from({ length: count }, somebody));
  for (const other of people.slice(1)) await befriend(people[0], other);
  return people;
}

/** A conversation of people who all know the first; `strangers`: of people whom nobody has met yet. */
async function together(count, { strangers = false } = {}) {
  friends ??= acquainted(3);
  const people = strangers ? await acquainted(count) : (await friends).slice(0, count);
  for (const one of people) Object.assign(one, { lies: null });
  const { id } = await people[0].talk.found({ accounts: people.slice(1).map(({ account }) => account) });
  return { people, id };
}

/** All read to the end, and see the same. */
async function agree(id, people) {
  for (const one of people) {
    assert.deepEqual(await one.sync(), []);
    // Of an epoch that is over nothing is kept by which it could be opened, and of a record that stands no draft.
    const keys = await one.store.keys(`conversation/${id}/`);
    assert.deepEqual([keys.filter((key) => key.includes("/seed/")).length, keys.filter((key) => key.includes("/draft/")).length], [1, 0]);
  }
  const [first, ...others] = await Promise.all(people.map((one) => one.texts(id)));
  for (const other of others) assert.deepEqual(other, first);
  return first;
}

const chainOf = (one) => fromBase64url(one.chain, 32);

describe("two people", () => {
  test("one founds, both talk, and each reads what the other has said", async () => {
    const { people: [ada, bob], id } = await together(2, { strangers: true });
    await ada.talk.of(id).text("hello");
    assert.deepEqual(await bob.sync(), []);
    await bob.talk.of(id).text("hello yourself");
    assert.deepEqual(await agree(id, [ada, bob]), ["(record)", "hello", "hello yourself"]);
    assert.equal(await ada.talk.of(id).number(), await bob.talk.of(id).number());
    assert.equal((await bob.talk.of(id).view()).reason, "contact");
    // Both have begun one: both mean the same by the conversation with the other.
    const { id: second } = await bob.talk.found({ accounts: [ada.account] });
    await ada.sync();
    const direct = await ada.talk.direct(bob.chain);
    assert.ok([id, second].includes(direct));
    assert.equal(await bob.talk.direct(ada.chain), direct);
  });

  test("one with a live line asks for nothing before it posts, and is right all the same where others were faster", async () => {
    const { people: [ada, bob] } = await together(2);
    const { id } = await ada.talk.found({ accounts: [bob.account], role: "admin" });
    const others = async (text) => {
      await bob.sync();
      await bob.talk.of(id).text(text);
      await bob.talk.of(id).timer(text.length);
    };
    // What it would be told is not told here.
    ada.member.line = { isLive: true };
    ada.asked.length = 0;
    await ada.talk.of(id).text("first");
    assert.match(ada.asked[0].path, /message$/);
    await others("second");
    await ada.talk.of(id).text("third");
    // The answer is lost, and another epoch begins before it is tried again.
    ada.lies = (method, path, answer) => {
      if (method !== "POST" || !path.endsWith("/message")) return answer;
      ada.lies = null;
      throw new Refusal("unreachable");
    };
    assert.equal(await refusal(ada.talk.of(id).text("fourth")), "unreachable");
    await others("the fifth");
    await ada.talk.of(id).flush();
    ada.member.line = null;
    assert.deepEqual(await agree(id, [ada, bob]),
      ["(record)", "first", "second", "(record)", "third", "fourth", "the fifth", "(record)"]);
  });

  test("change what they have said, and nobody else's", async () => {
    const { people: [ada, bob], id } = await together(2);
    const talk = ada.talk.of(id);
    await talk.text("helo");
    await talk.text("nonsense");
    await bob.sync();
    const of = async (who, text) => {
      const { device, id: message } = await who.line(id, text);
      return { device, id: message };
    };
    const [hello, nonsense] = [await of(ada, "helo"), await of(ada, "nonsense")];
    await bob.talk.of(id).send("reaction", { of: hello, reaction: "🌱" });
    await bob.talk.of(id).send("edit", { of: nonsense, text: "not mine", mentions: [] });
    await ada.talk.of(id).send("edit", { of: hello, text: "hello", mentions: [] });
    await ada.talk.of(id).withdraw(nonsense);
    await bob.talk.of(id).send("read", { place: 3 });
    await bob.talk.of(id).send("card", { name: "Ours", picture: null });
    const all = await agree(id, [ada, bob]);
    assert.deepEqual(all, ["(record)", "hello", "(deleted)", "(message_target)", "(not_admin)"]);
    const { reactions, edits } = await bob.line(id, "hello");
    assert.deepEqual([reactions, edits], [{ [bob.chain]: "🌱" }, 1]);
    assert.deepEqual((await ada.talk.of(id).view()).reads, { [bob.chain]: 3 });
  });

  test("one leaves: whoever speaks next begins another epoch, and the other reads no more", async () => {
    const { people: [ada, bob, eve], id } = await together(3);
    await agree(id, [ada, bob, eve]);
    await bob.talk.of(id).leave();
    assert.equal((await bob.talk.of(id).view()).standing, "left");
    await eve.talk.of(id).text("without him");
    assert.deepEqual(await agree(id, [ada, eve]), ["(record)", "(record)", "without him"]);
    const [{ value }] = (await ada.talk.of(id).lines({ limit: 2 })).slice(1);
    assert.deepEqual([value.left, value.removed], [[bob.chain], []]);
    assert.equal(await refusal(bob.talk.of(id).text("still here")), "not_member");
    await bob.sync();
    assert.deepEqual(await bob.texts(id), ["(record)"]);
  });
});

describe("people come and go", () => {
  test("an admin adds, promotes, sets a timer, removes; a member may none of it", async () => {
    const { people: [ada, bob, eve], id } = await together(3);
    const fay = await somebody();
    await befriend(ada, fay);
    await agree(id, [ada, bob, eve]);
    assert.equal(await refusal(bob.talk.of(id).timer(60)), "not_admin");
    await ada.talk.of(id).text("before");
    await ada.talk.of(id).send("card", { name: "Ours", picture: null });
    await ada.talk.of(id).add(await ada.talk.people([fay.account]));
    await ada.talk.of(id).role(chainOf(bob), "admin");
    await ada.sync();
    await bob.sync();
    await bob.talk.of(id).timer(3600);
    await bob.talk.of(id).remove([chainOf(eve)]);
    await bob.talk.of(id).text("after");
    const all = await agree(id, [ada, bob]);
    assert.deepEqual(all, ["(record)", "before", "(record)", "(record)", "(record)", "(record)", "after"]);
    await fay.sync();
    assert.deepEqual(await fay.texts(id), ["(record)", "(record)", "(record)", "(record)", "after"]);
    await eve.sync();
    const { standing, why } = await eve.talk.of(id).view();
    assert.deepEqual([standing, why], ["gone", "not_member"]);
    assert.ok(!(await eve.texts(id)).includes("after"));
    const { timer, people } = await fay.talk.of(id).view();
    assert.deepEqual([timer, people.map(({ role }) => role).sort()], [3600, ["admin", "admin", "member"]]);
    assert.deepEqual((await fay.talk.of(id).view()).card, { name: "Ours", picture: null });
    const { place } = await fay.line(id, "after");
    await fay.talk.of(id).seen(place);
    await fay.store.expire(fay.member.now() + 3_600_001);
    assert.ok(!(await fay.texts(id)).includes("after"));
  });

  test("who was removed and is added again begins anew, and sees nothing of what was said meanwhile", async () => {
    const { people: [ada, bob], id } = await together(2);
    await agree(id, [ada, bob]);
    await ada.talk.of(id).remove([chainOf(bob)]);
    await ada.talk.of(id).text("behind his back");
    // He doesn't know yet, and what he has written meanwhile was for those who were there then.
    await bob.talk.of(id).say("text", { text: "never sent", mentions: [] });
    await bob.sync();
    await ada.talk.of(id).add(await ada.talk.people([bob.account]));
    await ada.talk.of(id).text("hello again");
    assert.deepEqual(await bob.sync(), []);
    assert.deepEqual(await bob.texts(id), ["(record)", "(record)", "hello again"]);
    await bob.talk.of(id).text("here again");
    await ada.sync();
    assert.ok((await ada.texts(id)).includes("here again"));
    assert.ok(!(await ada.texts(id)).includes("never sent"));
    const [{ id: message, refused }] = (await bob.talk.of(id).view()).waiting;
    assert.equal(refused, "not_member");
    assert.equal(await bob.talk.of(id).discard(message), true);
  });

  test("by an invitation into it, and by it alone", async () => {
    const { people: [ada, bob], id } = await together(2);
    const eve = await somebody();
    const invitation = await ada.talk.invite({ conversation: id, name: "Ada" });
    const { account, chain } = ada;
    assert.deepEqual(await eve.talk.redeem(invitation, "Eve"), { account, chain, name: "Ada", conversation: id });
    const come = (await ada.talk.redeemed()).filter(({ conversation }) => conversation === id);
    assert.deepEqual(come.map(({ name }) => name), ["Eve"]);
    await ada.sync();
    await ada.talk.of(id).text("welcome");
    assert.deepEqual((await ada.talk.redeemed()).length, 0);
    await eve.sync();
    assert.deepEqual(await eve.texts(id), ["(record)", "welcome"]);
    await bob.sync();
    await agree(id, [ada, bob]);
  });

  test("an invitation brings nobody back who was removed, and nobody where it doesn't lead", async () => {
    const { people: [ada], id } = await together(2);
    const { id: other } = await ada.talk.found({ accounts: [] });
    const [eve, mallory] = [await somebody(), await somebody()];
    const invitation = await ada.talk.invite({ conversation: id });
    await eve.talk.redeem(invitation);
    await ada.talk.of(id).add(await ada.talk.people([eve.account]));
    await ada.talk.of(id).remove([chainOf(eve)]);
    await eve.talk.redeem(invitation);
    // The server says that one waits in another conversation who was invited into this one.
    await mallory.talk.redeem(await ada.talk.invite({ conversation: id }));
    const { joins } = await ada.member.ask("GET", `chatrooms/${id}/devices`);
    assert.deepEqual(joins.map(({ account }) => account).sort(), [eve.account, mallory.account].sort());
    await ada.talk.invite({ conversation: other });
    const waiting = joins.filter(({ account }) => account === mallory.account);
    ada.lies = (_, path, answer) =>
      (path.endsWith("/devices") ? { ...answer, joins: path.includes(other) ? waiting : [] } : answer);
    assert.deepEqual(await ada.sync(), []);
    ada.lies = null;
    assert.equal((await ada.talk.of(other).view()).people.length, 1);
    assert.deepEqual(await ada.sync(), []);
    const people = (await ada.talk.of(id).view()).people.map(({ chain }) => chain);
    assert.deepEqual([people.includes(eve.chain), people.includes(mallory.chain)], [false, true]);
    assert.equal(await refusal(eve.talk.redeem(invitation)), "invitation_unknown");
  });

  test("somebody is added by nobody they know: it is a request, until they say yes", async () => {
    const { people: [ada, bob], id } = await together(2, { strangers: true });
    const eve = await somebody();
    await befriend(bob, eve);
    await befriend(ada, eve);
    await ada.talk.of(id).add(await ada.talk.people([eve.account]));
    await ada.talk.of(id).text("psst");
    // She has ended it with Ada in the meantime.
    await eve.member.ask("DELETE", `contacts/${ada.account}`);
    assert.deepEqual(await eve.sync(), ["record_uninvited"]);
    assert.equal((await eve.talk.of(id).view()).standing, "request");
    assert.deepEqual(await eve.texts(id), []);
    await eve.talk.of(id).catchUp({ agreed: true });
    assert.deepEqual(await eve.texts(id), ["(record)", "psst"]);
    assert.equal((await eve.talk.of(id).view()).reason, "agreed");
  });

  test("what can't go on goes on elsewhere, with everybody", async () => {
    const { people: [ada, bob], id } = await together(2, { strangers: true });
    await agree(id, [ada, bob]);
    const { id: next } = await ada.talk.repair(id);
    await ada.talk.of(next).text("here we are");
    await bob.member.ask("DELETE", `contacts/${ada.account}`);
    assert.deepEqual(await agree(next, [ada, bob]), ["(record)", "here we are"]);
    assert.equal((await bob.talk.of(next).view()).reason, "continues");
  });
});

describe("several devices", () => {
  test("one that is linked while others are away goes on from what the old one follows, and is shut out when it is revoked", async () => {
    const { people: [bob, ada], id } = await together(2, { strangers: true });
    await ada.sync();
    await ada.member.ask("DELETE", `contacts/${bob.account}`);
    const phone = await linked(ada);
    await bob.sync();
    await bob.talk.of(id).text("to both");
    assert.deepEqual(await phone.sync(), []);
    assert.equal((await phone.talk.of(id).view()).reason, "pinned");
    await phone.talk.of(id).text("from the phone");
    await agree(id, [ada, bob]);
    assert.deepEqual((await phone.texts(id)).slice(-2), ["to both", "from the phone"]);
    await ada.client.revoke(phone.client.state.device, PASSWORD);
    const { epoch } = await ada.talk.of(id).view();
    const open = [];
    assert.equal(await ada.talk.renewAll((left) => open.push(left)), 0);
    assert.deepEqual(open, [2, 1, 0]);
    assert.equal((await ada.talk.of(id).view()).epoch, epoch + 1);
    await ada.talk.of(id).text("without it");
    assert.ok((await agree(id, [ada, bob])).includes("without it"));
    await refusal(phone.sync());
    assert.ok(!(await phone.texts(id)).includes("without it"));
  });

  test("what one says to the others of the same account counts for all", async () => {
    const ada = await somebody();
    await ada.sync();
    await ada.talk.own.set("alias", "bob", "Robert");
    const phone = await linked(ada);
    // Whoever of the two comes first.
    await phone.sync();
    await ada.sync();
    await phone.sync();
    assert.equal((await phone.talk.own.registers()).get("alias", "bob"), "Robert");
    await phone.talk.own.set("alias", "bob", null);
    await ada.sync();
    assert.equal((await ada.talk.own.registers()).get("alias", "bob"), null);
  });

  test("one that can't read what they say to each other reads all else", async () => {
    const { people: [ada, bob], id } = await together(2);
    assert.deepEqual(await ada.sync(), []);
    const own = await ada.talk.own.id();
    await bob.talk.of(id).text("hello");
    ada.lies = (_, path) => { if (path.includes(own)) throw new Refusal("conversations_full"); };
    assert.ok((await ada.sync()).includes("conversations_full"));
    assert.deepEqual(await ada.texts(id), ["(record)", "hello"]);
  });

  test("one that comes back with ten words goes on from what was pinned; without pins others have to list it", async () => {
    for (const pinned of [true, false]) {
      const { people: [bob, ada], id } = await together(2, { strangers: true });
      assert.deepEqual(await ada.sync(), []);
      const again = await recovered(ada, { pinned });
      assert.deepEqual(await again.sync(), []);
      if (!pinned) {
        assert.equal(await refusal(again.talk.of(id).text("too early")), "not_compared");
        await bob.sync();
        await bob.talk.of(id).text("is it you?");
        await again.sync();
      }
      await again.talk.of(id).text("back again");
      await bob.sync();
      assert.ok((await bob.texts(id)).includes("back again"), String(pinned));
      await refusal(ada.sync());
      assert.ok(!(await ada.texts(id)).includes("back again"));
    }
  });

  test("two tabs that read and send at once show and send everything once", async () => {
    const { people: [ada, bob], id } = await together(2);
    await agree(id, [ada, bob]);
    const tab = await ada.tab();
    const words = ["one", "two", "three", "four"];
    for (const text of words) await ada.talk.of(id).say("text", { text, mentions: [] });
    await bob.talk.of(id).text("meanwhile");
    await Promise.all([ada, tab, tab, ada].map((one, at) => (at % 2 ? one.talk.of(id).catchUp() : one.talk.of(id).flush())));
    await Promise.all([ada.talk.of(id).timer(60), tab.talk.of(id).timer(60), tab.talk.of(id).text("five")]);
    const all = await agree(id, [ada, bob]);
    assert.deepEqual(all.filter((text) => text !== "(record)").sort(), [...words, "five", "meanwhile"].sort());
    assert.equal((await ada.talk.of(id).view()).copied, false);
  });

  test("one whose disk was copied sees that somebody else speaks with its keys", async () => {
    const { people: [ada, bob], id } = await together(2, { strangers: true });
    await agree(id, [ada, bob]);
    const thief = await ada.copied();
    await thief.talk.of(id).text("not hers");
    await ada.sync();
    assert.deepEqual(await ada.texts(id), ["(record)", "(device_copied)"]);
    assert.equal((await ada.talk.of(id).view()).copied, true);
    await ada.talk.of(id).timer(60);
    await thief.sync();
    assert.equal((await thief.talk.of(id).view()).copied, true);
  });

  test("two that begin an epoch at once both get what they want", async () => {
    const { people: [ada, bob], id } = await together(2);
    await bob.sync();
    await ada.talk.of(id).role(chainOf(bob), "admin");
    const [eve, fay] = await Promise.all([somebody(), somebody()]);
    await befriend(ada, eve);
    await befriend(bob, fay);
    await bob.sync();
    await Promise.all([
      ada.talk.of(id).add(await ada.talk.people([eve.account])),
      bob.talk.of(id).add(await bob.talk.people([fay.account])),
      ada.talk.of(id).text("one"), bob.talk.of(id).text("two"),
    ]);
    await agree(id, [ada, bob]);
    assert.equal((await ada.talk.of(id).view()).people.length, 4);
  });
});

describe("a server that lies", () => {
  /** Of pages of this log. */
  const pages = (id, change) => (_, path, answer) => (path.startsWith(`chatrooms/${id}/messages?`) ? change(answer, path) : answer);

  test("has changed a message: that one isn't shown, and says why", async () => {
    const { people: [ada, bob], id } = await together(2);
    for (const text of ["one", "two", "three"]) await ada.talk.of(id).text(text);
    bob.lies = pages(id, (page) => {
      const entry = Buffer.from(page.entries[2].entry, "base64url");
      entry[200] ^= 1;
      page.entries[2].entry = entry.toString("base64url");
      return page;
    });
    await bob.sync();
    assert.deepEqual(await bob.texts(id), ["(record)", "one", "(message_broken)", "three"]);
  });

  test("leaves a message out, or puts it elsewhere: nothing is believed, and all is read once it is honest", async () => {
    const { people: [ada, bob], id } = await together(2);
    for (const text of ["one", "two", "three"]) await ada.talk.of(id).text(text);
    bob.lies = pages(id, (page) => {
      page.entries.splice(2, 1);
      return page;
    });
    assert.deepEqual(await bob.sync(), ["malformed"]);
    let left = 1;
    bob.lies = pages(id, (page) => {
      if (left-- > 0) [page.entries[1], page.entries[2]] = [{ ...page.entries[2], s: 2 }, { ...page.entries[1], s: 3 }];
      return page;
    });
    await bob.sync();
    bob.lies = null;
    await bob.sync();
    assert.deepEqual((await bob.texts(id)).filter((text) => text !== "(log_fork)"), ["(record)", "one", "two", "three"]);
  });

  test("goes on with another log for good: it isn't followed", async () => {
    const { people: [ada, bob], id } = await together(2);
    await agree(id, [ada, bob]);
    for (const text of ["one", "two"]) await ada.talk.of(id).text(text);
    bob.lies = pages(id, (page, path) => {
      if (path.endsWith("after=1")) [page.entries[0], page.entries[1]] = [{ ...page.entries[1], s: 2 }, { ...page.entries[0], s: 3 }];
      if (path.endsWith("after=0")) [page.entries[1], page.entries[2]] = [{ ...page.entries[2], s: 2 }, { ...page.entries[1], s: 3 }];
      return page;
    });
    await bob.sync();
    const { standing, why } = await bob.talk.of(id).view();
    assert.deepEqual([standing, why], ["refused", "log_fork"]);
    assert.deepEqual(await bob.texts(id), ["(record)"]);
  });

  test("goes on with another log after it was set back: all is shown in its order, and nobody is blamed, however it is told", async () => {
    for (const most of [100, 2]) {
      const { people: [ada, bob], id } = await together(2);
      await agree(id, [ada, bob]);
      // What the server says that it has stored is lost by it.
      bob.answers = async (method, path, { body }) => {
        if (method !== "POST" || !path.endsWith("/message")) return null;
        const { hash, place } = await bob.store.read(`state/${id}`);
        const entry = await sha256(fromBase64url(body.entries[0]));
        const log = await new Log(place, fromBase64url(hash)).next(2, bob.member.device, entry);
        return { stored: [{ s: log.place, hash: toBase64url(log.hash), at: Date.now() }], renew: false, now: Date.now() };
      };
      await bob.talk.of(id).text("lost by the server");
      bob.answers = null;
      for (const text of ["one", "two", "three"]) await ada.talk.of(id).text(text);
      await ada.talk.of(id).timer(60);
      await ada.talk.of(id).text("four");
      bob.lies = pages(id, (page) => ({ ...page, entries: page.entries.slice(0, most), more: page.more || page.entries.length > most }));
      assert.deepEqual(await bob.sync(), []);
      bob.lies = null;
      assert.deepEqual(await bob.texts(id), ["(record)", "one", "two", "three", "(record)", "four"]);
      const { displaced } = await bob.line(id, "one");
      assert.deepEqual(displaced.map(({ content }) => content.body.text), ["lost by the server"]);
      await bob.talk.of(id).text("indeed");
      assert.ok((await agree(id, [ada, bob])).includes("indeed"));
    }
  });

  test("says after it was set back that what is posted stands where one has read already: it isn't posted for ever", async () => {
    const { people: [ada, bob], id } = await together(2);
    for (const text of ["one", "two"]) await ada.talk.of(id).text(text);
    await agree(id, [ada, bob]);
    let posted = 0;
    bob.member.line = { isLive: true };
    bob.answers = async (method, path) => {
      if (method !== "POST" || !path.endsWith("/message")) return null;
      posted += 1;
      if (posted > 20) throw new Refusal("unreachable");
      return { stored: [{ s: 2, hash: toBase64url(new Uint8Array(32)), at: Date.now() }], renew: false, now: Date.now() };
    };
    bob.asked.length = 0;
    assert.equal(await refusal(bob.talk.of(id).text("three")), "epoch_stuck");
    // Between two attempts the log was read, which tells what has become of the server.
    assert.deepEqual(bob.asked.slice(0, 3).map(({ path }) => /message$|messages\?/.exec(path)?.[0]), ["message", "messages?", "message"]);
    Object.assign(bob, { answers: null });
    bob.member.line = null;
    await bob.talk.of(id).flush();
    assert.deepEqual(await agree(id, [ada, bob]), ["(record)", "one", "two", "three"]);
  });

  test("says that it keeps nothing of what it serves: it isn't asked for ever", async () => {
    const { people: [ada, bob], id } = await together(2);
    await agree(id, [ada, bob]);
    await ada.talk.of(id).text("one");
    let asked = 0;
    bob.lies = pages(id, () => {
      asked += 1;
      throw new Refusal("behind", { more: { first: 1 } });
    });
    assert.deepEqual(await bob.sync(), []);
    const { standing, why } = await bob.talk.of(id).view();
    assert.deepEqual([standing, why, asked], ["refused", "record_gone", 1]);
  });

  test("has forgotten what one hasn't read: a gap is shown, and the rest", async () => {
    const { people: [ada, bob], id } = await together(2);
    await agree(id, [ada, bob]);
    await ada.talk.of(id).text("one");
    await ada.talk.of(id).timer(60);
    await ada.talk.of(id).text("two");
    await ada.talk.of(id).timer(120);
    await ada.talk.of(id).text("three");
    let records = 0;
    bob.lies = (_, path, answer) => {
      if (/\/messages\?after=1$/.test(path)) throw new Refusal("behind", { more: { first: 5 } });
      if (/\/epochs\?after=1$/.test(path)) answer.epochs = answer.epochs.slice(records);
      return answer;
    };
    // The first time the record between is gone as well.
    records = 1;
    assert.deepEqual(await bob.sync(), []);
    assert.deepEqual(await bob.texts(id), ["(record)", "(gap)", "(record)", "three"]);
    const { value } = (await bob.talk.of(id).lines({ limit: 3 }))[2];
    assert.deepEqual([value.from, value.to, value.skipped], [2, 4, 1]);
    bob.lies = null;
    await bob.talk.of(id).text("four");
    await ada.sync();
    assert.ok((await ada.texts(id)).includes("four"));
  });

  test("gives a box that is not the one that was signed: that is said, and another epoch is begun", async () => {
    const { people: [ada, bob], id } = await together(2);
    await agree(id, [ada, bob]);
    await ada.talk.of(id).timer(60);
    await ada.talk.of(id).text("for whom?");
    bob.lies = (_, path, answer) => {
      if (/\/epochs\?/.test(path)) for (const epoch of answer.epochs) if (epoch.epoch === 2) epoch.box = epoch.box && Buffer.alloc(1168).toString("base64url");
      return answer;
    };
    await bob.talk.of(id).catchUp();
    assert.deepEqual(await bob.texts(id), ["(record)", "(record)", "(message_unreadable)"]);
    const [, { value: { trouble } }] = await bob.talk.of(id).lines({ limit: 2 });
    assert.deepEqual([trouble, (await bob.talk.of(id).view()).blamed], ["box_hash", null]);
    assert.deepEqual(await bob.sync(), []);
    assert.equal((await bob.talk.of(id).view()).epoch, 3);
    bob.lies = null;
    await ada.sync();
    await ada.talk.of(id).text("for both");
    await bob.sync();
    assert.ok((await bob.texts(id)).includes("for both"));
  });

  test("shows less than before: what was read stays, once", async () => {
    const { people: [ada, bob], id } = await together(2);
    await ada.talk.of(id).timer(60);
    await ada.talk.of(id).text("one");
    await ada.talk.of(id).text("two");
    const all = await agree(id, [ada, bob]);
    const hash = (await bob.store.read(`conversation/${id}/log/${"3".padStart(16, "0")}`));
    let back = 2;
    bob.lies = (_, path, answer) => {
      if (!/\/messages\?/.test(path) || back-- <= 0) return answer;
      return { ...answer, entries: answer.entries.filter(({ s }) => s <= 3), s: 3, hash, more: false };
    };
    await bob.talk.of(id).catchUp();
    assert.deepEqual(await bob.texts(id), all);
    bob.lies = null;
    await bob.talk.of(id).text("three");
    assert.deepEqual(await agree(id, [ada, bob]), [...all, "three"]);
    assert.equal((await bob.talk.of(id).view()).copied, false);
    // From before what its record had seen, a server that was set back may serve nothing: from there it is gone on.
    await ada.talk.of(id).timer(120);
    await agree(id, [ada, bob]);
    assert.notEqual(await bob.store.read(`conversation/${id}/log/${"1".padStart(16, "0")}`), undefined);
  });

  test("has lost the record by which somebody was removed: nobody comes back unseen, it goes on elsewhere", async () => {
    const { people: [ada, bob, eve], id } = await together(3);
    await agree(id, [ada, bob, eve]);
    await ada.talk.of(id).remove([chainOf(eve)]);
    await agree(id, [ada, bob]);
    const hash = (await ada.store.read(`conversation/${id}/log/${"1".padStart(16, "0")}`));
    ada.lies = (_, path, answer) => {
      if (/\/epochs\?/.test(path)) return { ...answer, epochs: answer.epochs.filter(({ epoch }) => epoch === 1) };
      if (!/\/messages\?/.test(path)) return answer;
      return { ...answer, entries: answer.entries.filter(({ s }) => s <= 1), s: 1, hash, more: false };
    };
    await ada.talk.of(id).catchUp();
    const { standing, why } = await ada.talk.of(id).view();
    assert.deepEqual([standing, why], ["refused", "server_back"]);
    assert.equal(await refusal(ada.talk.of(id).text("to whom?")), "server_back");
    ada.lies = null;
    const { id: next } = await ada.talk.repair(id);
    await bob.sync();
    assert.equal((await bob.talk.of(next).view()).people.length, 2);
  });

  test("names another chain for a contact, or another device: nobody is sealed to whom nobody agreed to", async () => {
    const [ada, bob, eve] = await Promise.all([somebody(), somebody(), somebody()]);
    await befriend(ada, bob);
    await befriend(ada, eve);
    ada.lies = (_, path, answer) =>
      (path === `contacts/${bob.account}/devices` ? ada.client.parts.tokens.ask("GET", `contacts/${eve.account}/devices`) : answer);
    assert.equal(await refusal(ada.talk.found({ accounts: [bob.account] })), "contact_changed");
    // Statements of somebody else, as if his chain went on with them, or began so.
    ada.lies = (_, path, answer) =>
      (path.startsWith(`chains/${bob.chain}`) ? ada.client.parts.tokens.ask("GET", `chains/${eve.chain}`) : answer);
    assert.equal(await refusal(ada.talk.found({ accounts: [bob.account] })), "chain_fork");
    ada.lies = async (_, path, answer) => {
      if (path !== `contacts/${bob.account}/devices`) return answer;
      const { devices: [{ sealing }] } = await ada.client.parts.tokens.ask("GET", `contacts/${eve.account}/devices`);
      return { ...answer, devices: [{ ...answer.devices[0], sealing }] };
    };
    // That key isn't the device's own: nothing is sealed to it, and a server that is honest then wants it done anew.
    assert.equal(await refusal(ada.talk.found({ accounts: [bob.account] })), "conflict");
    const { body } = ada.asked.findLast(({ method, path }) => method === "POST" && path === "chatrooms");
    assert.deepEqual(body.boxes.map((box) => box === "").sort(), [false, true]);
  });
});

describe("lost answers and closed pages", () => {
  test("whichever answer is lost, once or again and again, all goes on, and nothing is there twice", async () => {
    const { people: [ada, bob], id } = await together(2);
    await agree(id, [ada, bob]);
    const left = { "POST chatrooms": 3, "POST epochs": 3, "POST message": 3, "POST ack": 1, "GET messages": 1, "GET epochs": 1 };
    ada.browser.loses = (method, path) => {
      const asked = `${method} ${path.split("?")[0].split("/").at(-1)}`;
      left[asked] = (left[asked] ?? 0) - 1;
      return left[asked] >= 0;
    };
    const before = (await ada.talk.views()).length;
    const steps = [
      () => ada.talk.of(id).text("one"), () => ada.talk.of(id).timer(60), () => ada.talk.of(id).flush(),
      () => ada.talk.found({ accounts: [bob.account] }), () => ada.sync(), () => ada.sync(),
    ];
    for (const step of steps) await step().catch(({ code }) => assert.equal(code, "unreachable"));
    assert.ok(Object.values(left).every((count) => count <= 0), JSON.stringify(left));
    ada.browser.loses = () => false;
    await ada.talk.of(id).timer(60);
    const all = await agree(id, [ada, bob]);
    assert.deepEqual(all.filter((text) => text === "one"), ["one"]);
    assert.equal((await bob.talk.of(id).view()).timer, 60);
    assert.equal((await ada.talk.of(id).view()).copied, false);
    // What was begun stands, once, too.
    assert.equal((await ada.talk.views()).length, before + 1);
  });

  test("a program that dies at any of its writings goes on the next time, with all that was said, once", async () => {
    const { people: [ada, bob], id } = await together(2);
    await agree(id, [ada, bob]);
    for (let changes = 1; ; changes += 1) {
      ada.store.diesAfter(changes);
      const word = `word ${changes}`;
      const end = await (async () => {
        await ada.talk.of(id).timer(changes);
        await ada.talk.of(id).text(word);
        await ada.sync();
      })().then(() => null, (error) => error);
      ada.store.diesAfter(Number.POSITIVE_INFINITY);
      await ada.opens();
      assert.deepEqual(await ada.sync(), []);
      await ada.talk.of(id).flush();
      await ada.talk.of(id).timer(changes);
      const all = await agree(id, [ada, bob]);
      const said = all.filter((text) => text === word).length;
      assert.ok(said <= 1, `after ${changes}: ${said}`);
      assert.equal((await ada.talk.of(id).view()).waiting.length, 0);
      assert.equal((await ada.talk.of(id).view()).copied, false);
      if (end === null) {
        assert.equal(said, 1);
        return;
      }
      assert.ok(end instanceof PageClosed, `${end.stack}`);
    }
  });
});
