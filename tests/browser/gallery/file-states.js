// Files in rooms: what is sent and received here goes through the page's own modules, between which and a server stands
// a fetch that gives what was sealed here, or nothing.

import { Sealer } from "/static/js/protocol/attachments.js";
import { toBase64url } from "/static/js/protocol/encoding.js";
import { Outbox } from "/static/js/protocol/outbox.js";
import { filesBy, openFile } from "/static/js/room/views/attaching.js";
import { readingsOf, sendingOf } from "/static/js/room/views/file-rooms.js";
import { card, inMinutes, me, member, room, sent, state } from "./samples.js";

const ADA = toBase64url(new Uint8Array(16).fill(1));
const MINE = toBase64url(new Uint8Array(16).fill(2));
const PLACE = { roomNonce: new Uint8Array(32), author: new Uint8Array(16).fill(1) };
const ASKED = "/room/attachments";
const fetched = globalThis.fetch;
const never = () => new Promise(() => {});
const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const until = async (there) => { while (!there()) await wait(5); };
const has = (selector) => () => document.querySelector(selector) !== null;

/** Whoever was in a state before. */
let before = null;

/** Ends what a state has stood in for, and what would still be tried in it. */
export function clearFiles() {
  if (before !== null) {
    before.inner = null;
    before.dispatchEvent(new Event("change"));
    before = null;
  }
  globalThis.fetch = fetched;
  filesBy(() => import("/static/js/pages/attachments.js"));
}

/** Stands in for the server. `answer(path)` promises what is answered, or nothing. */
function serves(answer) {
  globalThis.fetch = async (url, options) => {
    const path = new URL(url, location.href).pathname;
    if (path.endsWith("/config")) return Response.json(await answer("config"));
    return path.startsWith(ASKED) ? answer(path.slice(ASKED.length), options) : fetched(url, options);
  };
}

const TAKES = { attachments: { bytes: 10_485_760 } };
const refused = (status, code) => Response.json({ error: { code, message: "", retry_after: null } }, { status });

let counter = 10;
/** The bytes of an id that nothing else has. */
function another() {
  counter += 1;
  return new Uint8Array(16).fill(counter);
}

/** What a client's late parts go on with. */
function innerOf(client) {
  const outbox = new Outbox();
  const changed = () => client.change({ sent: outbox.views() });
  const draw = () => ({ id: toBase64url(another()), viewing: new Uint8Array(32) });
  return {
    base: `${location.origin}/`, locator: "", token: "", me: MINE, roomNonce: PLACE.roomNonce, outbox, crypto: { fileIn: null },
    draw, changed, seal: async () => {},
  };
}

const talking = (changes = {}) => state({ room, me: MINE, members: [member(ADA, "Ada", 6), { ...me, id: MINE }], ...changes });

/** A room with late parts of its client. */
function enters(inside, show, changes) {
  const client = inside(show, talking(changes));
  client.inner = innerOf(client);
  before = client;
  return client;
}

async function drawing(type = "image/png", [width, height] = [640, 420]) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const brush = canvas.getContext("2d");
  const sky = brush.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, "#f7b267");
  sky.addColorStop(1, "#7a4e8a");
  brush.fillStyle = sky;
  brush.fillRect(0, 0, width, height);
  brush.fillStyle = "#2d1b36";
  brush.fillRect(0, height * 0.7, width, height);
  brush.beginPath();
  brush.arc(width * 0.6, height * 0.62, 60, 0, 7);
  brush.fillStyle = "#fff3d6";
  brush.fill();
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, type); });
  return new Uint8Array(await blob.arrayBuffer());
}

/** A second of a tone. */
function tone() {
  const rate = 8000;
  const view = new DataView(new ArrayBuffer(44 + rate));
  const text = (at, letters) => { for (const [index, letter] of [...letters].entries()) view.setUint8(at + index, letter.charCodeAt(0)); };
  text(0, "RIFF");
  view.setUint32(4, 36 + rate, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate, true);
  view.setUint16(32, 1, true);
  view.setUint16(34, 8, true);
  text(36, "data");
  view.setUint32(40, rate, true);
  for (let at = 0; at < rate; at += 1) view.setUint8(44 + at, 128 + 60 * Math.sin(at / 3));
  return new Uint8Array(view.buffer);
}

/** A card that is opened, and whose chunks come: as many as `most`, or with `spoilt` others than were sent. */
async function comes(inside, show, { name, mime, bytes, most = Infinity, spoilt = false, view = 0, there }) {
  const id = another();
  const file = { name, mime, size: bytes.length, id: new Uint8Array(16).fill(3), key: new Uint8Array(32).fill(4), view, viewLimit: null };
  const sealer = new Sealer(file, { ...PLACE, id });
  serves(async (path) => {
    const at = Number(path.split("/").at(-1));
    if (at >= most) return never();
    const sealed = await sealer.chunk(at, bytes.subarray(at * 262_144, (at + 1) * 262_144));
    if (spoilt) sealed[0] ^= 1;
    return new Response(sealed, { headers: { "Content-Type": "application/octet-stream" } });
  });
  const one = card(toBase64url(id), { author: ADA, attachment: sealer.padded, leaseUntil: inMinutes(2) });
  const client = enters(inside, show, { cards: [one] });
  readingsOf(client);
  client.open = async () => client.changeCard(one.id, { state: "open", type: "file", file, view });
  client.release = (given) => client.changeCard(given, { state: "returned", file: null });
  await until(has(".seal"));
  document.querySelector(".seal").click();
  await until(has(there));
  return client;
}

const NOTES = "The reading room closes at six.\nLeave the key with the porter.\n\n\tstairs, not the lift\n".repeat(4);
const bytesOf = (text) => new TextEncoder().encode(text);

