// Pictures by their heads (protocol/picture-form.js): made by Pillow 13, each of the size beside it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pictureForm } from "../../web/static/js/protocol/picture-form.js";

const PICTURES = {
  jpeg: ["jpeg", 300, 200, "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAKBueIx4ZKCMgoy0qqC+8P//8Nzc8P//////////////////////////////////////////////////////////2wBDAaq0tPDS8P//////////////////////////////////////////////////////////////////////////////wAARCADIASwDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwCGiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigAooooAKKKKACiiigD//Z"],
  jpeg_progressive: ["jpeg", 31, 17, "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAKBueIx4ZKCMgoy0qqC+8P//8Nzc8P//////////////////////////////////////////////////////////2wBDAaq0tPDS8P//////////////////////////////////////////////////////////////////////////////wgARCAARAB8DASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIQAxAAAAGAAAAf/8QAFBABAAAAAAAAAAAAAAAAAAAAMP/aAAgBAQABBQJP/8QAFBEBAAAAAAAAAAAAAAAAAAAAIP/aAAgBAwEBPwEf/8QAFBEBAAAAAAAAAAAAAAAAAAAAIP/aAAgBAgEBPwEf/8QAFBABAAAAAAAAAAAAAAAAAAAAMP/aAAgBAQAGPwJP/8QAFBABAAAAAAAAAAAAAAAAAAAAMP/aAAgBAQABPyFP/9oADAMBAAIAAwAAABAAAAD/xAAUEQEAAAAAAAAAAAAAAAAAAAAg/9oACAEDAQE/EB//xAAUEQEAAAAAAAAAAAAAAAAAAAAg/9oACAECAQE/EB//xAAUEAEAAAAAAAAAAAAAAAAAAAAw/9oACAEBAAE/EE//2Q=="],
  png: ["png", 700, 3, "iVBORw0KGgoAAAANSUhEUgAAArwAAAADCAIAAAD+20udAAAALElEQVR4nO3WsQ0AIAwEsZDu9184I0CHItkTXHknSQEA3PTvAABgB9MAADwZ+ykAIUzZe5EAAAAASUVORK5CYII="],
  gif: ["gif", 640, 60, "R0lGODdhgAI8AIEAAAkJCQAAAAAAAAAAACwAAAAAgAI8AEAI/wABCBxIsKDBgwgTKlzIsKHDhxAjSpxIsaLFixgzatzIsaPHjyBDihxJsqTJkyhTqlzJsqXLlzBjypxJs6bNmzhz6tzJs6fPn0CDCh1KtKjRo0iTKl3KtKnTp1CjSp1KtarVq1izat3KtavXr2DDih1LtqzZs2jTql3Ltq3bt3Djyp1Lt67du3jz6t3Lt6/fv4ADCx5MuLDhw4gTK17MuLHjx5AjS55MubLly5gza97MubPnz6BDix5NurTp06hTq17NurXr17Bjy55Nu7bt27hz697Nu7fv38CDCx9OvLjx48iTK1/OvLnz59CjS59Ovbr169iza9/Ovbv37+DDiz4fT768+fPo06tfz769+/fw48ufT7++/fv48+vfz7+///8ABijggAQWaOCBCCao4IIMNujggxBGKOGEFLoWEAA7"],
  webp: ["webp", 33, 65, "UklGRjgAAABXRUJQVlA4ICwAAABwAwCdASohAEEAPm02mEkkIyKhIigAgA2JaQAAEDdTUAV4hTAA/vrXgAAAAA=="],
  webp_lossless: ["webp", 257, 5, "UklGRh4AAABXRUJQVlA4TBEAAAAvAAEBAAfQhCY0of+BiOh/AAA="],
  webp_alpha: ["webp", 300, 301, "UklGRgwBAABXRUJQVlA4WAoAAAAQAAAAKwEALAEAQUxQSBgAAAABB0AgaYu3/RERB4Ai/f9PEf1P/e9/VwBWUDggzgAAAJAWAJ0BKiwBLQE+bTaZSaQjIqEgKACADYlpbuF3YRtACewD32ych77ZOQ99snIe+2TkPfbJyHvtk5D32ych77ZOQ99snIe+2TkPfbJyHvtk5D32ych77ZOQ99snIe+2TkPfbJyHvtk5D32ych77ZOQ99snIe+2TkPfbJyHvtk5D32ych77ZOQ99snIe+2TkPfbJyHvtk5D32ych77ZOQ99snIe+2TkPfbJyHvtk5D32ych77ZOQ99snIe+1YAD+/+pcAAAAAAAAAAAAAAAA"],
  avif: ["avif", 64, 40, "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADrbWV0YQAAAAAAAAAhaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAAAAAAAOcGl0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAETAAAAJQAAAChpaW5mAAAAAAABAAAAGmluZmUCAAAAAAEAAGF2MDFDb2xvcgAAAABqaXBycAAAAEtpcGNvAAAAFGlzcGUAAAAAAAAAQAAAACgAAAAQcGl4aQAAAAADCAgIAAAADGF2MUOBAAwAAAAAE2NvbHJuY2x4AAEADQAGgAAAABdpcG1hAAAAAAAAAAEAAQQBAoMEAAAALW1kYXQSAAoJGBV/naICGg0IMhYf94eFFd///+LAAADPyinHlDXlgNIg"],
};
const bytesOf = (text) => new Uint8Array(Buffer.from(text, "base64"));

