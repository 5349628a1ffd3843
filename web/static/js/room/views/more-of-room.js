/** What there is in a room besides what it begins with: it is told of changes, and one may send files. */

import { attaching } from "./attaching.js";
import { roomAnnouncer } from "./room-announcer.js";

/**
 * @param {{node: HTMLElement, client: import("../room-client.js").RoomClient, context: import("./view-context.js").ViewContext,
 *   pass: import("./notices.js").Pass, failed: () => void}} room  `failed()` says that something couldn't be loaded
 */
export function moreOfRoom({ node, client, context, pass, failed }) {
  const { people, memory } = context;
  const announcer = roomAnnouncer({ people, memory, context, pass });
  const files = attaching({ node, client, context, failed });
  return {
    update: announcer.update,
    close() {
      announcer.close();
      files.close();
    },
  };
}
