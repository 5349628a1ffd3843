// Durations and moments in the words of the page's language.

import { LANGUAGE } from "./say.js";

const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const DAY_MS = 86400000;

const formats = new Map();

function unitFormat(unit, display) {
  const key = `${unit} ${display}`;
  if (!formats.has(key)) {
    const options = { style: "unit", unit, unitDisplay: display, maximumFractionDigits: 0 };
    formats.set(key, new Intl.NumberFormat(LANGUAGE, options));
  }
  return formats.get(key);
}

/** Seconds as one number and one unit: "30 seconds", "24 hours", "7 days". One day stays hours. */
export function duration(seconds, display = "long") {
  const [unit, size] = UNITS.find(([, length]) => seconds >= length * (length === 86400 ? 2 : 1))
    ?? UNITS.at(-1);
  return unitFormat(unit, display).format(Math.round(seconds / size));
}

/** Seconds that are left: "42 sec", and above a minute and a half "4:59". */
export function remaining(seconds) {
  if (seconds <= 90) return unitFormat("second", "short").format(seconds);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

const clock = new Intl.DateTimeFormat(LANGUAGE, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(LANGUAGE, {
  weekday: "short", hour: "numeric", minute: "2-digit",
});
const date = new Intl.DateTimeFormat(LANGUAGE, {
  day: "numeric", month: "short", hour: "numeric", minute: "2-digit",
});

/** A moment (milliseconds, this device's clock) as briefly as is clear beside `now`. */
export function moment(at, now = Date.now()) {
  // A server may name a moment that no calendar has.
  if (Number.isNaN(new Date(at).getTime())) return "";
  const sameDay = new Date(at).toDateString() === new Date(now).toDateString();
  if (sameDay) return clock.format(at);
  return Math.abs(at - now) < 6 * DAY_MS ? weekday.format(at) : date.format(at);
}
