/**
 * What a page sees of a room: the shapes of `RoomClient.state`. Types only; this file has no code.
 *
 * Times are milliseconds since 1970 by the *server's* clock: add `clockOffset` to `Date.now()`
 * before comparing. `retryAt` alone is by this device's clock.
 *
 * @typedef {"deriving"|"connecting"|"live"|"reconnecting"|"offline"|"ended"} Phase
 *
 * Why it is over here. departed: the person is done with it, and the seat stays for who has the link back.
 * departed_after: the same, when the message that it was about had ended.
 * @typedef {"left"|"departed"|"departed_after"|"destroyed"|"destroyed_by_you"|"destroy_unconfirmed"|"expired"|"seat_lost"
 *   |"replaced"|"room_unknown"|"room_full"|"room_locked"|"policy_changed"|"protocol"} EndReason
 *
 * @typedef {object} RoomView
 * @property {1|2} policy  1: first view, 2: everyone
 * @property {number} seats
 * @property {number} messageTtl  seconds
 * @property {number} roomTtl  seconds
 * @property {boolean} locked
 * @property {number} joins  seats ever taken
 * @property {number} seatsTaken
 * @property {number} createdAt
 * @property {number} expiresAt
 *
 * @typedef {object} MemberView
 * @property {string} id
 * @property {string|null} name  null: brought no profile, or one that can't be read
 * @property {number|null} colour  0 to 11
 * @property {boolean} present
 * @property {boolean} me
 * @property {number} joinedAt
 * @property {number} seenAt
 *
 * @typedef {import("../protocol/quotes.js").Quote} Quote  words that a message repeats, and whose
 * they are said to be: its sender's claim
 *
 * @typedef {"closed"|"opening"|"open"|"taken"|"shown_gone"|"gone"|"broken"|"returned"} CardState
 * closed: waits and may be opened. opening: asked for. open: `text` is here (a card that is shown
 * must be told by `shown`). taken: another member is reading it (`holder`, `leaseUntil`).
 * shown_gone: was read here and dropped. gone: destroyed elsewhere (`fate`). broken: can't be
 * decrypted or understood (`error`). returned: was open here, but not shown or not wanted; it waits
 * again and may be opened again.
 *
 * @typedef {object} CardView
 * @property {string} id
 * @property {string} author  member id
 * @property {string|null} authorName  also when the author has left
 * @property {number|null} authorColour
 * @property {number} sequence
 * @property {number} size  bytes of the envelope
 * @property {number} postedAt
 * @property {number} expiresAt
 * @property {string[]|null} audience  who may still open it; null: the first who does
 * @property {CardState} state
 * @property {"viewed"|"unconfirmed"|"expired"|"withdrawn"|"room_destroyed"|null} fate
 * @property {string|null} text  while open, for type "text"
 * @property {number|null} view  seconds its author wishes it to stay; 0: until closed; null: no wish
 * @property {number|null} viewLimit  seconds after which its author wants it gone, whatever the reader wishes
 * @property {Quote|null} quote  while open, if its author quotes somebody
 * @property {number|null} attachment  how much comes with it, in bytes, filled up
 * @property {import("../protocol/attachments.js").Attachment|null} file  while open, if it is one
 * @property {string|null} type  of the content, once opened
 * @property {boolean} repeated  another of this author with the same number was read before
 * @property {number} gapBefore  messages of this author that are missing before this one
 * @property {string|null} error  code of what went wrong at the last attempt
 * @property {string|null} holder  member id
 * @property {number|null} leaseUntil
 *
 * @typedef {import("../protocol/sent.js").SentState} SentState
 *
 * @typedef {import("../protocol/sent.js").SentFacts} SentView  `text` and `quote` are null after a reload,
 * since texts are never stored, and once discarded; `error` says of a message that is "sending" why it
 * still waits
 *
 * @typedef {object} Unsent  words of one's own that the server may not have
 * @property {string} id
 * @property {string} text
 * @property {Quote|null} quote
 * @property {boolean} doubtful  it was on its way without an answer: sent again, it may be there twice
 *
 * @typedef {object} Ended
 * @property {EndReason} reason
 * @property {string|null} by  id of the member who destroyed the room, if told
 * @property {Unsent[]} unsent  nothing where one has left or destroyed the room oneself
 *
 * @typedef {object} RoomState
 * @property {Phase} phase
 * @property {Ended|null} ended
 * @property {number|null} retryAt
 * @property {string|null} trouble  while not connected: why, if that is known: code of a refusal
 * @property {boolean} slow  requests stand in for a socket that the network doesn't let through
 * @property {boolean} noStorage  the browser keeps nothing for this page, so that a reload can't come back
 * @property {number|null} seatUntil  while not connected: until when the seat is surely kept, if known
 * @property {string|null} lockedBy  id of the member who locked or unlocked the room last, if told
 * @property {RoomView|null} room  null until the first welcome
 * @property {string} me  one's own member id
 * @property {MemberView[]} members  in order of joining
 * @property {string[]} typing  member ids
 * @property {CardView[]} cards  in order of sequence
 * @property {{id: string, author: string}[]} interrupted  what was open when this page was reloaded,
 *   and is gone
 * @property {SentView[]} sent  in order of sending
 * @property {number} owed  how many of these wait unread
 * @property {number} clockOffset  server's clock minus this device's
 */

export {};
