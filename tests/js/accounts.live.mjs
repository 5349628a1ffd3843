/** Accounts of the real server, seen through what the page of accounts uses. */

import { afterEach, describe, test } from "node:test";
import assert from "node:assert/strict";
import { Browser, PASSWORD, everybodyGoes, links, newName, refusal, registers, sees } from "./account_people.mjs";
import * as hpke from "../../web/static/js/device/hpke.js";
import { randomBelow, randomBytes } from "../../web/static/js/device/random.js";
import { newRecoveryWords, readRecoveryWords } from "../../web/static/js/protocol/accounts/recovery.js";
import { makeCode } from "../../web/static/js/protocol/codes.js";
import { toBase64url } from "../../web/static/js/protocol/encoding.js";
import { Refusal } from "../../web/static/js/protocol/errors.js";
import { PageClosed } from "./memory_storage.mjs";

afterEach(everybodyGoes);

const names = ({ state }) => state.devices.map(({ name, me }) => [name, me]);

describe("an account", () => {
  test("from a name to a device, which the next page still is", async () => {
    const { client, address, words, browser } = await registers();
    assert.equal(readRecoveryWords(words), words);
    assert.match(address, /^ada_\d+\.\d{5}$/);
    assert.deepEqual([client.state.phase, client.state.address, client.state.busy], ["ready", address, null]);
    assert.deepEqual(names(client), [["Firefox, Linux", true]]);
    client.close();
    const next = await browser.opens();
    assert.deepEqual([next.state.phase, next.state.address], ["ready", address]);
    assert.deepEqual(names(next), [["Firefox, Linux", true]]);
  });

  test("is not made as long as what makes its first device doesn't load", async () => {
    const browser = new Browser();
    const client = await browser.opens();
    const typed = { address: client.proposeAddress(newName()), password: PASSWORD };
    const { inside } = client.parts;
    client.parts.inside = async () => { throw new Refusal("unreachable"); };
    assert.equal(await refusal(client.register(typed)), "unreachable");
    client.parts.inside = inside;
    assert.notEqual((await client.register(typed)).words, "");
  });

  test("whose words nobody has confirmed has no device, and hands out others", async () => {
    const browser = new Browser();
    const client = await browser.opens();
    const address = client.proposeAddress(newName());
    const { words } = await client.register({ address, password: PASSWORD });
    client.close();
    const next = await browser.opens();
    assert.deepEqual([next.state.phase, next.state.hasDevices], ["no_device", false]);
    await next.signIn({ address, password: PASSWORD });
    assert.notEqual((await next.firstDevice()).words, words);
    await next.confirmWords();
    assert.equal(next.state.phase, "ready");
  });

  test("keeps nothing on the disk that tells whose it is", async () => {
    const { address, words, browser } = await registers();
    const disk = [...browser.storage.places].filter(([place]) => place !== "keys").map(([, rows]) =>
      [...rows].map(([key, value]) => `${key} ${value.sealed ? Buffer.from(value.sealed).toString("latin1") : JSON.stringify(value)}`));
    // Nothing so short that ciphertext has it by chance, or that a row is called so.
    for (const canary of [address, PASSWORD, words.slice(0, 24), words.slice(-24), "Firefox"]) {
      assert.ok(!disk.flat().join("\n").includes(canary), canary);
    }
  });

  test("wrong passwords and taken addresses are refused", async () => {
    const { address } = await registers();
    const other = await new Browser().opens();
    assert.equal(await refusal(other.register({ address, password: PASSWORD })), "address_taken");
    assert.equal(await refusal(other.signIn({ address, password: "another password" })), "login_wrong");
    assert.equal(await refusal(other.signIn({ address, password: "short" })), "password_length");
    assert.equal(other.state.phase, "signed_out");
  });
});