/** Files that are dropped, and what is asked before they are sent. */
async function picks(inside, show, files, { config = TAKES, there = ".attach-one" } = {}) {
  serves(async (path) => (path === "config" ? config : never()));
  const client = enters(inside, show);
  const brought = new DataTransfer();
  for (const [name, type, bytes] of files) brought.items.add(new File([bytes], name, { type }));
  await until(has(".attach-button"));
  document.querySelector(".room").dispatchEvent(new DragEvent("drop", { dataTransfer: brought, bubbles: true, cancelable: true }));
  await until(has(there));
  await until(() => document.querySelector(".attach-words [data-reading]") === null || config.attachments === null);
  return client;
}

/** What shows files has been loaded by whoever sends or opens one. */
async function loads(client) {
  openFile(client, "none", () => {});
  await until(() => client.calls.some(([name]) => name === "open"));
}

/** Files of one's own on their way. */
async function sends(inside, show, answer, { count = 1, phase }) {
  serves(answer);
  const client = enters(inside, show);
  await until(has(".attach-button"));
  const sending = sendingOf(client);
  await loads(client);
  const ids = Array.from({ length: count }, (_, index) =>
    sending.add({ name: `minutes ${index + 1}.pdf`, mime: "application/pdf", bytes: new Uint8Array(900_000).fill(index), view: 30, viewLimit: null }));
  await until(() => phase(sending, ids));
  return client;
}

const reserved = () => Response.json({ id: "", padded: 0, chunks: 4, landed: [] }, { status: 201 });
const FILE = { name: "minutes.pdf", size: 912_345, mime: "application/pdf" };

/** By name. @param {(show: Function, state: object) => object} inside */
export const fileStates = (inside) => ({
  waits: (show) => enters(inside, show, { cards: [card("a", { author: ADA, attachment: 1_310_720 }), card("b", { author: ADA })] }),
  receiving: async (show) => comes(inside, show, { name: "harbour.png", mime: "image/png", bytes: new Uint8Array(700_000), most: 1, there: ".enclosed-bar" }),
  spoilt: async (show) => comes(inside, show, { name: "harbour.png", mime: "image/png", bytes: new Uint8Array(9000), spoilt: true, there: ".card[data-state=returned]" }),
  picture: async (show) => comes(inside, show, { name: "harbour.png", mime: "image/png", bytes: await drawing(), there: ".enclosed-picture canvas" }),
  picture_large: async (show) => {
    const client = await comes(inside, show, { name: "harbour.png", mime: "image/png", bytes: await drawing(), there: ".enclosed-picture canvas" });
    document.querySelector(".icon-larger").closest("button").click();
    return client;
  },
  sound: async (show) => comes(inside, show, { name: "voice.wav", mime: "audio/wav", bytes: tone(), there: "audio" }),
  text: async (show) => comes(inside, show, { name: "notes.txt", mime: "text/plain", bytes: bytesOf(NOTES), there: ".enclosed-text" }),
  save_only: async (show) => comes(inside, show, { name: "minutes of a meeting that took very long, with a name to match.pdf", mime: "application/pdf", bytes: bytesOf("%PDF-1.7"), there: ".enclosed .primary" }),
  program: async (show) => comes(inside, show, { name: "holiday.jpg\u202egpj.exe", mime: "image/jpeg", bytes: bytesOf("MZ"), there: ".enclosed-warning" }),
  saved: async (show) => {
    const client = await comes(inside, show, { name: "minutes.pdf", mime: "application/pdf", bytes: bytesOf("%PDF-1.7"), there: ".enclosed .primary" });
    // A copy that nobody needs.
    HTMLAnchorElement.prototype.click = () => {};
    document.querySelector(".enclosed .primary").click();
    delete HTMLAnchorElement.prototype.click;
    return client;
  },
  picking: async (show) => picks(inside, show, [["harbour.png", "image/png", await drawing()], ["notes.txt", "text/plain", bytesOf(NOTES)]]),
  picking_uncleaned: async (show) => picks(inside, show, [["IMG_0042.HEIC", "image/heic", bytesOf("    ftypheic")]]),
  picking_refused: async (show) => picks(inside, show, [["film.mov", "video/quicktime", new Uint8Array(10_485_761)], ["nothing.txt", "text/plain", new Uint8Array(0)]]),
  off: async (show) => picks(inside, show, [["notes.txt", "text/plain", bytesOf(NOTES)]], { config: { attachments: null }, there: ".attach-panel .field-error:not([hidden])" }),
  dropping: async (show) => {
    const client = enters(inside, show);
    await until(has(".attach-button"));
    document.querySelector(".room").classList.add("dropping");
    return client;
  },
  sending: async (show) => sends(inside, show, async (path) => (path === "" ? reserved() : path.endsWith("/0") ? new Response(null, { status: 204 }) : never()),
    { count: 2, phase: (sending, [first]) => sending.get(first)?.done > 0 }),
  sending_waits: async (show) => sends(inside, show, async () => refused(409, "room_crowded"), { phase: (sending, [first]) => sending.get(first)?.error !== null }),
  failed: async (show) => sends(inside, show, async () => refused(507, "store_full"), { phase: (sending, [first]) => sending.get(first)?.phase === "failed" }),
  sent: async (show) => {
    const client = enters(inside, show);
    await loads(client);
    client.change({ sent: [
    sent("s1", "stored", null, { file: FILE }), sent("s2", "opened", null, { file: { ...FILE, name: "harbour.png", mime: "image/png" } }),
    sent("s3", "viewed", null, { file: { ...FILE, name: "voice.wav", mime: "audio/wav" } }),
    sent("s4", "unconfirmed", null, { file: FILE }),
    ] });
    return client;
  },
});
