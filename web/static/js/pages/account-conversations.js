// What talks: loaded where this browser is a device of an account.

export { LiveConversations } from "../conversations/live.js";
export { presenceSetting } from "../conversations/views/presence-setting.js";
export { messengerScreen } from "../conversations/views/messenger-screen.js";