describe("a second device", () => {
  test("is linked by seven words, and both know both by name", async () => {
    const { client, address } = await registers();
    const phone = new Browser();
    phone.agent = "Mozilla/5.0 (Linux; Android 15) Chrome/140.0";
    const second = await links(client, address, phone);
    assert.equal(second.state.phase, "ready");
    assert.deepEqual(names(second), [["Firefox, Linux", false], ["Chrome, Android", true]]);
    await sees(client, ({ devices }) => devices.length === 2);
    await second.rename(client.state.device, "The desk");
    second.close();
    assert.deepEqual(names(await phone.opens()), [["The desk", false], ["Chrome, Android", true]]);
  });

  test("that was removed is told, and what lay there is gone", async () => {
    const { client, address } = await registers();
    const phone = new Browser();
    const second = await links(client, address, phone);
    const image = phone.storage.image();
    const awake = await links(client, address, new Browser());
    // It sleeps, and has no token by which the server could know whose it was.
    second.close();
    await client.revoke(second.state.device, PASSWORD);
    await client.revoke(awake.state.device, PASSWORD);
    assert.equal(client.state.devices.length, 1);
    await refusal(awake.rename(awake.state.device, "still here"));
    await sees(awake, ({ phase }) => phase === "revoked");
    awake.close();
    const next = await phone.opens();
    // Without the password nobody is told why.
    assert.equal(next.state.phase, "ended");
    await next.signIn({ address, password: PASSWORD });
    assert.deepEqual([next.state.phase, next.state.address, phone.cookie], ["revoked", address, null]);
    assert.deepEqual(["keys", "rows", "escrow"].map((place) => phone.storage.places.get(place).size), [0, 0, 0]);
    next.close();
    const told = await phone.opens();
    assert.equal(told.state.phase, "revoked");
    await told.signIn({ address, password: PASSWORD });
    assert.deepEqual([told.state.phase, told.state.hasDevices], ["no_device", true]);
    // A copy of the disk from before, with the password: the share is destroyed, and with it what opens it.
    const thief = new Browser();
    thief.storage = image;
    const copy = await thief.opens();
    await copy.signIn({ address, password: PASSWORD }).catch(() => undefined);
    assert.notEqual(copy.state.phase, "ready");
  });

  test("is not added by the wrong words, nor by a wrong password", async () => {
    const { client, address } = await registers();
    const second = await new Browser().opens();
    await second.signIn({ address, password: PASSWORD });
    const { code, done } = await second.beginLink();
    assert.equal(await refusal(client.lookAtLink(makeCode(randomBelow))), "link_unknown");
    assert.equal(await refusal(client.acceptLink(code, "not the password")), "password_wrong");
    await second.cancelLink();
    assert.equal(await refusal(done), "cancelled");
    assert.equal(second.state.phase, "no_device");
  });

  test("that was stopped after it was added is a device when it comes back", async () => {
    const { client, address } = await registers();
    const phone = new Browser();
    const second = await phone.opens();
    await second.signIn({ address, password: PASSWORD });
    const { code } = await second.beginLink();
    second.close();
    await client.acceptLink(code, PASSWORD);
    const next = await phone.opens();
    assert.equal(next.state.phase, "ready");
    assert.equal(next.state.devices.length, 2);
    assert.deepEqual(next.state.devices.map(({ name }) => name !== null), [true, true]);
  });

  test("that was stopped, and whose answer is gone, is linked anew: the server's word makes no device", async () => {
    const { client, address } = await registers();
    const phone = new Browser();
    const second = await phone.opens();
    await second.signIn({ address, password: PASSWORD });
    const { code } = await second.beginLink();
    second.close();
    await client.acceptLink(code, PASSWORD);
    phone.refuses = (_, path) => (path === "devices/links" ? "link_unknown" : null);
    const next = await phone.opens();
    await sees(next, ({ phase }) => phase === "signed_out");
    phone.refuses = () => null;
    assert.equal((await links(client, address, phone)).state.devices.length, 3);
  });

  test("that is told another recovery key than the account's seals nothing to it", async () => {
    const { client, address } = await registers();
    const { rows } = client.parts;
    const { publicBytes } = await hpke.fromSeed(randomBytes(32));
    await rows.write({ registers: { ...await rows.read("registers"), recovery_seal: toBase64url(publicBytes) } });
    const phone = new Browser();
    const second = await phone.opens();
    await second.signIn({ address, password: PASSWORD });
    const { code, done } = await second.beginLink();
    await client.acceptLink(code, PASSWORD);
    assert.equal(await refusal(done), "linking_form");
    second.close();
    assert.deepEqual(phone.asked.filter((asked) => asked.startsWith("PUT devices/me/pins")), []);
    const next = await phone.opens();
    await sees(next, ({ phase }) => phase === "signed_out");
  });
});

