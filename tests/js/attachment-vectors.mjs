/**
 * The operations of tests/vectors/attachments.json (docs/protocol.md, 14) by the browser's modules, for vectors.mjs: it
 * has no imports but those that it makes from `base`.
 */

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

function insist(condition, what) {
  if (!condition) throw new Error(what);
}

/**
 * @param {string} base  URL of web/static/js/
 * @returns {Promise<Record<string, Function>>}
 */
export async function attachmentOperations(base) {
  const from = (name) => import(new URL(`protocol/${name}.js`, base).href);
  const [attachments, { concat, utf8 }, { readContent }, { sha256 }] =
    await Promise.all(["attachments", "encoding", "envelope", "keys"].map(from));

  const sized = async (data) => ({ size: data.length, sha256: await sha256(data) });
  const lengths = (padded) =>
    Array.from({ length: attachments.chunksOf(padded) }, (_, at) => attachments.sealedLength(padded, at));
  const place = ({ room_nonce: roomNonce, author, message: id }) => ({ roomNonce, author, id });
  const fileOf = ({ id, key, size }) => ({ name: "a", mime: "a/b", size, id, key, view: null, viewLimit: null });
  const written = ({ id, key, viewLimit, ...others }) => ({ ...others, id: hex(id), key: hex(key), view_limit: viewLimit });
  async function chunksOf({ data, ...given }) {
    const sealer = new attachments.Sealer(fileOf({ ...given, size: data.length }), place(given));
    const step = attachments.CHUNK_BYTES;
    return Promise.all(Array.from({ length: sealer.count }, (_, at) =>
      sealer.chunk(at, data.subarray(at * step, (at + 1) * step))));
  }

  return {
    attachment_length: ({ size }) => {
      const padded = attachments.paddedLength(size);
      return { padded, chunks: lengths(padded) };
    },
    attachment_chunks: ({ padded }) => ({ chunks: lengths(padded) }),
    read_file: ({ text }) => {
      const read = attachments.readFile(readContent(utf8(text)));
      const again = attachments.readFile(attachments.fileContent(read));
      insist(JSON.stringify(written(again)) === JSON.stringify(written(read)), "what was read is written otherwise");
      return { file: written(read) };
    },
    write_file: ({ file: { id, key, view_limit: viewLimit, ...others } }) =>
      ({ content: attachments.fileContent({ ...others, id: bytes(id), key: bytes(key), viewLimit }) }),
    seal_attachment: async (given) => {
      const chunks = await chunksOf(given);
      const { length } = given.data;
      const opener = new attachments.Opener(
        fileOf({ ...given, size: length }), place(given), attachments.paddedLength(length),
      );
      const parts = await Promise.all(chunks.map((one, at) => opener.open(at, one)));
      insist(hex(await sha256(concat(...parts))) === hex(await sha256(given.data)), "what was sealed doesn't come back");
      return { chunks: await Promise.all(chunks.map(async (one) => [one.length, hex(await sha256(one))])) };
    },
    seal_attachment_chunk: async ({ chunk, content, ...given }) =>
      sized(await new attachments.Sealer(fileOf(given), place(given)).chunk(chunk, content)),
    open_attachment_chunk: async ({ sha256: known, chunk, change, opened_as: lies, ...given }) => {
      const chunks = await chunksOf(given);
      insist(hex(await sha256(concat(...chunks))) === hex(known), "other chunks");
      const sealed = change.reduce((data, [at, over]) => (over === null ? data.subarray(0, at)
        : concat(data.subarray(0, at), bytes(over), data.subarray(at + over.length / 2))), chunks[chunk]);
      const changed = Object.fromEntries(Object.entries(lies).map(([key, one]) => [key, typeof one === "string" ? bytes(one) : one]));
      const size = given.data.length;
      const named = { size, padded: attachments.paddedLength(size), chunk, ...given, ...changed };
      return sized(await new attachments.Opener(fileOf(named), place(named), named.padded).open(named.chunk, sealed));
    },
  };
}
