// What one points with.

const finger = window.matchMedia("(pointer: coarse)");

/** Whether that is a finger: keys are then drawn on the screen, over the half of the page that is being read. */
export const coarse = () => finger.matches;