test("kind and sides are read from the head of each kind that is shown", () => {
  for (const [name, [kind, width, height, text]] of Object.entries(PICTURES)) {
    assert.deepEqual(pictureForm(bytesOf(text)), { type: `image/${kind}`, width, height }, name);
  }
});

test("whatever is cut off, or is none of these, has no form, and none takes long to find that out", () => {
  for (const [name, [, , , text]] of Object.entries(PICTURES)) {
    const whole = bytesOf(text);
    for (let length = 0; length < Math.min(whole.length, 400); length += 1) {
      const found = pictureForm(whole.subarray(0, length));
      assert.ok(found === null || (found.width > 0 && found.height > 0), `${name} ${length}`);
    }
    assert.equal(pictureForm(whole.subarray(0, 8)), null, name);
  }
  const svg = new TextEncoder().encode("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>");
  for (const bytes of [new Uint8Array(0), svg, new Uint8Array(5_000_000).fill(0xff), Uint8Array.of(0xff, 0xd8, 0xff, ...Array(2000).fill(0xff))]) {
    assert.equal(pictureForm(bytes), null);
  }
  // Sides of nothing are none.
  const png = bytesOf(PICTURES.png[3]);
  png.fill(0, 16, 20);
  assert.equal(pictureForm(png), null);
});

test("where a browser would draw more than the head says, the larger counts, or nothing is said", () => {
  // A browser widens the screen of a GIF to its frames.
  const gif = bytesOf(PICTURES.gif[3]);
  gif.set([1, 0, 1, 0], 6);
  assert.deepEqual(pictureForm(gif), { type: "image/gif", width: 640, height: 60 });
  // An extension that is shorter than its kind is read on by some, and a frame might hide behind it.
  const table = 13 + 3 * 2 ** ((gif[10] & 7) + 1);
  const extended = (extension) => Uint8Array.of(...gif.subarray(0, table), ...extension, ...gif.subarray(table));
  assert.deepEqual(pictureForm(extended([0x21, 0xf9, 4, 0, 0, 0, 0, 0])), { type: "image/gif", width: 640, height: 60 });
  for (const extension of [[0x21, 0xf9, 1, 0, 0], [0x21, 0xff, 0], [0]]) assert.equal(pictureForm(extended(extension)), null, String(extension));
  // Behind TEM, RSTn and SOI no length stands: a decoder looks on where what follows isn't.
  const jpeg = bytesOf(PICTURES.jpeg[3]);
  const small = [0xff, 0xfe, 0, 14, 0xff, 0xc0, 0, 17, 8, 0, 16, 0, 16, 3, 1, 17];
  for (const marker of [0x01, 0xd0, 0xd8]) {
    assert.equal(pictureForm(Uint8Array.of(0xff, 0xd8, 0xff, marker, 0, 6, ...small, ...jpeg.subarray(2))), null, String(marker));
  }
  // One that moves has its sides elsewhere; a box of which the length isn't understood may stand before larger ones.
  const avif = bytesOf(PICTURES.avif[3]);
  const text = String.fromCharCode(...avif);
  const changed = (at, bytes) => {
    const copy = avif.slice();
    copy.set(bytes, at);
    return pictureForm(copy);
  };
  assert.equal(changed(text.indexOf("avif", 12) + 3, [0x73]), null);
  assert.equal(changed(text.indexOf("pixi") - 4, [0, 0, 0, 1]), null);
});
