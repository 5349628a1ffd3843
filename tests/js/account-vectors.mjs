/**
 * The operations of tests/vectors/accounts_*.json (docs/accounts.md) by the browser's modules, for vectors.mjs: it has
 * no imports but those that it makes from `base`.
 */

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** What a vector lets be drawn: these bytes, and no more. */
function given(data) {
  let at = 0;
  return (size) => {
    at += size;
    if (at > data.length) throw new Error("more is drawn than the vector gives");
    return data.slice(at - size, at);
  };
}

/** An unbiased integer from such bytes, as the documents draw words and digits. */
function below(randomBytes) {
  return (limit) => {
    const size = limit > 65_536 ? 3 : 2;
    const unbiased = 256 ** size - (256 ** size % limit);
    for (;;) {
      const number = randomBytes(size).reduce((sum, byte) => sum * 256 + byte, 0);
      if (number < unbiased) return number % limit;
    }
  };
}

/**
 * @param {string} base  URL of web/static/js/
 * @param {((options: object) => Promise<Uint8Array>)|null} argon2  Argon2id; null: a worker does it, as for the page
 * @param {(text: string, read: Function) => Promise<object>} placed  counts the places of a refusal in code points
 * @returns {Promise<Record<string, Function>>}
 */
export async function accountOperations(base, argon2, placed) {
  const from = (name) => import(new URL(name, base).href);
  const own = (name) => from(`protocol/accounts/${name}.js`);
  const [errors, keys, encoding, hpke] = await Promise.all(
    ["protocol/errors.js", "protocol/keys.js", "protocol/encoding.js", "device/hpke.js"].map(from),
  );
  const [addresses, canonical, chain, derivation, names, linking, passwords, pins, proofs, proofReading, recovery,
    safety, sealing, shares, signing, verifying] = await Promise.all([
    "addresses", "canonical-json", "chain", "derivation", "device-names", "linking", "passwords", "pins", "proofs",
    "proof-reading", "recovery", "safety-number", "sealing-keys", "shares", "signing", "verifying",
  ].map(own));
  const argon2id = argon2
    ? (/** @type {object} */ options) => argon2({ ...options, outputType: "binary" })
    : (await from("device/derive.js")).inWorker;
  const insist = (condition, what) => {
    if (!condition) throw new Error(what);
  };
  /** What was sealed, opened again: that it is refused is no refusal to seal. */
  const again = (opening) => opening.catch((error) => {
    throw new Error(`sealed, but refused to open: ${error.code ?? error}`);
  });
  const same = (one, other) => insist(JSON.stringify(one) === JSON.stringify(other), "what was sealed doesn't come back");
  /** Keys that can't be exported are compared by what they do. */
  async function sameKey(key, raw) {
    insist(!key.extractable, "a key that can be exported");
    const seal = (by) => keys.aeadSeal(by, new Uint8Array(12), new Uint8Array(8), new Uint8Array(0));
    same(hex(await seal(key)), hex(await seal(await keys.importAead(raw))));
    return raw;
  }
  const named = ({ number, day, public: key }) => ({ number, day, key });

  const devices = (list) => list.map(({ id, key, since }) => [hex(id), hex(key), since]);
  const pinOf = ({ chain: id, sequence, head }) => ({ chain: bytes(id), sequence, head: bytes(head) });

  const makers = {
    [chain.GENESIS]: (_, signer, { recovery, recoverySeal }) => chain.genesis(signer, recovery, recoverySeal),
    [chain.ADD]: (now, signer, { key, consent }) => chain.add(now, signer, key, consent),
    [chain.REMOVE]: (now, signer, { device }) => chain.remove(now, signer, device),
    [chain.RECOVER]: (now, signer, { key, consent, recovery, recoverySeal }) =>
      chain.recover(now, signer, key, consent, recovery && { recovery, recoverySeal }),
    [chain.CLOSE]: (now, signer) => chain.close(now, signer),
  };

  return {
    sign: async ({ seed, label, data }) => {
      const key = await signing.keyFromSeed(seed);
      return { public: key.publicBytes, signature: await signing.signWith(key, label, data) };
    },
    check_key: ({ public: key }) => {
      errors.refuse(!verifying.isValidKey(key), "chain_key");
      return {};
    },
    check_signature: async ({ public: key, label, data, signature }) => {
      errors.refuse(!(await verifying.verify(key, label, data, signature)), "chain_signature");
      return {};
    },
    device_id: async ({ key }) => ({ device: await chain.deviceId(key) }),
    consent: async ({ seed, chain: id }) =>
      ({ consent: await chain.consent(await signing.keyFromSeed(seed), id) }),
    make_statement: async ({ statements, type, signer, recovery_seal: recoverySeal, ...rest }) => {
      const now = statements.length === 0 ? chain.Chain.empty() : await chain.readChain(statements.map(bytes));
      const made = await makers[type](now, await signing.keyFromSeed(signer), { ...rest, recoverySeal });
      return { signed: made.encode() };
    },
    read_chain: async ({ statements, pin }) => {
      const read = await chain.readChain(statements.map(bytes), pin === undefined ? null : pinOf(pin));
      return {
        chain: read.id, sequence: read.sequence, head: read.head, devices: devices(read.devices),
        removed: devices(read.removed), recovery: read.recovery, recovery_seal: read.recoverySeal,
        closed_by: read.closedBy,
      };
    },
    grow_chain: async ({ name, adds, then }) => {
      const person = async (who) => signing.keyFromSeed(await drawn(`${name}/${who}`, 32));
      const idOf = ({ publicBytes }) => chain.deviceId(publicBytes);
      const words = await person("words");
      const active = [await person("0")];
      let now = chain.Chain.empty();
      const say = async (signed) => {
        now = await now.extend(chain.Signed.decode((await signed).encode()));
      };
      await say(chain.genesis(active[0], words.publicBytes, new Uint8Array(32)));
      for (let number = 1; number <= adds; number += 1) {
        if (active.length === 10) await say(chain.remove(now, active.at(-1), await idOf(active.shift())));
        const made = await person(number);
        const agreed = await chain.consent(made, now.id);
        await say(chain.add(now, active.at(-1), made.publicBytes, agreed));
        active.push(made);
      }
      const results = [];
      for (const said of then) results.push(await verdict(now, said));
      return { sequence: now.sequence, head: now.head, results };
    },

    read_address: ({ text }) => ({ address: addresses.readAddress(text) }),
    is_address: ({ text }) => ({ address: addresses.isAddress(text) }),
    new_address: ({ name, random }) => ({ address: addresses.newAddress(name, below(given(random))) }),
    account_salt: async ({ deployment_salt: salt, address }) =>
      ({ salt: await addresses.accountSalt(salt, address) }),
    normalized: ({ password }) => ({ bytes: encoding.utf8(passwords.normalized(password)) }),
    derive_auth_key: async ({ password, deployment_salt: salt, address }) => {
      const master = await passwords.deriveMaster(password, salt, address, argon2id);
      return { master, auth_key: await passwords.authKey(master) };
    },
    read_recovery_words: ({ text }) => placed(text, () => ({ words: recovery.readRecoveryWords(text) })),
    new_recovery_words: ({ random }) => ({ words: recovery.newRecoveryWords(below(given(random))) }),
    recovery_root: async ({ words, deployment_salt: salt }) =>
      ({ root: await recovery.recoveryRoot(words, salt, argon2id) }),
    recovery_keys: async ({ root }) => {
      const made = await recovery.RecoveryKeys.derived(root, hpke);
      insist(!made.signing.privateKey.extractable, "a key that can be exported");
      return { signing: made.signing.publicBytes, seal_seed: made.sealSeed, seal_hash: made.sealHash };
    },
    storage_key: async ({ local, share }) => ({ key: await shares.storageKey(local, share) }),
    safety_number: async ({ one, other }) => ({ number: await safety.safetyNumber(one, other) }),

    encode_canonical: ({ value }) => ({ bytes: canonical.encode(value) }),
    decode_canonical: ({ bytes: data }) => ({ value: canonical.decode(data) }),

    xwing_public: async ({ seed }) => ({ public: (await hpke.fromSeed(seed)).publicBytes }),
    seal_box: async ({ seed, info, plaintext }) => {
      const { publicBytes } = await hpke.fromSeed(seed);
      const sealed = await hpke.seal(publicBytes, info, plaintext);
      same(hex(await again(hpke.open(seed, info, sealed))), hex(plaintext));
      return { size: sealed.length };
    },
    try_sealing: async ({ public: key }) => {
      await hpke.seal(key, new Uint8Array(0), new Uint8Array(0));
      return {};
    },
    open_box: async ({ seed, info, sealed }) => ({ plaintext: await hpke.open(seed, info, sealed) }),
    sign_sealing: async ({ seed, chain: id, device, ...rest }) =>
      ({ signature: await sealing.signSealing(await signing.keyFromSeed(seed), id, device, named(rest)) }),
    check_sealing: async ({ key, chain: id, device, signature, ...rest }) => {
      errors.refuse(!(await sealing.verifySealing(key, id, device, named(rest), signature)), "sealing_key");
      return {};
    },

    audience: async ({ deployment_salt: salt }) => ({ audience: await proofs.audienceOf(salt) }),
    make_proof: async ({ seed, audience, method, path, token, time }) =>
      ({ header: await proofs.proof(await signing.keyFromSeed(seed), audience, method, path, token, time) }),
    check_proof: async ({ public: key, header, audience, method, path, token }) => {
      const read = proofReading.readProof(header);
      errors.refuse(!(await proofReading.verifyProof(key, read, audience, method, path, token)), "proof_wrong");
      return { time: read.time };
    },

    link_root: async ({ code, deployment_salt: salt }) => ({ root: await linking.linkRoot(code, salt, argon2id) }),
    link_keys: async ({ root }) => {
      const made = await linking.linkKeys(root);
      return {
        locator: made.locator,
        to_old: await sameKey(made.toOld, await derivation.derived(root, "to-old")),
        to_new: await sameKey(made.toNew, await derivation.derived(root, "to-new")),
      };
    },
    link_text: ({ page, code }) => ({ text: linking.linkText(page, code) }),
    read_link_code: ({ text }) => ({ code: linking.readLinkCode(text) }),
    seal_request: async ({ root, account, random, device, key, consent, signature, name, ...rest }) => {
      const request = { device, key, consent, sealing: named(rest), signature, name };
      return { sealed: await linking.sealRequest(await linking.linkKeys(root), account, request, given(random)) };
    },
    open_request: async ({ root, account, sealed }) => {
      const { sealing: { number, day, key }, ...rest } =
        await linking.openRequest(await linking.linkKeys(root), account, sealed);
      return { ...rest, number, day, public: key };
    },
    check_request: async ({ statements, device, key, consent, signature, ...rest }) => {
      const request = { device, key, consent, sealing: named(rest), signature, name: "A name" };
      await linking.checkRequest(request, await chain.readChain(statements.map(bytes)));
      return {};
    },
    seal_answer: async ({ root, account, random, chain: id, sequence, head, ...rest }) => {
      const answer = { pin: { chain: id, sequence, head }, ...rest };
      return { sealed: await linking.sealAnswer(await linking.linkKeys(root), account, answer, given(random)) };
    },
    open_answer: async ({ root, account, sealed }) => {
      const { pin, pins: pinned, registers } = await linking.openAnswer(await linking.linkKeys(root), account, sealed);
      return { ...pin, pins: pinned, registers };
    },
    seal_device_name: async ({ names_key: key, device, name, random }) =>
      ({ sealed: await names.sealDeviceName(await keys.importAead(key), device, name, given(random)) }),
    open_device_name: async ({ names_key: key, device, sealed }) =>
      ({ name: await names.openDeviceName(await keys.importAead(key), device, sealed) }),

    open_pins: async ({ seed, statements, device, sealed, signature }) => {
      const read = await chain.readChain(statements.map(bytes));
      const { pin, contacts, registers } = await pins.openPins(hpke, seed, read, device, sealed, signature);
      return { sequence: pin.sequence, contacts, registers };
    },
    seal_pins: async ({ seed, words_seed: words, contacts, registers, statements }) => {
      const key = await signing.keyFromSeed(seed);
      const read = await chain.readChain(statements.map(bytes));
      const { publicBytes } = await hpke.fromSeed(words);
      const written = { pin: read.pin, contacts, registers };
      const made = await pins.sealPins(hpke, key, publicBytes, written);
      const device = await chain.deviceId(key.publicBytes);
      const opened = await again(pins.openPins(hpke, words, read, device, made.pins, made.signature));
      same(canonical.encode({ contacts, registers }).join(), canonical.encode({
        contacts: opened.contacts, registers: opened.registers,
      }).join());
      return { size: made.pins.length };
    },
  };

  /** "right", or the code of the refusal of the last statement; those before it are taken. */
  async function verdict(now, said) {
    let after = now;
    for (const [at, one] of said.entries()) {
      try {
        after = await after.extend(chain.Signed.decode(bytes(one)));
      } catch (error) {
        if (!(error instanceof errors.Refusal) || at < said.length - 1) throw error;
        return error.code;
      }
    }
    return "right";
  }
}

/** Up to 32 bytes that the vectors draw under a name (tests/vectors/README.md). */
async function drawn(name, length) {
  const data = new TextEncoder().encode(`${name}/0`);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data)).slice(0, length);
}
