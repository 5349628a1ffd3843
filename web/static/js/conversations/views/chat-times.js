/** Times beside what was said, and the days between it. */

import { language } from "../../ui/i18n.js";

const DAY_MS = 86_400_000;

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** Making a format is slow, so each is made once for each language. @param {Intl.DateTimeFormatOptions} options */
function format(options) {
  const key = `${language()} ${JSON.stringify(options)}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat(language(), options);
  formats.set(key, known);
  return known;
}

/** @param {number} at  @returns {boolean} a claim may name a moment that no calendar has */
const isTime = (at) => !Number.isNaN(new Date(at).getTime());

/** The time of day. @param {number} at */
export function clockTime(at) {
  if (!isTime(at)) return "";
  const { hourCycle } = format({ hour: "numeric" }).resolvedOptions();
  return format({ hour: hourCycle === "h23" ? "2-digit" : "numeric", minute: "2-digit" }).format(at);
}

/** For machines. @param {number} at */
export const machineTime = (at) => (isTime(at) ? new Date(at).toISOString() : "");

/** The day of a moment in words: "today", "Monday, 3 March". @param {number} at  @param {number} [now] */
export function dayTitle(at, now = Date.now()) {
  if (!isTime(at)) return "";
  const midnight = (/** @type {number} */ one) => new Date(one).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(at) - midnight(now)) / DAY_MS);
  if (days === 0 || days === -1) return new Intl.RelativeTimeFormat(language(), { numeric: "auto" }).format(days, "day");
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return format({ weekday: "long", day: "numeric", month: "long", ...(isThisYear ? {} : { year: "numeric" }) }).format(at);
}
