/**
 * Runs tests/vectors/*.json (layout: tests/vectors/README.md) against the browser's modules, in
 * whatever runs JavaScript: it has no imports but those that it makes from `base`, and the operations
 * of accounts, conversations, files and attachments, and of cleaning, beside it.
 */

import { accountOperations } from "./account-vectors.mjs";
import { attachmentOperations } from "./attachment-vectors.mjs";
import { cleaningOperations } from "./cleaning-vectors.mjs";
import { conversationOperations } from "./conversation-vectors.mjs";
import { fileOperations } from "./file-vectors.mjs";

const HEX = /^(?:[0-9a-f]{2})*$/;
const TYPES = {
  text: (value) => typeof value === "string",
  hex: (value) => typeof value === "string" && HEX.test(value),
  integer: (value) => Number.isInteger(value),
  json: () => true,
};
const FILE_KEYS = ["protocol", "layout", "about", "operations", "cases"];
const OPERATION_KEYS = { side: "both", in: {}, out: {} };
const EXPECTED_KEYS = {
  success: ["name", "why", "op", "in", "expect", "out"],
  refusal: ["name", "why", "op", "in", "expect", "refusal"],
};

/** Some have megabytes, so no list of their digits is made. */
function bytes(digits) {
  const data = new Uint8Array(digits.length / 2);
  for (let at = 0; at < data.length; at += 1) data[at] = Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16);
  return data;
}
const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

function insist(condition, what) {
  if (!condition) throw new Error(what);
}

/** Whether two JSON values are the same; keys in any order. */
function same(a, b) {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return Object.is(a, b) || (a === 0 && b === 0);
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

/** Replaces `{"pieces": [[text, times], ...]}` by the long string it stands for. */
function expand(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(expand);
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0] === "pieces") {
    return value.pieces.map(([text, times]) => text.repeat(times)).join("");
  }
  return Object.fromEntries(keys.map((key) => [key, expand(value[key])]));
}

/** The values of `fields` by their types; hex becomes bytes. */
function typed(values, fields, where) {
  const result = {};
  for (const key of Object.keys(values)) insist(Object.hasOwn(fields, key), `${where}: key ${key}`);
  for (const [key, declared] of Object.entries(fields)) {
    const type = declared.replace(/\?$/, "");
    insist(Object.hasOwn(TYPES, type), `${where}: type ${declared}`);
    if (!Object.hasOwn(values, key)) {
      insist(declared.endsWith("?"), `${where}: no ${key}`);
      continue;
    }
    insist(TYPES[type](values[key]), `${where}: ${key} is no ${type}`);
    result[key] = type === "hex" ? bytes(values[key]) : values[key];
  }
  return result;
}

/** What the modules gave, as the vectors write it. */
const written = (value) => (value instanceof Uint8Array ? hex(value) : value);

/**
 * @param {string} base  URL of web/static/js/
 * @param {(code: string, config: {suite: number, salt: Uint8Array}) => Promise<Uint8Array>} derive
 * @param {((options: object) => Promise<Uint8Array>)|null} argon2id  null where no page may run it
 * @returns {Promise<{refusal: Function, operations: Record<string, Function>}>}
 */
