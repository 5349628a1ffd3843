// What the server knows: the panel in which everything that it says it holds about the room is shown.

import { panel, panelHead } from "../../ui/dialog.js";
import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { later } from "../../ui/later.js";

/**
 * Opens the panel; `read()` resolves to what the server knows.
 * @param {() => Promise<import("../../protocol/record.js").Record>} read
 */
export async function openRecord(read) {
  const content = el("div", { class: "record", role: "status" }, el("p", { class: "hint" }, say("record.loading")));
  const node = panel({ kind: "menu", labelledby: "record-title" },
    el("div", { class: "panel-body" },
      panelHead("record-title", say("record.title"), () => node.close()),
      el("p", {}, say("record.text")),
      content));
  try {
    const [{ recordTables }, record] = await Promise.all([later(), read()]);
    content.removeAttribute("role");
    fill(content, recordTables(record));
  } catch {
    fill(content, el("p", {}, say("record.failed")));
  }
}
