/** What devices make, read by whoever reads chains. (How chains are judged is the vectors'.) */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Chain, readChain } from "../../web/static/js/protocol/accounts/chain.js";
import { add, close, genesis, recover, remove } from "../../web/static/js/protocol/accounts/making.js";
import { generateKey, keyFromSeed } from "../../web/static/js/protocol/accounts/signing.js";
import { consent, deviceId } from "../../web/static/js/protocol/accounts/statements.js";

const SEAL = new Uint8Array(32).fill(7);

async function beginning() {
  const [one, two, words] = await Promise.all([generateKey(), generateKey(), generateKey()]);
  const first = await genesis(one, words.publicBytes, SEAL);
  return { one, two, words, first, chain: await Chain.empty().extend(first) };
}

test("what devices and words make is a chain, and each statement is read as it was made", async () => {
  const { one, two, words, first, chain } = await beginning();
  const made = [first];
  let now = chain;
  const then = async (signed) => {
    made.push(signed);
    now = await now.extend(signed);
  };
  await then(await add(now, one, two.publicBytes, await consent(two, now.id)));
  assert.deepEqual(now.devices.map(({ since }) => since), [0, 1]);
  await then(await remove(now, two, await deviceId(one.publicBytes)));
  assert.deepEqual(now.devices.map(({ id }) => id), [await deviceId(two.publicBytes)]);
  await then(await close(now, two));
  assert.equal(now.closedBy, "device");
  const three = await generateKey();
  await then(await recover(now, words, three.publicBytes, await consent(three, now.id)));
  assert.deepEqual([now.closed, now.devices.length, now.removed.length, now.founded], [false, 1, 2, 4]);
  await then(await close(now, words));
  assert.equal(now.closedBy, "recovery");
  const read = await readChain(made.map((signed) => signed.encode()), chain.pin);
  assert.deepEqual(read, now);
  assert.deepEqual(read.pin, now.pin);
});

test("a chain that went back, or has become another, is not the one that was read", async () => {
  const { one, two, words, first, chain } = await beginning();
  const more = await chain.extend(await add(chain, one, two.publicBytes, await consent(two, chain.id)));
  const other = await chain.extend(await add(chain, one, words.publicBytes, await consent(words, chain.id)));
  const stranger = (await beginning()).chain;
  const refused = (pin, code) => assert.rejects(readChain([first.encode()], pin), { code });
  await refused(more.pin, "chain_back");
  await refused(stranger.pin, "chain_fork");
  assert.throws(() => other.checkPin(more.pin), { code: "chain_fork" });
  await assert.rejects(readChain([]), { code: "chain_back" });
});

test("private keys can't be taken out, and a seed gives the key that it always gave", async () => {
  // RFC 8032, 7.1, test 1.
  const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => Number.parseInt(pair, 16));
  const seed = bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const key = await keyFromSeed(seed);
  assert.deepEqual(key.publicBytes, bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"));
  for (const pair of [key, await generateKey()]) {
    assert.equal(pair.privateKey.extractable, false);
  }
});
