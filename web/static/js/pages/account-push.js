// All that speaks of notifications: loaded where they are on, or where somebody looks at the account.

import { Push, thisBrowser } from "../account/push.js";
import { pushView, wordsOfPush } from "../account/views/push-view.js";
import { fill } from "../ui/el.js";
import { onLanguage } from "../ui/i18n.js";

/**
 * @param {import("../account/account-client.js").AccountClient} client
 * @param {string} key  of the deployment
 * @param {string} script  address of the service worker
 */
export function notifications(client, key, script) {
  const push = new Push(key, (use) => client.beside(use), thisBrowser(script));
  const silent = () => undefined;
  onLanguage(() => void push.speak(wordsOfPush()).catch(silent));
  return {
    // What failed is done at the next start.
    keepUp: () => void push.keepUp(wordsOfPush()).catch(silent),
    /** @param {HTMLElement} place */
    show: (place) => fill(place, pushView(push).node),
  };
}
