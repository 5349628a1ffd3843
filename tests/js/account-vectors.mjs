/**
 * The operations of tests/vectors/accounts_*.json (docs/accounts.md) by the browser's modules, for vectors.mjs: it has
 * no imports but those that it makes from `base`.
 */

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * @param {string} base  URL of web/static/js/
 * @param {((options: object) => Promise<Uint8Array>)|null} argon2id  null where no page may run it
 * @returns {Promise<Record<string, Function>>}
 */
export async function accountOperations(base, argon2id) {
  const from = (name) => import(new URL(name, base).href);
  const [errors, chain, signing] = await Promise.all([
    "protocol/errors.js", "protocol/accounts/chain.js", "protocol/accounts/signing.js",
  ].map(from));

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
      errors.refuse(!signing.isValidKey(key), "chain_key");
      return {};
    },
    check_signature: async ({ public: key, label, data, signature }) => {
      errors.refuse(!(await signing.verify(key, label, data, signature)), "chain_signature");
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
