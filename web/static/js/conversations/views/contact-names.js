/** What contacts are called wherever they are met. */

/**
 * As this account calls them, else as they are called in a conversation that both are in.
 * @param {Pick<import("../conversations.js").Conversations, "list"|"names"|"own">} talk
 * @param {readonly string[]} chains
 * @returns {Promise<import("./names.js").Called>}
 */
export async function calledOf(talk, chains) {
  const registers = await talk.own.registers();
  /** @type {import("./names.js").Called} */
  const called = {};
  const list = await talk.list();
  for (const chain of chains) {
    const alias = registers.get("alias", chain);
    const met = list.find(({ people }) => people.some((one) => one.chain === chain));
    const name = typeof alias === "string" ? alias : met === undefined ? undefined : (await talk.names(met.id))[chain];
    if (name !== undefined) called[chain] = name;
  }
  return called;
}
