// Shows the state that the query names, and others when it is asked. `window.gallery` is what the
// tests ask.

import { clear, forgotten, names, perform, rowOf } from "./states.js";
import { closePanels } from "/static/js/ui/dialog.js";
import { has, say } from "/static/js/ui/i18n.js";

const app = document.getElementById("app");
let screen = null;

function show(next) {
  screen = next;
  app.replaceChildren(next.node);
  next.focus?.focus();
  return next;
}

/** Shows another state in the same page, as the page itself goes from screen to screen. */
async function play(name) {
  screen?.close?.();
  closePanels();
  // A dialog is taken away by the task that tells of its closing.
  while (document.querySelector("dialog") !== null) await new Promise((resolve) => { setTimeout(resolve); });
  clear();
  // The page of accounts has nothing of what the rooms' page loads later.
  document.getElementById("late").disabled = /^(?:account|messenger):/.test(name);
  for (const id of ["conversations", "media"]) document.getElementById(id).disabled = !name.startsWith("messenger:");
  gallery.client = await perform(name, show);
  gallery.played = name;
}

/** Resolves when what follows upon a change of size has followed. */
const drawn = () => new Promise((resolve) => { requestAnimationFrame(() => { setTimeout(resolve); }); });

/** What a row of the table says and the page doesn't: its sentences without the places in them. */
function unsaid() {
  const { title, text, next, label } = rowOf(gallery.played) ?? {};
  const page = document.body.innerText;
  return [title, text, next, label]
    .filter((key) => key !== undefined)
    .filter((key) => !has(key) || !say(key, { count: 3 }).split(/\{\w+\}|3/).every((piece) => page.includes(piece.trim())));
}

const gallery = { names, forgotten, play, drawn, unsaid, client: null, played: null };
window.gallery = gallery;
await play(new URLSearchParams(location.search).get("state") ?? "screen:arriving");
document.documentElement.dataset.played = gallery.played;