async function load(base, derive, argon2id) {
  const from = (name) => import(new URL(`protocol/${name}.js`, base).href);
  const [charter, cleaning, codes, config, encoding, envelope, errors, keys, links, names, equal, profile,
    seats, session, suggestions, table, words] = await Promise.all(
    ["charter", "cleaning", "codes", "config", "encoding", "envelope", "errors", "keys", "links", "names",
      "equal-names", "profile", "seat", "session", "suggestions", "name-characters", "words"].map(from),
  );
  const rooms = await import(new URL("room/room-crypto.js", base).href);
  const empty = new Uint8Array(0);
  const hmacKey = (raw) =>
    crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
  const place = ({ room_nonce, author, id }) => ({ roomNonce: room_nonce, author, id });
  const seat = ({ room_nonce, member }) => ({ roomNonce: room_nonce, member });
  const rules = ({ messageTtl, roomTtl, ...rest }) =>
    ({ ...rest, message_ttl: messageTtl, room_ttl: roomTtl });
  const snake = (object) => Object.fromEntries(Object.entries(object).map(([key, value]) =>
    [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]));
  const readJson = ({ text, bytes: data }, read) => {
    insist((text === undefined) !== (data === undefined), "text and bytes, or neither");
    return read(data ?? encoding.utf8(text));
  };

  const derived = async (by, secret, length) => {
    const key = await crypto.subtle.importKey("raw", secret, by.name, false, ["deriveBits"]);
    return new Uint8Array(await crypto.subtle.deriveBits({ hash: "SHA-256", ...by }, key, 8 * length));
  };
  const hkdf = (ikm, salt, label) =>
    derived({ name: "HKDF", salt, info: encoding.utf8(label) }, ikm, 32);

  /** Keys that can't be exported are compared by what they do. */
  async function sameKey(key, raw, by) {
    const { name } = key.algorithm;
    insist(!key.extractable, "a key that can be exported");
    const other = name === "HMAC" ? await hmacKey(raw) : name === "HKDF"
      ? await crypto.subtle.importKey("raw", raw, "HKDF", false, ["deriveBits", "deriveKey"])
      : await keys.importAead(raw);
    const [one, two] = await Promise.all([by(key), by(other)]);
    insist(hex(new Uint8Array(one)) === hex(new Uint8Array(two)), `another ${name} key`);
  }
  const mac = (key) => crypto.subtle.sign("HMAC", key, new Uint8Array(8));
  const seal = (key) => keys.aeadSeal(key, new Uint8Array(12), new Uint8Array(8), empty);

  /** What was sealed, opened again: that it is refused is no refusal to seal. */
  const again = (opening) => opening.catch((error) => {
    throw new Error(`sealed, but refused to open: ${error.code ?? error}`);
  });

  /** A place in a text as the vectors count: in code points. */
  const points = (text, units) => Array.from(text.slice(0, units)).length;

  /** What reading gives; a refusal's places are counted as the vectors do. */
  async function placed(text, read) {
    try {
      return await read();
    } catch (error) {
      error.unknown = error.unknown?.map(({ start, end, ...rest }) =>
        ({ ...rest, start: points(text, start), end: points(text, end) }));
      throw error;
    }
  }

  const operations = {
    b64encode: (given) => ({ text: encoding.toBase64url(given.bytes) }),
    b64decode: ({ text, length }) => ({ bytes: encoding.fromBase64url(text, length) }),
    parse_json: (given) => ({ value: readJson(given, encoding.readJson) }),
    read_integer: ({ text, low, high }) => {
      const value = encoding.readJson(text);
      errors.refuse(!encoding.isInteger(value, low, high), "malformed");
      return { value };
    },
    word_list: async () => {
      const list = encoding.utf8(words.WORDS.map((word) => `${word}\n`).join(""));
      return { count: words.WORDS.length, sha256: await keys.sha256(list) };
    },
    pieces: ({ text }) => ({ pieces: cleaning.piecesOf(text).map(({ word, start, end }) =>
      [word, points(text, start), points(text, end)]) }),
    suggestions: ({ typed: word }) => ({ words: suggestions.suggestions(word) }),
    neighbours: ({ word }) => ({ words: suggestions.neighbours(word) }),
    read_code: ({ text }) => placed(text, () => ({ code: codes.readCode(text) })),
    is_link: ({ text }) => ({ link: links.isLink(text) }),
    make_link: async ({ page, suite, salt, code }) =>
      ({ link: await links.makeLink(page, { suite, salt }, code) }),
    make_return_link: async ({ page, suite, salt, code, seat_secret: secret }) =>
      ({ link: await links.makeReturnLink(page, { suite, salt }, code, secret) }),
    read_return_link: async ({ text, suite, salt }) => {
      const { code, secret } = await links.readReturnLink(text, { suite, salt });
      return { code, seat_secret: secret };
    },
    read_link: ({ text, suite, salt }) =>
      placed(text, async () => ({ code: await links.readLink(text, { suite, salt }) })),
    derive_root: async ({ code, ...config }) => ({ root: await derive(code, config) }),
    room_keys: async ({ root }) => {
      const made = await keys.roomKeys(root);
      const charterKey = await hkdf(root, empty, keys.LABELS.charterKey);
      const roomSecret = await hkdf(root, empty, keys.LABELS.roomSecret);
      await sameKey(made.charterKey, charterKey, mac);
      await sameKey(made.roomSecret, roomSecret, async (key) =>
        seal((await keys.contentKeys(key, new Uint8Array(32))).messageKey));
      return { locator: made.locator, charter_key: charterKey, room_secret: roomSecret };
    },
    member_id: async ({ token }) => ({ member: await seats.memberOf(token) }),
    seat_keys: async ({ seat_secret: secret, room_nonce: nonce }) => {
      const { token, member } = await seats.seatOf(secret, nonce);
      return { token, member };
    },
    seat_message: async ({ seat_secret: secret, room_nonce: nonce, counter }) =>
      (await seats.seatOf(secret, nonce)).messages.get(counter),
    later_message: async ({ seat_secret: secret, room_nonce: nonce, counter }) =>
      ({ random: (await seats.seatOf(secret, nonce)).messages.get(counter) === null }),
    content_keys: async ({ root, room_nonce }) => {
      const { roomSecret } = await keys.roomKeys(root);
      const made = await keys.contentKeys(roomSecret, room_nonce);
      const secret = await hkdf(root, empty, keys.LABELS.roomSecret);
      const messageKey = await hkdf(secret, room_nonce, keys.LABELS.messageKey);
      const profileKey = await hkdf(secret, room_nonce, keys.LABELS.profileKey);
      await sameKey(made.messageKey, messageKey, seal);
      await sameKey(made.profileKey, profileKey, seal);
      return { message_key: messageKey, profile_key: profileKey };
    },
    read_config: ({ config: value }) => {
      const read = config.readConfig(value);
      return { suite: read.suite, salt: read.salt, limits: snake(read.limits), defaults: snake(read.defaults) };
    },
    encode_charter: async ({ charter_key, message_ttl, room_ttl, ...rest }) => {
      const encoded = charter.encodeCharter({ ...rest, messageTtl: message_ttl, roomTtl: room_ttl });
      return { charter: encoded, mac: await charter.signCharter(await hmacKey(charter_key), encoded) };
    },
    verify_charter: async (given) => {
      const key = await hmacKey(given.charter_key);
      return rules(await charter.readCharter(key, given.charter, given.mac, given.suite));
    },
    seal_profile: async (given) => {
      const key = await keys.importAead(given.profile_key);
      const { name, colour } = given;
      const padded = profile.encodeProfile({ name, colour });
      const sealed = await profile.sealProfile(key, seat(given), given.nonce, padded);
      const opened = await again(profile.openProfile(key, seat(given), sealed));
      insist(same(opened, { name, colour }), "what was sealed doesn't come back");
      return { profile: sealed };
    },
    open_profile: async (given) =>
      profile.openProfile(await keys.importAead(given.profile_key), seat(given), given.profile),
    name_characters: async () => {
      const runs = Array.from(table.TABLE.matchAll(/([.+^])([0-9a-z]+)/g), ([, kind, length]) =>
        kind.repeat(Number.parseInt(length, 36)));
      return { sha256: await keys.sha256(encoding.utf8(runs.join("").padEnd(0x110000, "."))) };
    },
    check_name: ({ name }) => {
      errors.refuse(!names.isName(name), "profile_json");
      return {};
    },
    numbers: ({ names: given, taken }) => ({ numbers: equal.numbers(given, taken) }),
    tidy_name: ({ typed: name }) => ({ name: names.tidyName(name) }),
    viewing_hash: async ({ viewing }) => ({ viewing_hash: await keys.sha256(viewing) }),
    seal_message: async (given) => {
      const key = await keys.importAead(given.message_key);
      const { viewing, counter, content } = given;
      const message = { viewing, counter, content };
      const sealed = await envelope.sealMessage(key, place(given), message, given.nonce);
      const opened = await again(envelope.openMessage(key, place(given), sealed));
      insist(
        hex(opened.viewing) === hex(viewing) && opened.counter === counter &&
          same(opened.content, content),
        "what was sealed doesn't come back",
      );
      return { size: sealed.length, sha256: await keys.sha256(sealed) };
    },
    open_message: async (given) =>
      envelope.openMessage(await keys.importAead(given.message_key), place(given), given.envelope),
    aead_seal: async (given) => {
      const key = await keys.importAead(given.key);
      return { sealed: await keys.aeadSeal(key, given.nonce, given.plaintext, given.ad) };
    },
    aead_open: async (given) => {
      const key = await keys.importAead(given.key);
      const plaintext = await keys.aeadOpen(key, given.nonce, given.sealed, given.ad);
      errors.refuse(plaintext === null, "envelope_open");
      return { plaintext };
    },
    sha256: async ({ data }) => ({ hash: await keys.sha256(data) }),
    hmac: async ({ key, data }) => {
      const made = await hmacKey(key);
      return { mac: new Uint8Array(await crypto.subtle.sign("HMAC", made, data)) };
    },
    hkdf: async ({ ikm, salt, info, length }) =>
      ({ okm: await derived({ name: "HKDF", salt, info }, ikm, length) }),
    pbkdf2: async ({ password, salt, rounds, length }) =>
      ({ key: await derived({ name: "PBKDF2", salt, iterations: rounds }, password, length) }),
    argon2id: async ({ password, salt, memory_kib, passes, lanes, length }) => ({
      key: await argon2id({
        password, salt, memorySize: memory_kib, iterations: passes, parallelism: lanes,
        hashLength: length, outputType: "binary",
      }),
    }),
    session: (given) => playedSession(given, { charter, encoding, keys, seats, session, crypto: rooms }),
    read_content: (given) => ({ content: readJson(given, envelope.readContent) }),
  };
  const wings = [
    accountOperations(base, argon2id, placed), attachmentOperations(base), cleaningOperations(base),
    conversationOperations(base), fileOperations(base),
  ];
  for (const others of await Promise.all(wings)) {
    for (const [op, run] of Object.entries(others)) {
      insist(!Object.hasOwn(operations, op), `two operations ${op}`);
      operations[op] = run;
    }
  }
  return { operations, Refusal: errors.Refusal };
}