test("what the rules of the list don't allow is refused, and is no reason for distrust", async () => {
  const { client } = await registers();
  assert.equal(await refusal(client.revoke(client.state.device, PASSWORD)), "chain_last");
  assert.equal(client.state.phase, "ready");
});

describe("lost answers and closed pages", () => {
  for (const lost of ["POST auth/register", "POST devices", "POST auth/refresh", "POST devices/me/share", "GET devices/me/share", "PUT devices/me/pins", "GET auth/me"]) {
    test(`${lost}: lost once, all goes on`, async () => {
      const browser = new Browser();
      let left = 1;
      browser.loses = (method, path) => `${method} ${path}` === lost && left-- > 0;
      const client = await browser.opens();
      const address = client.proposeAddress(newName());
      const words = await client.register({ address, password: PASSWORD }).catch((error) => error);
      if (words instanceof Error) {
        // Nobody can tell whether it was registered: the address is taken now, by oneself.
        assert.equal(words.code, "address_taken");
        await client.signIn({ address, password: PASSWORD });
        await client.firstDevice();
      }
      await client.confirmWords();
      await sees(client, ({ phase }) => phase === "ready");
      assert.equal(client.state.devices.length, 1);
    });
  }

  test("a page closed at any writing of its founding is a device at the next start, or can be made one", async () => {
    for (let writes = 1; ; writes += 1) {
      const browser = new Browser();
      const client = await browser.opens();
      const address = client.proposeAddress(newName());
      await client.register({ address, password: PASSWORD });
      browser.storage.diesAfter(writes);
      const end = await client.confirmWords().then(() => null, (error) => error);
      browser.storage.diesAfter(Number.POSITIVE_INFINITY);
      client.close();
      const next = await browser.opens();
      if (next.state.phase === "no_device") {
        await next.signIn({ address, password: PASSWORD });
        if (next.state.phase === "no_device") {
          await next.firstDevice();
          await next.confirmWords();
        }
      }
      assert.equal(next.state.phase, "ready", `after ${writes} writings`);
      assert.equal(next.state.devices.length, 1);
      next.close();
      if (end === null) return;
      assert.ok(end instanceof PageClosed, `${end}`);
    }
  });

  test("two tabs that renew at the same time both go on, also when one has lost its answer", async () => {
    const { client, browser } = await registers();
    const other = await browser.opens();
    for (const tab of [client, other]) tab.parts.tokens.drop();
    let left = 1;
    browser.loses = (_, path) => path === "auth/refresh" && left-- > 0;
    await Promise.all([client, other].map((tab) => tab.rename(tab.state.device, "renamed")));
    assert.deepEqual([client.state.phase, other.state.phase], ["ready", "ready"]);
  });

  test("a browser that sleeps between a renewal and its answer goes on when it wakes", async () => {
    const { client, browser } = await registers();
    client.close();
    const cookie = browser.cookie;
    const slept = await browser.opens();
    slept.close();
    // The answer, and its cookie, never came.
    browser.cookie = cookie;
    assert.equal((await browser.opens()).state.phase, "ready");
  });

  test("a clock that is wrong by a year is no hindrance", async () => {
    const browser = new Browser();
    browser.sleeps(365);
    const { client } = await registers(browser);
    assert.equal(client.state.phase, "ready");
    assert.ok(Math.abs(client.state.clockOffset + 365 * 86_400_000) < 60_000);
  });
});

