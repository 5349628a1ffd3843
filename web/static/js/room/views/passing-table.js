// Notices of what has just happened in a room: rows as in state-tables.js, for what tells of changes.

import { freeze } from "./state-row.js";

export const PASSING = freeze({
  inside: { tone: "plain", icon: "person", text: "notice.inside", passing: true },
  inside_some: { tone: "plain", icon: "person", text: "notice.inside_some", passing: true },
  inside_away: { tone: "plain", icon: "person", text: "notice.inside_away", passing: true },
  joined: { tone: "plain", icon: "person", text: "notice.joined", passing: true },
  joined_many: { tone: "plain", icon: "person", text: "notice.joined_many", passing: true },
  left: { tone: "plain", icon: "leave", text: "notice.left", passing: true },
  left_full: { tone: "plain", icon: "leave", text: "notice.left_full", passing: true },
  left_many: { tone: "plain", icon: "leave", text: "notice.left_many", passing: true },
  left_many_full: { tone: "plain", icon: "leave", text: "notice.left_many_full", passing: true },
  locked: { tone: "plain", icon: "locked", text: "notice.locked", passing: true },
  locked_by: { tone: "plain", icon: "locked", text: "notice.locked_by", passing: true },
  locked_by_you: { tone: "plain", icon: "locked", text: "notice.locked_by_you", passing: true },
  unlocked: { tone: "plain", icon: "unlocked", text: "notice.unlocked", passing: true },
  unlocked_by: { tone: "plain", icon: "unlocked", text: "notice.unlocked_by", passing: true },
  unlocked_by_you: { tone: "plain", icon: "unlocked", text: "notice.unlocked_by_you", passing: true },
});