/** What a session is told by a vector, and what it makes of that. */
async function playedSession({ root, charter, mac, seat_secret: secret, generation, steps }, modules) {
  const { encoding: { readJson, toBase64url }, keys, seats } = modules;
  const { charterKey, roomSecret } = await keys.roomKeys(root);
  const rules = await modules.charter.readCharter(charterKey, charter, mac, 1);
  const { member, messages } = await seats.seatOf(secret, rules.nonce);
  const me = toBase64url(member);
  const session = new modules.session.Session({
    me, charter: toBase64url(charter), mac: toBase64url(mac), roomTtl: rules.roomTtl, generation,
  });
  const box = new modules.crypto.RoomCrypto({
    keys: await keys.contentKeys(roomSecret, rules.nonce), messages, roomNonce: rules.nonce, me,
    randomBytes: (size) => globalThis.crypto.getRandomValues(new Uint8Array(size)),
  });
  const now = 1_790_000_000_000;
  const refs = {};
  let ended = null;

  async function carryOut({ type, id, author, envelope, viewing, hash, reason }) {
    if (type === "check") session.checked(id, await box.isHashOf(hash, viewing));
    else if (type === "end") ended = reason;
    else if (type === "decrypt") {
      let message = null;
      try {
        message = await box.open(id, author, envelope);
      } catch (error) {
        session.unreadable(id, error.code, now);
      }
      if (message !== null) session.decrypted(id, message, now);
    }
  }

  async function take({ hear, do: what, id, text }) {
    if (hear !== undefined) {
      const frames = hear.map((frame) => (frame.ref === undefined ? frame : { ...frame, ref: refs[frame.ref] }));
      session.receive(readJson(JSON.stringify(frames), 1_000_000), now);
    } else if (what === "connect") session.hello({ locator: "", token: "" }, now);
    else if (what === "lose") session.disconnected();
    else if (what === "write") {
      const counter = session.room.outbox.nextCounter();
      const drawn = box.draw(counter);
      session.write({ id: drawn.id, text, counter }, now);
      const content = { type: "text", text };
      const sealed = await box.message(drawn.id, { viewing: drawn.viewing, counter, content });
      session.room.outbox.hashed(drawn.id, sealed.hash);
      session.sealed(drawn.id, sealed.envelope, now);
    } else session[{ open: "open", show: "shown", release: "release" }[what]](id, now);
    for (let effects = session.takeEffects(); effects.length > 0; effects = session.takeEffects()) {
      for (const effect of effects) await carryOut(effect);
    }
    return session.takeFrames().map(({ ref, envelope, locator, token, ...frame }) => {
      refs[frame.type] = ref;
      return frame;
    });
  }

  const sends = [];
  for (const step of steps) sends.push(await take(step));
  const waits = ({ state }) => ["closed", "returned", "opening", "broken"].includes(state);
  return {
    sends,
    own: Object.fromEntries(session.room.outbox.views().map(({ id, state }) =>
      [id, { false_receipt: "false" }[state] ?? state])),
    waiting: session.room.cards.views().filter(waits).map(({ id }) => id),
    ended,
  };
}

