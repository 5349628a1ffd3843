// Days as they are told of devices and sessions: a server remembers no hours.

import { language } from "../../ui/i18n.js";

const DAY_MS = 86_400_000;
/** So many days ago are counted; what was before has a date. */
const COUNTED = 14;

/** The day by the server's clock. @param {number} clockOffset */
export const today = (clockOffset) => Math.floor((Date.now() + clockOffset) / DAY_MS);

/**
 * @param {number} day  since 1970
 * @param {number} now  the day that it is
 */
export function dayName(day, now) {
  const ago = Math.max(0, now - day);
  if (ago < COUNTED) return new Intl.RelativeTimeFormat(language(), { numeric: "auto" }).format(-ago, "day");
  return new Intl.DateTimeFormat(language(), { dateStyle: "long", timeZone: "UTC" }).format(day * DAY_MS);
}
