// Drawings that nobody needs before the first message.

import { draw } from "./icons.js";

draw({
  unlocked: ["M6 11h12v9H6z", "M8.5 11V8a3.5 3.5 0 0 1 6.6-1.7"],
  hide: ["M4 4l16 16", "M9.500 6.300c5-1.300 8.500 1.200 11.500 5.700-.8 1.400-1.700 2.500-2.700 3.400", "M6.500 7.700C5.200 8.700 4 10.200 3 12c2.500 4.300 5.500 6 9 6 1.300 0 2.600-.2 3.800-.8"],
});
