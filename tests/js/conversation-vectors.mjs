/**
 * The operations of tests/vectors/conversations_*.json (docs/conversations.md) by the browser's modules, for
 * vectors.mjs: it has no imports but those that it makes from `base`.
 */

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
const orNull = (value, read) => (value === null ? null : read(value));

/** What a vector lets be drawn: these bytes, and no more. */
function given(data) {
  let at = 0;
  return (size) => {
    at += size;
    if (at > data.length) throw new Error("more is drawn than the vector gives");
    return data.slice(at - size, at);
  };
}

function insist(condition, what) {
  if (!condition) throw new Error(what);
}

/**
 * @param {string} base  URL of web/static/js/
 * @returns {Promise<Record<string, Function>>}
 */
export async function conversationOperations(base) {
  const from = (name) => import(new URL(name, base).href);
  const own = (name) => from(`protocol/conversations/${name}.js`);
  const [errors, hpke, canonical, signing, { Signed }] = await Promise.all([
    "protocol/errors.js", "device/hpke.js", "protocol/accounts/canonical-json.js", "protocol/accounts/signing.js",
    "protocol/accounts/statements.js",
  ].map(from));
  const [contents, epochs, first, history, invitations, judging, leaves, { Line, Lines, listedDevices }, { Log }, making, messages,
    { Record, SignedRecord }, { Registers, selfConversation }] = await Promise.all([
    "contents", "epochs", "first", "history", "invitations", "judge", "leaves", "lines", "log", "making", "messages", "records",
    "registers",
  ].map(own));

  /** Cases ask about the same chains again and again. */
  const known = new Map();
  const readLine = (statements) => {
    const name = statements.join();
    if (!known.has(name)) known.set(name, Line.of(statements.map((one) => Signed.decode(bytes(one)))));
    return known.get(name);
  };
  const readLines = async (chains) => new Lines(await Promise.all(chains.map(readLine)));
  const same = (one, other, what) => insist(hex(one) === hex(other), what);
  const introduced = ({ chain, sequence, head, name, conversation }) =>
    ({ pin: { chain, sequence, head }, name, conversation: orNull(conversation, bytes) });
  const sides = {
    out: { seal: invitations.sealInvitation, open: invitations.openInvitation },
    in: { seal: invitations.sealRedemption, open: invitations.openRedemption },
  };
  const keyOf = (keys) => (device) => {
    const published = keys[hex(device)];
    return published === undefined ? null : { number: published[0], key: bytes(published[1]) };
  };
  const named = (people) => people.map(([chain, role]) => ({ chain: bytes(chain), role }));

  return {
    read_record: async ({ bytes: data }) => {
      const record = Record.decode(data);
      same(new Record(record).encode(), data, "what was read is written otherwise");
      return { hash: await record.hash(), record: canonical.decode(data) };
    },
    read_record_entry: async ({ entry }) => {
      const signed = await SignedRecord.read(entry);
      same(signed.entry(), entry, "what was read is written otherwise");
      return { hash: signed.hash, signature: signed.signature, box_hashes: signed.boxHashes.map(hex) };
    },
    list_devices: async ({ people, lines }) => {
      const points = people.map(({ chain, sequence }) => ({ chain: bytes(chain), sequence }));
      return { devices: listedDevices(points, await readLines(lines)).map(hex) };
    },
    judge_record: async ({ before, entry, lines, complete }) => {
      const earlier = before === undefined ? null : Record.decode(before);
      const found = await judging.judge(earlier, await SignedRecord.read(entry), await readLines(lines), complete);
      errors.refuse(found.verdict === "bad", found.code);
      return { outcome: found.verdict, waiting: (found.chains ?? []).map(hex) };
    },
    due_epoch: async ({ record, lines }) => ({ due: judging.due(Record.decode(record), await readLines(lines)) }),
    first_reason: async ({ record, lines, chain, founding, continued, agreed, ...others }) => {
      const reader = { chain, founding, agreed };
      for (const [name, hashes] of Object.entries(others)) reader[name] = hashes.map(bytes);
      if (continued !== undefined) reader.continued = Record.decode(continued);
      return { reason: await first.firstReason(Record.decode(record), await readLines(lines), reader) };
    },

    commit_seed: async ({ seed, ...record }) => ({ commitment: await epochs.commitment(record, seed) }),
    sign_record: async ({ seed, record, boxes }) => {
      const signed = await epochs.signRecord(await signing.keyFromSeed(seed), record, boxes.map(bytes));
      return { entry: signed.entry() };
    },
    seal_epoch_boxes: async ({ record: data, keys, seed }) => {
      const record = Record.decode(data);
      const own = await Promise.all(keys.map((key) => orNull(key, (it) => hpke.fromSeed(bytes(it)))));
      const listed = record.devices.map(({ device }) => device);
      const hash = await record.hash();
      const open = own.map((key) => orNull(key, ({ publicBytes }) => publicBytes));
      const boxes = await epochs.sealBoxes(hpke, hash, open, listed, seed);
      const signed = await epochs.signRecord(await signing.keyFromSeed(new Uint8Array(32)), data, boxes);
      for (const [at, key] of own.entries()) {
        if (key !== null) same(await epochs.openBox(hpke, key.key, signed, listed[at], boxes[at]), seed, "another seed");
      }
      return { sizes: boxes.map(({ length }) => length) };
    },
    open_epoch_box: async ({ sealing, entry, device, box }) =>
      ({ seed: await epochs.openBox(hpke, sealing, await SignedRecord.read(entry), device, box) }),
    export_secret: async ({ seed, record, label, context }) =>
      ({ secret: await epochs.exported(seed, record, label, context) }),
    authenticator: async ({ seed, record }) => {
      const secret = await epochs.authenticator(seed, record);
      return { authenticator: secret, number: await epochs.authenticatorNumber(secret) };
    },

    seal_entry: async ({ seed, signing: signer, nonce, content, ...ad }) => {
      const key = await epochs.messageKey(seed, ad.record, ad.device);
      insist(!key.extractable, "a key that can be exported");
      return { entry: await messages.sealMessage(key, ad, nonce, await signing.keyFromSeed(signer), content) };
    },
    read_ad: ({ entry }) => messages.readAd(entry),
    open_entry: async ({ seed, record, place, lines, entry, s, device, hashes }) => {
      const { content: { kind, at, body }, raw, signature } = await messages.openMessage({
        seed, signed: await SignedRecord.read(record), recordPlace: place, lines: await readLines(lines), place: s, device,
        logAt: (seen) => (Object.hasOwn(hashes, seen) ? bytes(hashes[seen]) : null),
      }, entry);
      return { kind, at, body, raw, signature };
    },
    log_hashes: async ({ conversation, entries }) => {
      let log = await Log.first(conversation);
      const hashes = [hex(log.hash)];
      for (const { kind, device, digest } of entries) {
        log = await log.next(kind, bytes(device), bytes(digest));
        hashes.push(hex(log.hash));
      }
      return { hashes };
    },
    write_content: ({ kind, at, body }) => ({ bytes: contents.encode(kind, at, body) }),
    read_message_content: ({ bytes: data }) => ({ ...contents.decode(data) }),

    sign_leave: async ({ seed, conversation, chain, since }) => {
      const { device, signature } =
        await leaves.signLeave(await signing.keyFromSeed(seed), conversation, chain, since);
      return { device, signature };
    },
    check_leave: async ({ key, conversation, ...leave }) => {
      errors.refuse(!(await leaves.verifyLeave(conversation, leave, key)), "record_leave");
      return {};
    },
    fold_registers: ({ contents: said }) => {
      let registers = new Registers();
      for (const one of said) registers = registers.with(contents.decode(contents.encode("sync", 0, one)));
      const json = registers.toJson();
      same(canonical.encode(Registers.fromJson(json).toJson()), canonical.encode(json), "other registers");
      return { registers: json };
    },
    self_conversation: async ({ chain, founding }) => ({ conversation: await selfConversation(chain, founding) }),
    invitation_link: async ({ id, secret }) => {
      const invitation = new invitations.Invitation(id, secret);
      const fragment = invitation.fragment();
      same(invitations.readInvitation(`https://a.example/x#${fragment}`).secret, secret, "another secret");
      return { fragment, joining: await invitation.joining() };
    },
    read_invitation: ({ text }) => {
      const { id, secret } = invitations.readInvitation(text);
      return { id, secret };
    },
    seal_introduction: async ({ id, secret, direction, random, ...who }) => {
      const invitation = new invitations.Invitation(id, secret);
      return { sealed: await sides[direction].seal(invitation, introduced(who), given(random)) };
    },
    open_introduction: async ({ id, secret, direction, sealed }) => {
      const { pin, name, conversation } =
        await sides[direction].open(new invitations.Invitation(id, secret), sealed);
      return { ...pin, name, conversation: orNull(conversation, hex) };
    },

    seal_chunk: async ({ key, device, number, random, lines, names, last }) => {
      const said = lines.map(({ content, ...line }) => ({ ...line, content: orNull(content, ({ v: _, ...one }) => one) }));
      return { sealed: await history.sealChunk(key, device, number, { lines: said, names, last }, given(random)) };
    },
    open_chunk: async ({ key, device, number, sealed }) => {
      const { lines, names, last } = await history.openChunk(key, device, number, sealed);
      const told = lines.map((line) => ({ ...line, content: orNull(line.content, (content) => ({ v: 1, ...content })) }));
      return { lines: told, names, last };
    },

    // Of no file: by these Python and the browser are asked for the same (tests/protocol/test_any_conversation.py).
    found_conversation: async ({ conversation, people, lines, keys, by, seed }) => {
      const author = { by, seed, lines: await readLines(lines), keyOf: keyOf(keys) };
      return { record: (await making.founding(author, { conversation, people: named(people) })).encode() };
    },
    renew_epoch: async ({ before, lines, keys, seen, log, by, seed, change }) => {
      const { add = [], remove = [], roles = [], leaves: left = [], timer, joining } = change;
      const author = { by, seed, seen, log, lines: await readLines(lines), keyOf: keyOf(keys) };
      const made = await making.renewal(Record.decode(before), author, {
        add: named(add), remove: remove.map(bytes), roles: named(roles), timer,
        joining: typeof joining === "string" ? bytes(joining) : joining,
        leaves: left.map(({ chain, since, device, signature }) =>
          ({ chain: bytes(chain), since, device: bytes(device), signature: bytes(signature) })),
      });
      return { record: made.encode() };
    },
    seal_boxes_to: async ({ record, keys, devices, seed }) => {
      const open = keys.map((key) => orNull(key, bytes));
      return { boxes: (await epochs.sealBoxes(hpke, record, open, devices.map(bytes), seed)).map(hex) };
    },
  };
}
