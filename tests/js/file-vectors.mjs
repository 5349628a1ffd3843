/**
 * The operations of tests/vectors/files_*.json (docs/files.md) by the browser's modules, for vectors.mjs: it has no
 * imports but those that it makes from `base`.
 */

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
const each = (object, by) => Object.fromEntries(Object.entries(object).map(([key, one]) => [key, by(one)]));

/** What a vector lets be drawn: these bytes, once. */
const given = (data) => (size) => {
  insist(data.length === size, "more or less is drawn than the vector gives");
  return data;
};

function insist(condition, what) {
  if (!condition) throw new Error(what);
}

const FLAGS = ["playing", "held", "waiting", "stalled", "leaving"];
const named = (flag) => `is${flag[0].toUpperCase()}${flag.slice(1)}`;
const heard = ({ session, by, ...said }) => ({ session: bytes(session), by: bytes(by),
  ...Object.fromEntries(Object.entries(said).map(([name, one]) => [FLAGS.includes(name) ? named(name) : name, one])) });
const told = ({ session, by, ...said }) => ({ session: hex(session), by: hex(by),
  ...Object.fromEntries(Object.entries(said).map(([name, one]) => [FLAGS.find((flag) => named(flag) === name) ?? name, one])) });

/**
 * @param {string} base  URL of web/static/js/
 * @returns {Promise<Record<string, Function>>}
 */
export async function fileOperations(base) {
  const from = (name) => import(new URL(`protocol/${name}.js`, base).href);
  const together = await from("conversations/together");
  const [contents, info, { checkSize, Layout, paddedLength }, segments, { fromBase64url, toBase64url }, { sha256 }] =
    await Promise.all(["files/contents", "files/info", "files/layout", "files/segments", "encoding", "keys"].map(from));

  const sized = async (data) => ({ size: data.length, sha256: await sha256(data) });
  const same = async (one, other, what) => insist(hex(await sha256(one)) === hex(await sha256(other)), what);
  const written = (one) => JSON.stringify(one, (_, value) => (value?.constructor === Object
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value));
  const alike = (one, other) => insist(written(one) === written(other), "what was read is written otherwise");
  const openSegment = async ({ id, key, padded, segment, object }) =>
    sized(await segments.openSegment({ id, key }, new Layout(padded), segment, object));

  return {
    padded_length: ({ size }) => {
      const padded = paddedLength(size);
      checkSize(padded, size);
      insist(paddedLength(padded) === padded, "filled up again, it grows");
      return { padded };
    },
    segments_of: ({ padded, numbers }) => {
      const layout = new Layout(padded);
      const found = numbers.map((number) => layout.segment(number));
      return {
        count: layout.count,
        segments: found.map(({ start, length, chunks, sealedLength }) => [start, length, chunks, sealedLength]),
      };
    },
    segment_at: ({ padded, offset }) => ({ segment: new Layout(padded).at(offset).number }),
    upload_order: ({ padded, wanted }) => ({ order: new Layout(padded).order(wanted) }),

    seal_segment: async ({ id, key, padded, segment, plaintext, random }) => {
      const layout = new Layout(padded);
      const sealed = await segments.sealSegment({ id, key }, layout, segment, plaintext, given(random));
      await same(await segments.openSegment({ id, key }, layout, segment, sealed), plaintext, "it doesn't come back");
      return sized(sealed);
    },
    open_segment: openSegment,
    open_segment_chunk: async ({ id, key, padded, segment, salt, chunk, sealed }) =>
      sized(await new segments.Opener({ id, key }, new Layout(padded), segment, salt).open(chunk, sealed)),
    open_changed: async ({ id, key, padded, segment, plaintext, salt, sha256: known, take, opened_as: lies }) => {
      const sealed = await segments.sealSegment({ id, key }, new Layout(padded), segment, plaintext, given(salt));
      insist(hex(await sha256(sealed)) === hex(known), "another object");
      const object = new Uint8Array(take.reduce((sum, [start, end]) => sum + end - start, 0));
      let at = 0;
      for (const [start, end] of take) {
        object.set(sealed.subarray(start, end), at);
        at += end - start;
      }
      const changed = each(lies, (one) => (typeof one === "string" ? bytes(one) : one));
      return openSegment({ id, key, padded, segment, ...changed, object });
    },
    segment_content: ({ padded, segment, size, plaintext }) =>
      sized(segments.contentOf(new Layout(padded), segment, size, plaintext)),
    file_digest: async ({ id, padded, size, hashes }) =>
      ({ digest: await segments.fileDigest(id, new Layout(padded), size, hashes.map(bytes)) }),
    check_digest: async ({ id, padded, size, hashes, digest }) => {
      await segments.checkDigest(digest, id, new Layout(padded), size, hashes.map(bytes));
      return {};
    },

    seal_info: async ({ id, key, info: told, random }) => {
      const thumbnail = told.thumbnail === null ? null : fromBase64url(told.thumbnail);
      const sealed = await info.sealInfo({ id, key }, { ...told, thumbnail }, given(random));
      const found = await info.openInfo({ id, key }, paddedLength(told.size), await sha256(sealed), sealed);
      alike({ ...found, thumbnail: found.thumbnail === null ? null : toBase64url(found.thumbnail) }, told);
      return { sealed };
    },
    open_info: async ({ id, key, padded, sha256: known, sealed }) => {
      const found = await info.openInfo({ id, key }, padded, known, sealed);
      return { info: { ...found, thumbnail: found.thumbnail === null ? null : toBase64url(found.thumbnail) } };
    },

    read_files: ({ body }) => {
      const found = contents.readFiles(body);
      alike(contents.filesBody(found), body);
      return { files: found.map(({ file: { id, key }, padded, info: hash }) => ({ file: hex(id), key: hex(key), padded, info: hex(hash) })) };
    },
    write_files: ({ files }) => ({
      body: contents.filesBody(files.map(({ file, key, padded, info: hash }) =>
        ({ file: { id: bytes(file), key: bytes(key) }, padded, info: bytes(hash) }))),
    }),
    read_confirmation: ({ body }) => {
      const found = contents.readConfirmation(body);
      alike(contents.confirmationBody(found), body);
      return { confirmation: each(found, hex) };
    },
    seal_together: async ({ said, random, ...where }) => {
      const sealed = await together.sealTogether(where, heard(said), given(random));
      alike(told(await together.openTogether(where, sealed)), said);
      return { sealed };
    },
    open_together: async ({ sealed, ...where }) => ({ said: told(await together.openTogether(where, sealed)) }),
    newer_wish: ({ said, known }) => {
      const [next, before] = [said, known].map((one) => one && each({ ...one, ...heard(one) }, (part) => (part instanceof Uint8Array ? toBase64url(part) : part)));
      return { counts: together.isNewer(next, before) };
    },
    read_registered: ({ file: named, value }) => {
      const found = contents.readRegistered(named, value);
      alike(contents.registeredValue(found), value);
      const { file: { id, key }, padded, info: hash, digest, until, ...where } = found;
      return { known: { file: hex(id), key: hex(key), padded, info: hex(hash), digest: digest === null ? null : hex(digest), until,
        ...each(where, (one) => hex(fromBase64url(one))) } };
    },
  };
}