/**
 * @param {string} base  URL of web/static/js/
 * @param {{name: string, content: object}[]} files  parsed
 * @param {Parameters<typeof load>[1]} derive
 * @param {Parameters<typeof load>[2]} argon2id  cases of it alone are left out where it is null
 * @returns {Promise<{name: string, run: () => Promise<void>}[]>}
 */
export async function casesOf(base, files, derive, argon2id) {
  const { operations, Refusal } = await load(base, derive, argon2id);
  const cases = [];
  for (const { name: file, content } of files) {
    insist(content.protocol === "ephemeral.v1" && content.layout === 1, `${file}: layout`);
    insist(same(Object.keys(content).sort(), [...FILE_KEYS].sort()), `${file}: keys`);
    const names = new Set();
    for (const [op, { side, details, ...rest }] of Object.entries(content.operations)) {
      insist(["both", "client", "server"].includes(side), `${file}: side of ${op}`);
      insist(same(Object.keys({ side, ...rest }).sort(), Object.keys(OPERATION_KEYS).sort()), `${file}: ${op}`);
      insist(side === "server" || Object.hasOwn(operations, op), `${file}: operation ${op}`);
    }
    for (const one of content.cases) {
      const where = `${file}: ${one.name}`;
      insist(!names.has(one.name), `${where}: twice`);
      names.add(one.name);
      const operation = content.operations[one.op];
      insist(operation !== undefined, `${where}: operation ${one.op}`);
      if (operation.side === "server" || (one.op === "argon2id" && argon2id === null)) continue;
      cases.push({ name: where, run: () => runCase(one, operation, operations[one.op], Refusal) });
    }
  }
  return cases;
}

