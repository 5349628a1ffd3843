// @ts-nocheck: to the types all that it asks for is always there.
/**
 * Says why nothing happens, if nothing did. A classic script in the JavaScript of 2009 on purpose: it is
 * for browsers that can't read the page's modules, and runs when these have had their turn.
 */
(function () {
  // What the server wrote for the meantime is gone as soon as a screen is shown.
  if (!document.getElementById("meantime")) return;
  // The youngest of what the page can't do without (js/device/feature-detection.js). Whatever has these
  // can read the modules, so that it must have been something else.
  var able = "noModule" in document.createElement("script") && Object.hasOwn && [].at &&
    window.HTMLDialogElement && window.AbortSignal && AbortSignal.timeout;
  document.getElementById("app").hidden = true;
  document.getElementById(able ? "incomplete" : "too-old").hidden = false;
})();
