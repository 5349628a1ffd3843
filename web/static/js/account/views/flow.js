/**
 * What the screens of an account need of the page around them: types alone, so that no screen has to know which one
 * follows it.
 *
 * @typedef {import("../account-state.js").AccountState} AccountState
 * @typedef {import("../account-state.js").DeviceView} DeviceView
 * @typedef {import("../account-state.js").SessionView} SessionView
 * @typedef {import("../../ui/stage.js").Screen & {back?: () => void}} Screen  back: where the browser's Back leads, from
 *   where somebody has gone; without it, nowhere
 *
 * @typedef {object} Link  a deposit that waits for another device
 * @property {string} code  seven words
 * @property {string} link  the same as an address, for a picture alone
 * @property {number} expiresAt  milliseconds since 1970, by this device's clock
 * @property {Promise<unknown>} done  rejects with a Refusal
 *
 * @typedef {object} Identities  of another service (Identities, and the gallery's fake); all reject with a Refusal
 * @property {string} service  what people call it
 * @property {import("../identities.js").Returned|null} returned
 * @property {(purpose: import("../identities.js").Purpose) => Promise<unknown>} begin
 * @property {() => void} forget
 * @property {(how?: {replace?: boolean}) => Promise<unknown>} signIn
 * @property {(given: {address: string, invitation?: string}) => Promise<{words: string}>} register
 * @property {(password: string) => Promise<unknown>} link
 * @property {(id: string, password: string) => Promise<unknown>} unlink
 * @property {(password: string) => Promise<unknown>} setPassword
 * @property {() => Promise<unknown>} look
 *
 * @typedef {object} Client  what the page asks of an account (AccountClient, and the gallery's fake); all reject with
 *   a Refusal
 * @property {Readonly<AccountState>} state
 * @property {Identities|null} identities  null: this deployment believes no other service
 * @property {(listener: (state: Readonly<AccountState>) => void) => () => void} subscribe
 * @property {(name: string) => string} proposeAddress
 * @property {(given: {address: string, password: string, invitation?: string}) => Promise<{words: string}>} register
 * @property {() => Promise<unknown>} confirmWords
 * @property {(given: {address: string, password: string, replace?: boolean}) => Promise<unknown>} signIn
 * @property {() => Promise<{words: string}>} firstDevice
 * @property {() => Promise<{words: string}>} startOver
 * @property {() => Promise<Link>} beginLink
 * @property {() => Promise<unknown>} cancelLink
 * @property {(code: string) => Promise<{device: string, name: string|null}>} lookAtLink
 * @property {(code: string, password: string, history?: {days?: number|null}) => Promise<unknown>} acceptLink
 * @property {(id: string, name: string) => Promise<unknown>} rename
 * @property {(id: string, password: string) => Promise<unknown>} revoke
 * @property {(sid: string) => Promise<unknown>} endSession
 * @property {(old: string, password: string) => Promise<unknown>} changePassword
 * @property {(given: {address: string, words: string, password: string}) => Promise<{words?: string}|undefined|void>} recover
 * @property {(words: string) => Promise<unknown>} openWithWords
 * @property {() => Promise<unknown>} refusePending
 * @property {() => unknown} seen
 * @property {(address: string) => unknown} nameAddress  where the state has none
 * @property {(how: {forget: boolean}) => Promise<unknown>} signOut
 * @property {(given: {password: string, words?: string}) => Promise<{deleted: boolean, due?: number|null}>} deleteAccount
 *
 * @typedef {"welcome"|"name"|"password"|"words"|"words_back"|"sign_in"|"recover"|"link"|"identity"|"settings"|"deleted"} Route  where somebody
 *   has gone, whatever the account's phase is
 *
 * @typedef {object} Service  of which the page learns where the deployment believes one; null: nothing to show
 * @property {(flow: Flow) => {node: HTMLElement, update: (state: AccountState) => void}|null} identitiesView
 * @property {(flow: Flow, given?: any) => Screen} identityScreen
 * @property {(flow: Flow) => HTMLElement|null} identityWay
 * @property {(client: Client) => HTMLElement|null} forgottenWay
 *
 * @typedef {object} Messenger  what people with accounts say to each other, where the page can show it
 * @property {boolean} isOpen  it can go on without the server
 * @property {boolean} [isBusy]  something would be cut off if the page went
 * @property {(flow: Flow, kept: any) => Screen} screen
 * @property {(place: HTMLElement) => void} settings  shows there what of it is set for the whole account, if it is open
 *
 * @typedef {object} Flow
 * @property {Client} client
 * @property {boolean} invited  whether making an account takes an invitation
 * @property {string} invitation  that came with the address of this page, or ""
 * @property {string} rooms  address of the rooms' first page
 * @property {Service|null} service  what is shown of another service, where there is one
 * @property {Messenger|null} messenger  null: a device shows its account alone
 * @property {((place: HTMLElement) => void)|null} push  shows there what is to be said of notifications; null: this
 *   deployment sends none
 * @property {{set: () => void, release: () => void}} trap  while it is set, the browser's Back leads where the screen's
 *   `back` does
 * @property {(route: Route|null, given?: object) => void} go  null: to whatever the account's phase asks for
 * @property {<T>(work: () => Promise<T>) => Promise<T>} hold  as long as the work lasts, no change of phase draws
 *   another screen
 */

export {};
