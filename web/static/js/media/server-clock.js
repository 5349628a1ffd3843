/** The server's clock, as exactly as a few questions tell it: those who watch together have no other in common. */

const QUESTIONS = 5;

/**
 * How far it is from this one's, in milliseconds: of several round trips the shortest says most.
 * @param {() => Promise<number>} ask  what time it is there
 * @param {() => number} now  here
 * @returns {Promise<number>}
 */
export async function clockOffset(ask, now) {
  let best = { trip: Number.POSITIVE_INFINITY, offset: 0 };
  for (let question = 0; question < QUESTIONS; question += 1) {
    const begun = now();
    const there = await ask();
    const trip = now() - begun;
    if (trip < best.trip) best = { trip, offset: there - begun - trip / 2 };
  }
  return Math.round(best.offset);
}
