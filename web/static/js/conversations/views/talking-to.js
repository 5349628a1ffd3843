/** The way from a person to the conversation with them. */

import { say } from "../../ui/i18n.js";
import { askingButton } from "../../account/views/asking.js";

/**
 * With one person there is one conversation, as long as it has no name: it is opened, or begun.
 * @param {import("./messenger-screen.js").Context} context
 * @param {{chain: string, account: string}} person
 */
export async function talkWith({ open, talk }, { chain, account }) {
  open(await talk.direct(chain) ?? (await talk.found({ accounts: [account] })).id);
}

/**
 * @param {import("./messenger-screen.js").Context} context
 * @param {{chain: string, account: string}} person
 * @param {{place: HTMLElement, before: () => void}} given  `before` it is shown
 */
export const talkTo = (context, person, { place, before }) => askingButton({ kind: "primary", label: say("conversations.contact.talk"), place,
  does: () => talkWith({ ...context, open: (id) => { before(); context.open(id); } }, person) });
