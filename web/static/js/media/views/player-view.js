/** A film or a sound with what one does to it: play, go to a place, louder, as large as the screen, beside other windows. */

import { has, language, say } from "../../ui/i18n.js";
import { el, fill, setText } from "../../ui/el.js";
import { Player } from "../player.js";
import { clock } from "../playing.js";
import { drawing } from "./drawings.js";

/** By a key one goes so far. */
const STEP_SECONDS = 5;
const STEP_VOLUME = 0.1;
/** Over a picture that fills the screen what one does to it goes away after so long. */
const QUIET_MS = 3000;

/**
 * @typedef {object} Given
 * @property {string} type  as its sender says; it is one that is played
 * @property {string} title
 * @property {() => boolean} [isConfirmed]  whether its sender has confirmed all of it
 * @property {(changed: () => void) => import("../ways.js").Way} way
 *
 * @typedef {{node: HTMLElement, player: Player, update: () => void, play: () => void, focus: () => void, beside: HTMLElement, close: () => void}} PlayerView
 *   `beside`: the place below it
 */

/** @param {Given} given  @returns {PlayerView} */
export function playerView({ type, title, way, isConfirmed = () => true }) {
  const isSound = type.startsWith("audio/");
  const element = isSound ? el("audio", { preload: "metadata" })
    : el("video", { class: "film-picture", preload: "metadata", playsinline: true, disableremoteplayback: true });
  // What it plays goes to no other device.
  element.disableRemotePlayback = true;
  const road = way(() => update());
  const player = new Player(element, road, () => update());
  let isLong = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let quiet;

  const playButton = button("play", () => player.toggle());
  const at = el("span", { class: "film-time" });
  /** @type {HTMLInputElement} */
  const seeking = el("input", { type: "range", class: "film-seek", min: "0", max: "0", step: "1", dir: "ltr", disabled: true,
    "aria-label": say("conversations.film.position"), on: { input: () => player.goTo(Number(seeking.value)) } });
  const muteButton = button("sound", () => { element.muted = !element.muted; });
  /** @type {HTMLInputElement} */
  const volume = el("input", { type: "range", class: "film-volume", min: "0", max: "1", step: "0.05", dir: "ltr",
    "aria-label": say("conversations.film.volume"), on: { input: () => { element.volume = Number(volume.value); element.muted = false; } } });
  const besideButton = button("beside", () => void beside());
  const wholeButton = button("whole", () => void whole());
  const said = el("p", { class: "film-said", role: "status" });
  const again = el("button", { type: "button", class: "button secondary small", hidden: true, on: { click: () => player.again() } }, say("conversations.film.again_now"));
  const note = el("p", { class: "film-note hint" });
  const below = el("div", { class: "film-below" });
  const bar = el("div", { class: "film-bar" }, playButton, seeking, at, muteButton, volume, isSound ? null : [besideButton, wholeButton]);
  const frame = el("div", { class: "film-frame", tabindex: "0", role: "group", "aria-label": title, on: { keydown: pressed, pointermove: awake, pointerdown: awake } },
    isSound ? null : element, el("div", { class: "film-over" }, said, again), bar);
  const node = el("div", { class: "film", data: isSound ? { sound: "" } : {} }, frame, isSound ? element : null, note, below);
  besideButton.hidden = document.pictureInPictureEnabled !== true;
  wholeButton.hidden = !("requestFullscreen" in frame) && !("webkitEnterFullscreen" in element);
  if (!isSound) element.addEventListener("click", () => player.toggle());
  document.addEventListener("fullscreenchange", update);
  keys(true);

  /** @param {string} name  @param {() => void} does */
  function button(name, does) {
    return el("button", { type: "button", class: "button quiet film-button", on: { click: does } }, drawing(name));
  }

  /** @param {HTMLElement} which  @param {string} name  of its drawing  @param {string} key */
  function label(which, name, key) {
    const words = say(`conversations.film.${key}`);
    if (which.ariaLabel === words) return;
    which.ariaLabel = words;
    which.title = words;
    fill(which, drawing(name));
  }

  async function beside() {
    const isOut = document.pictureInPictureElement === element;
    await (isOut ? document.exitPictureInPicture() : /** @type {HTMLVideoElement} */ (element).requestPictureInPicture()).catch(() => undefined);
  }

  async function whole() {
    if (document.fullscreenElement !== null) return document.exitFullscreen();
    if ("requestFullscreen" in frame) return frame.requestFullscreen().catch(() => undefined);
    return /** @type {any} */ (element).webkitEnterFullscreen();
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    awake();
    const { key, target, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey) return;
    const isOnButton = target instanceof HTMLButtonElement;
    const isOnVolume = target === volume;
    /** @type {Record<string, (() => void)|false>} */
    const does = {
      " ": !isOnButton && (() => player.toggle()),
      k: () => player.toggle(),
      ArrowLeft: !isOnVolume && (() => player.goTo(player.position - STEP_SECONDS)),
      ArrowRight: !isOnVolume && (() => player.goTo(player.position + STEP_SECONDS)),
      ArrowUp: !isOnVolume && (() => louder(STEP_VOLUME)),
      ArrowDown: !isOnVolume && (() => louder(-STEP_VOLUME)),
      Home: !isOnVolume && (() => player.goTo(0)),
      End: !isOnVolume && (() => player.goTo(player.duration)),
      m: () => { element.muted = !element.muted; },
      f: !isSound && (() => void whole()),
    };
    const work = Object.hasOwn(does, key) && does[key];
    if (work === false) return;
    event.preventDefault();
    work();
  }

  /** @param {number} by */
  function louder(by) {
    element.volume = Math.min(1, Math.max(0, element.volume + by));
    if (by > 0) element.muted = false;
  }

  function awake() {
    node.classList.remove("asleep");
    clearTimeout(quiet);
    quiet = setTimeout(() => node.classList.toggle("asleep", player.phase === "playing"), QUIET_MS);
  }

  /** The keys of a keyboard that are for what plays. @param {boolean} on */
  function keys(on) {
    const session = navigator.mediaSession;
    if (session === undefined) return;
    const does = { play: () => player.isPaused && player.toggle(), pause: () => !player.isPaused && player.toggle(),
      seekbackward: () => player.goTo(player.position - STEP_SECONDS), seekforward: () => player.goTo(player.position + STEP_SECONDS) };
    for (const [action, handler] of Object.entries(does)) {
      try {
        session.setActionHandler(/** @type {MediaSessionAction} */ (action), on ? handler : null);
      } catch {
        // This browser has no such key.
      }
    }
  }

  function update() {
    const { phase, duration, position, buffered } = player;
    node.dataset.phase = phase;
    label(playButton, player.isPaused ? "play" : "pause", player.isPaused ? "play" : "pause");
    label(muteButton, element.muted ? "silent" : "sound", element.muted ? "unmute" : "mute");
    label(besideButton, "beside", "beside");
    label(wholeButton, document.fullscreenElement === frame ? "part" : "whole", document.fullscreenElement === frame ? "part" : "whole");
    isLong ||= duration > 0;
    seeking.disabled = !isLong || phase === "over";
    if (seeking.max !== String(duration)) seeking.max = String(duration);
    seeking.value = String(position);
    const words = say("conversations.film.at", { at: clock(position), length: clock(duration) });
    seeking.ariaValueText = words;
    setText(at, isLong ? `${clock(position)} / ${clock(duration)}` : "");
    const share = (/** @type {number} */ seconds) => (duration === 0 ? "0%" : `${(100 * seconds) / duration}%`);
    seeking.style.setProperty("--played", share(position));
    seeking.style.setProperty("--loaded", share(buffered));
    if (document.activeElement !== volume) volume.value = String(element.muted ? 0 : element.volume);
    setText(said, sentence(phase));
    again.hidden = phase !== "over";
    setText(note, isConfirmed() ? "" : say("conversations.film.unconfirmed"));
  }

  /** @param {import("../playing.js").Phase} phase */
  function sentence(phase) {
    if (phase === "over") {
      const key = `conversations.refusal.${/** @type {any} */ (player.failure)?.code}`;
      return say(has(key) ? key : "conversations.refusal.not_played");
    }
    if (road.loaded < 1 && phase === "loading") return say("conversations.film.memory", { part: percent(road.loaded) });
    if (player.isRefused) return say("conversations.film.tap");
    return ["loading", "stalled", "sender", "again"].includes(phase) ? say(`conversations.film.${phase}`) : "";
  }

  update();
  void player.start();
  return {
    node, player, update, beside: below,
    play: () => (player.control ?? player).play(),
    focus: () => playButton.focus({ preventScroll: true }),
    close() {
      clearTimeout(quiet);
      keys(false);
      document.removeEventListener("fullscreenchange", update);
      player.close();
    },
  };
}

/** @param {number} part */
const percent = (part) => new Intl.NumberFormat(language(), { style: "percent" }).format(Math.floor(100 * part) / 100);
