// What the server knows: the panel in which everything that it says it holds about the room is shown.

import { readRecord } from "../../protocol/record.js";
import { panel, panelHead } from "../../ui/dialog.js";
import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { recordTables } from "./record-tables.js";

/** @typedef {(read: typeof readRecord) => Promise<import("../../protocol/record.js").Record>} AskForRecord */

/**
 * Opens the panel; `ask(read)` resolves to what the server knows, as `read` reads it.
 * @param {AskForRecord} ask
 */
export async function openRecord(ask) {
  const content = el("div", { class: "record", role: "status" }, el("p", { class: "hint" }, say("record.loading")));
  const node = panel({ kind: "menu", labelledby: "record-title" },
    el("div", { class: "panel-body" },
      panelHead("record-title", say("record.title"), () => node.close()),
      el("p", {}, say("record.text")),
      content));
  try {
    const record = await ask(readRecord);
    content.removeAttribute("role");
    fill(content, recordTables(record));
  } catch {
    fill(content, el("p", {}, say("record.failed")));
  }
}