describe("ways out and back", () => {
  test("whoever signs out and comes back is the same device; whoever forgets is none", async () => {
    const { client, address, browser } = await registers();
    const { device } = client.state;
    const tab = await browser.opens();
    await client.signOut();
    await sees(tab, ({ phase }) => phase === "ended");
    assert.deepEqual([client.state.phase, client.state.device, client.state.address], ["ended", device, null]);
    assert.equal(browser.cookie, null);
    assert.equal((await browser.opens()).state.phase, "ended");
    await client.signIn({ address, password: PASSWORD });
    assert.deepEqual([client.state.phase, client.state.device], ["ready", device]);
    await client.signOut({ forget: true });
    assert.equal(client.state.phase, "signed_out");
    assert.deepEqual([...browser.storage.places.values()].filter(({ size }) => size > 0), []);
    await client.signIn({ address, password: PASSWORD });
    assert.deepEqual([client.state.phase, client.state.hasDevices], ["no_device", true]);
  });

  test("a storage that the browser has dropped is recognised, and ten words lead back with all names", async () => {
    const { client, address, words, browser } = await registers();
    await client.rename(client.state.device, "The desk");
    client.close();
    const empty = new Browser();
    empty.cookie = browser.cookie;
    const evicted = await empty.opens();
    assert.equal(evicted.state.phase, "evicted");
    assert.equal(await refusal(evicted.recover({ address, words: newRecoveryWords(randomBelow), password: PASSWORD })), "not_found");
    await evicted.recover({ address, words, password: "another password" });
    assert.equal(evicted.state.phase, "ready");
    assert.equal(evicted.state.devices.length, 1);
    const before = await browser.opens();
    assert.ok(["revoked", "ended"].includes(before.state.phase), before.state.phase);
  });

  test("a forgotten password is a new one after the ten words; the old one opens nothing", async () => {
    const { address, words } = await registers();
    const next = await new Browser().opens();
    await next.recover({ address, words, password: "another password" });
    const third = await new Browser().opens();
    assert.equal(await refusal(third.signIn({ address, password: PASSWORD })), "login_wrong");
    await third.signIn({ address, password: "another password" });
    assert.equal(third.state.phase, "no_device");
  });

  test("a password is changed with the old one", async () => {
    const { client, address } = await registers();
    assert.equal(await refusal(client.changePassword("not the old one", "another password")), "password_wrong");
    await client.changePassword(PASSWORD, "another password");
    const other = await new Browser().opens();
    await other.signIn({ address, password: "another password" });
    assert.equal(other.state.phase, "no_device");
  });

  test("an account is deleted at once with the words, and otherwise waits, and can be refused", async () => {
    const { client, words, address, browser } = await registers();
    const { deleted, due } = await client.deleteAccount({ password: PASSWORD });
    assert.equal(deleted, false);
    assert.equal(client.state.pending.kind, "close");
    assert.ok(due > client.state.pending.at);
    await client.refusePending();
    assert.equal(client.state.pending, null);
    assert.equal((await client.deleteAccount({ password: PASSWORD, words })).deleted, true);
    assert.equal(client.state.phase, "signed_out");
    assert.equal(browser.storage.places.get("keys").size, 0);
    assert.equal(await refusal(client.signIn({ address, password: PASSWORD })), "login_wrong");
  });

  test("a session of another browser is ended, and it says so", async () => {
    const { client, address } = await registers();
    const second = await links(client, address);
    const theirs = client.state.sessions.find(({ present }) => !present) ??
      (await sees(client, ({ sessions }) => sessions.some(({ present }) => !present))).sessions.find(({ present }) => !present);
    await client.endSession(theirs.sid);
    await refusal(second.rename(second.state.device, "x"));
    assert.equal((await sees(second, ({ phase }) => phase !== "ready")).phase, "ended");
  });
});

describe("what lies in a browser whose share is gone", () => {
  test("is locked, opens with ten words, and with no others", async () => {
    const { client, words, address, browser } = await registers();
    await client.rename(client.state.device, "The desk");
    client.close();
    // Another share takes the place of this one's, as after a restored backup: here by a copy that has turned.
    const copy = await browser.copied().opens();
    await copy.parts.rows.rotate(async () => null);
    copy.close();
    const locked = await browser.opens();
    if (locked.state.phase === "ended") await locked.signIn({ address, password: PASSWORD });
    assert.equal(locked.state.phase, "locked");
    assert.equal(await refusal(locked.openWithWords(newRecoveryWords(randomBelow))), "words_wrong");
    assert.equal(locked.state.phase, "locked");
    await locked.openWithWords(words);
    assert.deepEqual([locked.state.phase, locked.state.address], ["ready", address]);
    assert.deepEqual(names(locked), [["The desk", true]]);
    locked.close();
    assert.equal((await browser.opens()).state.phase, "ready");
  });
});

