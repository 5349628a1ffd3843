// Durations and moments in the words of the page's language.

import { language } from "./i18n.js";

/** @type {[string, number][]} */
const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const DAY_MS = 86400000;

/** @type {Map<string, any>} */
const formats = new Map();

/**
 * Making a format is slow, so each is made once for each language.
 * @template F
 * @param {new (language: string, options: any) => F} Kind
 * @param {object} options
 * @returns {F}
 */
function format(Kind, options) {
  const key = `${language()} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Kind(language(), options));
  return formats.get(key);
}

/** @param {string} unit  @param {"long"|"short"|"narrow"} unitDisplay */
const unitFormat = (unit, unitDisplay) =>
  format(Intl.NumberFormat, { style: "unit", unit, unitDisplay, maximumFractionDigits: 0 });

/**
 * Seconds as one number and one unit: "30 seconds", "24 hours", "7 days". One day stays hours.
 * @param {number} seconds
 * @param {"long"|"short"|"narrow"} [display]
 */
export function duration(seconds, display = "long") {
  const [unit, size] = UNITS.find(([, length]) => seconds >= length * (length === 86400 ? 2 : 1))
    ?? ["second", 1];
  return unitFormat(unit, display).format(Math.round(seconds / size));
}

/** Seconds that are left: "42 sec", and above a minute and a half "4:59". @param {number} seconds */
export function remaining(seconds) {
  if (seconds <= 90) return unitFormat("second", "short").format(seconds);
  /** @param {number} number  @param {number} minimumIntegerDigits */
  const digits = (number, minimumIntegerDigits) =>
    format(Intl.NumberFormat, { minimumIntegerDigits }).format(number);
  return `${digits(Math.floor(seconds / 60), 1)}:${digits(seconds % 60, 2)}`;
}

/** 2:18 AM, but 02:18: left to themselves, some languages write 2:18 and So., 02:18 side by side. */
/** @returns {Intl.DateTimeFormatOptions} */
function time() {
  const { hourCycle } = format(Intl.DateTimeFormat, { hour: "numeric" }).resolvedOptions();
  return { hour: hourCycle === "h23" ? "2-digit" : "numeric", minute: "2-digit" };
}

/**
 * A moment (milliseconds, this device's clock) as briefly as is clear beside `now`.
 * @param {number} at
 * @param {number} [now]
 */
export function moment(at, now = Date.now()) {
  // A server may name a moment that no calendar has.
  if (Number.isNaN(new Date(at).getTime())) return "";
  const sameDay = new Date(at).toDateString() === new Date(now).toDateString();
  const near = Math.abs(at - now) < 6 * DAY_MS;
  /** @type {Intl.DateTimeFormatOptions} */
  const day = sameDay ? {} : near ? { weekday: "short" } : { day: "numeric", month: "short" };
  return format(Intl.DateTimeFormat, { ...day, ...time() }).format(at);
}