async function runCase(one, declared, run, Refusal) {
  const keys = EXPECTED_KEYS[one.expect];
  insist(keys !== undefined, `expect ${one.expect}`);
  const given = Object.keys(one).filter((key) => !(one.expect === "refusal" && key === "details"));
  insist(same(given.sort(), [...keys].sort()), `keys ${given}`);
  const input = typed(expand(one.in), declared.in, "in");
  let output;
  try {
    output = await run(input);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    insist(one.expect === "refusal", `refused as ${error.code}`);
    insist(error.code === one.refusal, `refused as ${error.code}, not as ${one.refusal}`);
    const details = one.details ?? {};
    if (one.details !== undefined) typed(details, declared.details ?? {}, "details");
    for (const key of Object.keys(declared.details ?? {})) {
      insist(same(error[key] ?? undefined, details[key]), `${key} is ${error[key]}`);
    }
    return;
  }
  insist(one.expect === "success", `not refused as ${one.refusal}`);
  typed(one.out, declared.out, "out");
  insist(same(Object.keys(output).sort(), Object.keys(one.out).sort()), `gave ${Object.keys(output)}`);
  for (const [key, value] of Object.entries(output)) {
    const expected = one.out[key];
    insist(same(written(value), expected), `${key} is ${JSON.stringify(written(value))}`);
  }
}
