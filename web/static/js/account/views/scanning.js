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

/** @param {{found: (text: string) => void}} given  is told what the picture says */
export function scanner({ found }) {
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
      fill(node, noticeOf(say("account.accept.no_camera")));
    }
  }

  /** @param {HTMLVideoElement} video  @param {any} detector */
  async function look(video, detector) {
    if (!wanted) return;
    const [code] = await detector.detect(video).catch(() => []);
    const text = code?.rawValue ?? "";
    if (!wanted) return;
    if (!text.includes("#link=")) {
      timer = setTimeout(() => void look(video, detector), LOOK_MS);
      return;
    }
    stop();
    found(text);
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
