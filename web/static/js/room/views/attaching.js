/**
 * Where files come into a room and out of it: a button, pasting and dropping. What seals, sends, fetches and shows them is
 * loaded when somebody first wants that (pages/attachments.js).
 */

import { el } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { clip } from "./file-drawings.js";
import { bytesOf } from "./file-words.js";

/** @typedef {typeof import("./files.js")} Files */

/** @type {() => Promise<Files>} */
let load = async () => { throw new Error("nobody loads"); };
/** @type {Files|null} */
let here = null;

/** Says how it is loaded; the page does, once. @param {() => Promise<Files>} way */
export function filesBy(way) {
  load = way;
  here = null;
}

/** @param {(files: Files) => void} does  @param {() => void} failed */
function withFiles(does, failed) {
  if (here !== null) return void does(here);
  load().then((files) => {
    here = files;
    does(files);
  }, failed);
}

/** What has been loaded: nothing is opened or sent before. */
const loaded = () => {
  if (here === null) throw new Error("no file was opened");
  return here;
};

/**
 * Asks for a card that comes with a file: only when it can be shown, since opening it is the only chance to see it.
 * @param {import("../room-client.js").RoomClient} client
 * @param {string} id
 * @param {() => void} failed
 */
export function openFile(client, id, failed) {
  withFiles(({ readingsOf }) => {
    readingsOf(client);
    // What went wrong is in the card's state, and said by its line.
    client.open(id).catch(() => {});
  }, failed);
}

/** @param {Parameters<Files["fileFace"]>} of */
export const fileFace = (...of) => loaded().fileFace(...of);

/** @param {Parameters<Files["sentFile"]>} of */
export const sentFile = (...of) => loaded().sentFile(...of);

/**
 * What is said of a card before it is opened: that it comes with a file, and how large that is at most.
 * @param {import("../room-state.js").CardView} card
 * @param {import("./view-context.js").ViewContext} room
 */
export function fileLine({ id, attachment }, room) {
  const spoilt = here?.readingsOf(room.client).spoilt.has(id);
  return say(spoilt ? "files.spoilt_before" : "files.waits", { size: bytesOf(attachment ?? 0) });
}

/**
 * Lets files be sent in a room that is shown in `node`. `failed()` says that it couldn't be loaded.
 * @param {{node: HTMLElement, client: import("../room-client.js").RoomClient, context: import("./view-context.js").ViewContext,
 *   failed: () => void}} room
 */
export function attaching({ node, client, context, failed }) {
  const going = new AbortController();
  const { signal } = going;
  const input = el("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", on: { change: picked } });
  const button = el("button", { type: "button", class: "button quiet attach-button", "aria-label": say("files.pick"),
    "aria-haspopup": "dialog", on: { click: () => input.click() } }, clip());
  node.querySelector(".composer-row")?.prepend(button, input);

  function picked() {
    offer([...(input.files ?? [])]);
    // The same file may be picked again.
    input.value = "";
  }

  /** @param {File[]} files */
  function offer(files) {
    if (files.length === 0) return;
    button.setAttribute("aria-busy", "true");
    withFiles(({ attachPanel }) => {
      if (!signal.aborted) attachPanel({ client, context, files });
      button.removeAttribute("aria-busy");
    }, () => {
      button.removeAttribute("aria-busy");
      failed();
    });
  }

  /** @param {ClipboardEvent} event */
  function pasted(event) {
    const { clipboardData } = event;
    const files = [...(clipboardData?.files ?? [])];
    // What was copied from a page or a document comes as a picture too.
    if (files.length === 0 || clipboardData?.types.includes("text/plain")) return;
    event.preventDefault();
    offer(files);
  }

  /** @param {DragEvent} event */
  const brings = ({ dataTransfer }) => dataTransfer?.types.includes("Files") === true;

  /** @param {DragEvent} event */
  function over(event) {
    if (!brings(event)) return;
    event.preventDefault();
    node.classList.add("dropping");
  }

  /** @param {DragEvent} event */
  function left({ relatedTarget }) {
    if (!(relatedTarget instanceof Node && node.contains(relatedTarget))) node.classList.remove("dropping");
  }

  /** @param {DragEvent} event */
  function dropped(event) {
    node.classList.remove("dropping");
    if (!brings(event)) return;
    event.preventDefault();
    offer([...(event.dataTransfer?.files ?? [])]);
  }

  node.addEventListener("paste", pasted, { signal });
  node.addEventListener("dragover", over, { signal });
  node.addEventListener("dragleave", left, { signal });
  node.addEventListener("drop", dropped, { signal });
  // A file that misses the room would take its place.
  for (const type of ["dragover", "drop"]) {
    window.addEventListener(type, (event) => { if (brings(/** @type {DragEvent} */ (event))) event.preventDefault(); }, { signal });
  }

  return {
    close() {
      going.abort();
      button.remove();
      input.remove();
      node.classList.remove("dropping");
    },
  };
}
