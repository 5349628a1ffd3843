/** Under which name a file is saved: what its sender calls it may hold anything. */

import { utf8 } from "./encoding.js";

/** Longer names some systems can't have, once others have added to them. */
const NAME_BYTES = 120;
const ENDING_BYTES = 20;
/** Controls, what turns the direction of writing, what can't be seen, and what means something in a path on some system. */
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\ufff9-\ufffc/\\:*?"<>|]/gu;
/** Names that Windows keeps for devices. */
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i;
/** Endings of what runs when it is opened, on some system. */
const PROGRAMS = new Set((
  "apk app appimage appinstaller applescript application appref-ms appx appxbundle bash bat bin chm cmd com command cpl crx csh deb "
  + "desktop diagcab diagcfg diagpkg dll dmg docm dotm exe fileloc fish flatpak flatpakref gadget hlp hta htm html img inetloc inf iqy "
  + "iso jar jnlp js jse ksh library-ms lnk mht mhtml mjs mobileconfig msc msi msix msixbundle msp msu one php pif pkg pl potm ppam "
  + "ppsm pptm ps1 ps1xml psm1 py pyw pyz rb rdp reg rpm run scf scpt scr sct search-ms searchconnector-ms settingcontent-ms sh shtml "
  + "slk snap svg terminal theme themepack tool url vb vbe vbs vhd vhdx webloc workflow ws wsc wsf wsh xapk xbap xht xhtml xlam xll "
  + "xlsb xlsm xltm xpi zsh"
).split(" "));
const PLAIN = "file";

/** @param {string} name  @returns {{stem: string, ending: string}} `ending` with its dot, or "" */
export function partsOf(name) {
  const dot = name.lastIndexOf(".");
  const isEnding = dot > 0 && /^\.[\p{L}\p{N}][\p{L}\p{N}-]{0,17}$/u.test(name.slice(dot));
  return isEnding ? { stem: name.slice(0, dot), ending: name.slice(dot) } : { stem: name, ending: "" };
}

/**
 * A name that every system can have, and that ends as it looks.
 * @param {string} name
 */
export function savedName(name) {
  const clean = name.normalize("NFC").replace(FORBIDDEN, "_").replace(/\s+/gu, " ").replace(/^[.\s]+|[.\s]+$/gu, "");
  const { stem, ending } = partsOf(clean.replace(DEVICES, "_$&"));
  const short = cut(stem, NAME_BYTES - Math.min(utf8(ending).length, ENDING_BYTES)).trimEnd();
  return `${short === "" ? PLAIN : short}${ending}`;
}

/** Whether it runs when it is opened, by its ending. @param {string} name */
export const isProgram = (name) => PROGRAMS.has(partsOf(savedName(name)).ending.slice(1).toLowerCase());

/** @param {string} text  @param {number} most  bytes */
function cut(text, most) {
  let kept = "";
  let bytes = 0;
  for (const letter of text) {
    bytes += utf8(letter).length;
    if (bytes > most) break;
    kept += letter;
  }
  return kept;
}
