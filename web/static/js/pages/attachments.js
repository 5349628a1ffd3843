// Files in a room: loaded when somebody first sends one, or opens a card that comes with one.

export * from "../room/views/files.js";
