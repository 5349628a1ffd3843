// What a screen reader is told. Announcements never hold the text of a message: an opened card
// takes the focus and is read once, there.

const FORGET_MS = 4000;

/** @param {string} id  @param {string} sentence */
function speak(id, sentence) {
  const region = document.getElementById(id);
  if (region === null) return;
  const line = document.createElement("p");
  line.textContent = sentence;
  region.append(line);
  // Announced once; afterwards nobody should come across it while walking through the page.
  setTimeout(() => line.remove(), FORGET_MS);
}

/** Says the sentence when the reader has finished with what it is saying. @param {string} sentence */
export const announce = (sentence) => speak("announce-polite", sentence);

/** Says the sentence at once: for what a person must not miss. @param {string} sentence */
export const announceAssertive = (sentence) => speak("announce-assertive", sentence);

/** Takes back what was said: names may be among it. */
export function clearAnnouncements() {
  for (const id of ["announce-polite", "announce-assertive"]) document.getElementById(id)?.replaceChildren();
}