describe("a list of devices that begins anew", () => {
  test("waits while an old device may refuse it", async () => {
    const { client, address } = await registers();
    const phone = new Browser();
    const second = await phone.opens();
    await second.signIn({ address, password: PASSWORD });
    await second.startOver();
    await second.confirmWords();
    assert.deepEqual([second.state.phase, second.state.pending?.kind], ["no_device", "genesis"]);
    assert.equal(await refusal(second.beginLink()), "pending");
    second.close();
    const again = await phone.opens();
    assert.equal(again.state.pending?.kind, "genesis");
    await client.rename(client.state.device, "look anew");
    assert.deepEqual([client.state.pending?.kind, client.state.news.map(({ kind }) => kind)], ["genesis", ["second_genesis"]]);
    await client.refusePending();
    assert.equal(client.state.pending, null);
    again.close();
    const refused = await phone.opens();
    assert.deepEqual([refused.state.phase, refused.state.pending], ["no_device", null]);
  });
});

test("a session that was used twice is told on a device, until it was read or the password is another", async () => {
  const { client, address, browser } = await registers();
  const phone = new Browser();
  const second = await phone.opens();
  const steal = async () => {
    await second.signIn({ address, password: PASSWORD });
    const thief = new Browser();
    thief.cookie = phone.cookie;
    for (let times = 0; times < 2; times += 1) {
      second.parts.tokens.drop();
      await second.parts.tokens.refresh();
    }
    assert.equal((await thief.opens()).state.phase, "signed_out");
    await client.rename(client.state.device, "look anew");
  };
  await steal();
  const [{ kind, at }] = client.state.news;
  assert.deepEqual([kind, Math.abs(at - Date.now()) < 60_000], ["token_reused", true]);
  await client.seen();
  await client.rename(client.state.device, "look again");
  assert.deepEqual([client.state.news, (await browser.opens()).state.news], [[], []]);
  await steal();
  assert.equal(client.state.news.length, 1);
  await client.changePassword(PASSWORD, "another password");
  assert.deepEqual(client.state.news, []);
});

describe("what a device doesn't put up with", () => {
  test("another that acts with its keys: it stops and says so", async () => {
    const { client, address, browser } = await registers();
    const second = await links(client, address);
    client.close();
    const thief = await browser.copied().opens();
    await thief.revoke(second.state.device, PASSWORD);
    const back = await browser.opens();
    assert.equal(back.state.phase, "copied");
  });

  test("a server that was restored gets back what it lacks, and it is said once", async () => {
    const { client, address } = await registers();
    await links(client, address);
    await client.rename(client.state.device, "look anew");
    await client.seen();
    const { api } = client.parts;
    const devices = api.devices.bind(api);
    let times = 0;
    api.devices = async () => {
      const answer = await devices();
      times += 1;
      return times > 1 ? answer : { ...answer, statements: answer.statements.slice(0, 1) };
    };
    await client.rename(client.state.device, "look again");
    assert.deepEqual([client.state.phase, client.state.devices.length], ["ready", 2]);
    // The only time that there is for it is this device's, from when it has seen it.
    assert.deepEqual(client.state.news.map(({ kind, day }) => [kind, Number.isInteger(day)]), [["server_back", true]]);
    assert.ok(client.browser.asked.some((asked) => asked.startsWith("POST chains/")));
    await client.seen();
    await client.rename(client.state.device, "and again");
    assert.deepEqual(client.state.news, []);
  });

  test("a server that shows an older list, or another one", async () => {
    const { client, address, browser } = await registers();
    await links(client, address);
    await sees(client, ({ devices }) => devices.length === 2);
    const { api } = client.parts;
    const devices = api.devices.bind(api);
    api.devices = async () => {
      const answer = await devices();
      return { ...answer, statements: answer.statements.slice(0, 1) };
    };
    await client.rename(client.state.device, "x").catch(() => undefined);
    assert.deepEqual([client.state.phase, client.state.reason], ["distrusted", "chain_back"]);
    client.close();
    const next = await browser.opens();
    const nextApi = next.parts.api;
    const other = await registers();
    nextApi.devices = async () => ({ statements: (await other.client.parts.api.devices()).statements, devices: [] });
    await next.rename(next.state.device, "y").catch(() => undefined);
    assert.deepEqual([next.state.phase, next.state.reason], ["distrusted", "chain_fork"]);
  });
});
