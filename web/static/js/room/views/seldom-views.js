// How the log shows what is seldom in it.

import { fatesView } from "./fates-view.js";
import { hiddenView } from "./hidden-view.js";
import { interruptedView } from "./interrupted-view.js";
import { stackView } from "./stack-view.js";
import { traceView } from "./trace-view.js";

/** @type {import("./log-view.js").Views} */
export const SELDOM = {
  stack: stackView, trace: traceView, fates: fatesView, hidden: hiddenView, interrupted: interruptedView,
};
