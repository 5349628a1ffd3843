// Reading the picture on another device's screen by the camera, where the browser can do that by itself. Nothing that
// the camera sees leaves this page, and it is let go as soon as a picture was read.

import { el, fill } from "../../ui/el.js";
import { say } from "../../ui/i18n.js";
import { noticeOf } from "./asking.js";

const LOOK_MS = 250;

/** Not in every browser, and not in the types. @type {any} */
const Detector = /** @type {any} */ (globalThis).BarcodeDetector;

/** Whether there is something to scan by. */
export const canScan = () => Detector !== undefined && typeof navigator.mediaDevices?.getUserMedia === "function";

/**
 * @param {{found: (text: string) => boolean, without: string}} given  `found` is told what a picture says, and tells whether
 *   that was looked for; `without`: what is said where there is no camera
 */
export function scanner({ found, without }) {
  const node = el("div", { class: "scanner" });
  /** @type {MediaStream|null} */
  let stream = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  let wanted = false;

  async function start() {
    if (wanted) return;
    wanted = true;
    const video = el("video", { playsinline: true, "aria-label": say("account.accept.camera") });
    video.muted = true;
    try {
      const seen = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      stream = seen;
      // Closed while the browser asked whether it may.
      if (!wanted) return void stop();
      const detector = new Detector({ formats: ["qr_code"] });
      video.srcObject = seen;
      fill(node, video);
      await video.play();
      look(video, detector);
    } catch {
      stop();
      fill(node, noticeOf(without));
    }
  }

  /** @param {HTMLVideoElement} video  @param {any} detector */
  async function look(video, detector) {
    if (!wanted) return;
    const [code] = await detector.detect(video).catch(() => []);
    if (!wanted) return;
    if (code !== undefined && found(code.rawValue)) stop();
    else timer = setTimeout(() => void look(video, detector), LOOK_MS);
  }

  function stop() {
    wanted = false;
    clearTimeout(timer);
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    fill(node);
  }

  return { node, start, stop };
}
