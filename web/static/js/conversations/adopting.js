/** Lines that another own device has handed over are shown here as they were there, unless they are here already. */

import { Applying } from "./applying.js";
import { hiddenKey } from "./marks.js";
import { readState } from "./state.js";
import { keysOf, readRegister } from "./store.js";

/**
 * Within a change of the store.
 * @param {import("./store.js").Within} within
 * @param {Pick<import("../protocol/conversations/history.js").Chunk, "lines"|"names">} chunk
 * @param {{device: string, chain: string, now: number}} self
 */
export async function adopted(within, { lines, names }, self) {
  for (const { conversation, chain, name } of names) {
    const keys = keysOf(conversation);
    const key = chain === null ? keys.card : keys.profile(chain);
    if ((await within.read(key)) === undefined) await within.put(key, { name, picture: null });
  }
  const hidden = await readRegister(within, "hidden");
  for (const line of lines) if (!Object.hasOwn(hidden, hiddenKey(line.conversation, line))) await one(within, line, self);
}

/**
 * @param {import("./store.js").Within} within
 * @param {import("../protocol/conversations/history.js").Line} line
 * @param {{device: string, chain: string, now: number}} self
 */
async function one(within, { conversation, place, content, edits, until, ...line }, self) {
  const keys = keysOf(conversation);
  const shown = await within.line(conversation, place);
  const isGone = shown?.kind === "destroyed" && shown.id === line.id;
  if ((shown !== undefined && !isGone) || (until !== null && until <= self.now)) return;
  if ((await within.read(keys.message(line.device, line.id))) === undefined) {
    const block = keys.block(place);
    await within.put(block, { ...await within.read(block), [`${line.device}.${line.id}`]: place });
  }
  await within.show(conversation, place, {
    kind: "message", ...line, content, ...(content === null ? { deleted: true } : {}), ...(edits > 0 ? { edits } : {}),
    ...(until === null ? {} : { until }),
  });
  const state = await readState(within, conversation);
  if (state !== null && place > state.last) await within.put(keys.state, { ...state, last: place, at: line.at });
  const unmet = keys.unmet(`${line.device}.${line.id}`);
  // Read here before what they change was.
  for (const read of (await within.read(unmet)) ?? []) {
    if (state !== null) await new Applying(conversation, { ...self, isAlone: false }, within, state).again(read);
  }
  await within.remove(unmet);
}
