// Two soft notes: made here, so that there is nothing to load. Up for what has come to be read, down for
// somebody who has come in.

const NOTES = { card: [523.25, 659.25], join: [659.25, 523.25] };
const NOTE_S = 0.14;
const FADE_S = 0.35;
const LOUD = 0.12;
const SILENT = 0.0001;

/** @type {AudioContext|null} */
let context = null;

/** Has to be called when somebody has asked for it by a key or a click: browsers let no page sound by itself. */
export function readyChime() {
  context ??= new AudioContext();
  void context.resume();
}

/** @param {keyof typeof NOTES} kind */
export function chime(kind) {
  const player = context;
  if (player === null) return;
  NOTES[kind].forEach((frequency, at) => {
    const begin = player.currentTime + at * NOTE_S;
    const tone = new OscillatorNode(player, { frequency });
    const volume = new GainNode(player, { gain: SILENT });
    volume.gain.setValueAtTime(SILENT, begin);
    volume.gain.exponentialRampToValueAtTime(LOUD, begin + 0.02);
    volume.gain.exponentialRampToValueAtTime(SILENT, begin + FADE_S);
    tone.connect(volume).connect(player.destination);
    tone.start(begin);
    tone.stop(begin + FADE_S);
  });
}

/** Gives the device's sound back. */
export function noChime() {
  void context?.close();
  context = null;
}
