/** The way to notifications: what they need is loaded where they may be on, or where somebody looks at the account. */

/**
 * @param {{client: import("../account/account-client.js").AccountClient, key: string, base: string,
 *   load: () => Promise<typeof import("./account-push.js")>}} given  `key`: of the deployment
 * @returns {import("../account/views/flow.js").Flow["push"]}
 */
export function pushDoor({ client, key, base, load }) {
  /** @type {ReturnType<typeof import("./account-push.js").notifications>|null} */
  let opened = null;
  let isKept = false;

  const open = () => load().then((program) => (opened ??= program.notifications(client, key, `${base}account/sw.js`)));

  function keepUp() {
    if (isKept || client.state.phase !== "ready" || globalThis.Notification?.permission !== "granted") return;
    isKept = true;
    open().then((one) => one.keepUp(), () => undefined);
  }

  client.subscribe(keepUp);
  keepUp();
  return (place) => void open().then((one) => one.show(place), () => undefined);
}
