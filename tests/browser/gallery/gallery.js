// Shows the state that the query names. `window.gallery` is what the tests ask.

import { arriving } from "/static/js/ui/arriving.js";
import { ended, unable } from "/static/js/ui/ended.js";
import { ENDINGS } from "/static/js/ui/states.js";
import { invited } from "/static/js/ui/invited.js";
import { usualChoices } from "/static/js/ui/options.js";
import { progress } from "/static/js/ui/progress.js";
import { roomView } from "/static/js/ui/room.js";
import { say } from "/static/js/ui/say.js";
import { sharing } from "/static/js/ui/sharing.js";
import { names, play } from "./states.js";

const screens = { arriving, ended, invited, progress, roomView, say, sharing, unable, usualChoices };
const app = document.getElementById("app");

function show(screen) {
  app.replaceChildren(screen.node);
  screen.focus?.focus();
}

const name = new URLSearchParams(location.search).get("state") ?? "arriving";
const client = await play(name, { show, screens });
window.gallery = { client, names: names(Object.keys(ENDINGS)) };
document.documentElement.dataset.played = name;
