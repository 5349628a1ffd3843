"""`python -m bench.file_figures`: what large files cost browsers and the server, how fast they go.

Chromium with the page's own modules at the real server, two people in browsers of their own.
Sealing is the page's worker beside one that does nothing but AES-GCM, in turn. A file is sent by
what the page sends files with, and saved by what it saves with (into nothing); beside that objects
of the same lengths are put to such addresses, three at once. CPU is the server's own, read from the
system before and after; of its memory, and of the tab's, what it has for itself.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.account_browsers import FOUND, LIVE, OPEN, REDEEM, REGISTER, UNLIMITED
from bench.bucket import bucket
from bench.hosts import cpu
from bench.messenger_figures import milli, told
from bench.page_figures import CHROMIUM, running, table
from bench.unwatched import Unwatched, private, unwatched

GIB, MIB = 2**30, 2**20
SETTINGS = {
    **UNLIMITED, "OBJECT_REQUESTS_PER_ADDRESS": "off", "ACCOUNT_READ_BYTES": str(2**40),
}  # fmt: skip
SEALING, DOWN, UP = 0.8, 0.6, 3.0

FILES = """async () => {
  const { Files } = await from("media/files");
  const { HttpClient } = await from("net/http-client");
  const http = new HttpClient(new URL("./", document.baseURI).href);
  const { files: limits } = await http.ask("GET", "config");
  window.files = await client.beside(async (parts) => new Files(parts, live.talk, limits));
}"""
SEND = """async ([talk, type]) => {
  const [picked] = type === null ? document.querySelector("input").files : [window.film];
  const begun = performance.now();
  window.began = performance.timeOrigin + begun;
  let id = null;
  const off = files.subscribe((file) => { id ??= file; });
  await files.send(talk, picked, { clean: false });
  await new Promise((resolve) => {
    const look = () => { if (files.uploads.state(id) === null) resolve(); };
    files.subscribe(look);
    look();
  });
  off();
  return [id, performance.now() - begun];
}"""
SAVE = """async ([id, size]) => {
  const [{ save }, { Source }, { getObject }, { waitFor }] = await Promise.all(
    ["media/saver", "media/source", "media/fetching", "media/waiting"].map(from));
  let known = null;
  while ((known = await files.known.one(id))?.digest == null) {
    await new Promise((done) => { setTimeout(done, 50); });
  }
  const { file, padded, digest } = known;
  const urls = (numbers) => files.api.urls(id, "get", numbers);
  const source = new Source({ file, padded, size, get: getObject, urls });
  const begun = performance.now();
  const sink = { write: async () => {}, done: async () => {}, drop: async () => {} };
  const { signal } = new AbortController();
  await save({ source, file: file.id, digest, pause: waitFor, signal, told: () => {} }, sink);
  source.close();
  return performance.now() - begun;
}"""
# Three at once, as the page begins.
PUTS = """async ([conversation, padded]) => {
  const [{ Layout }, { sealInfo }, { randomBytes }, { toBase64url }] = await Promise.all([
    "protocol/files/layout", "protocol/files/info", "device/random", "protocol/encoding",
  ].map(from));
  const layout = new Layout(padded);
  const file = { id: randomBytes(16), key: randomBytes(32) };
  const info = await sealInfo(file, {
    name: "bare", type: "application/octet-stream", size: padded, seconds: null, width: null,
    height: null, thumbnail: null, made_by: null,
  }, randomBytes);
  const id = toBase64url(file.id);
  await files.api.create({ id, padded, info, conversation, ttl: 86400 });
  const waiting = [];
  for (let at = 0; at < layout.count; at += 64) {
    const length = Math.min(64, layout.count - at);
    const numbers = Array.from({ length }, (_, index) => at + index);
    waiting.push(...await files.api.urls(id, "put", numbers));
  }
  const body = new Uint8Array(9 << 20);
  for (let at = 0; at < body.length; at += 65536) {
    crypto.getRandomValues(body.subarray(at, at + 65536));
  }
  const begun = performance.now();
  await Promise.all([1, 2, 3].map(async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const { sealedLength } = layout.segment(one.segment);
      const answer = await fetch(one.url, {
        method: "PUT", headers: one.headers, body: body.slice(0, sealedLength),
      });
      if (!answer.ok) throw new Error(`PUT: ${answer.status}`);
    }
  }));
  const took = performance.now() - begun;
  await files.api.remove(id);
  return took;
}"""
SEAL = """async ([mebibytes, rounds]) => {
  const [{ Sealer }, { Layout }, { randomBytes }] = await Promise.all(
    ["media/sealer", "protocol/files/layout", "device/random"].map(from));
  const SIZE = 8 << 20, padded = 4 * 2 ** 30, layout = new Layout(padded);
  const bare = `onmessage = async ({ data: { plaintext, hashes } }) => {
    const how = { name: "AES-GCM", length: 256 };
    const key = await crypto.subtle.generateKey(how, false, ["encrypt"]);
    const numbers = Array(${SIZE >> 18}).keys();
    const work = [1, 2, 3, 4].map(async () => {
      for (const at of numbers) {
        const chunk = plaintext.subarray(at << 18, (at + 1) << 18);
        const iv = crypto.getRandomValues(new Uint8Array(12));
        await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, chunk);
      }
    });
    await Promise.all([...work, hashes ? crypto.subtle.digest("SHA-256", plaintext) : null]);
    postMessage(null);
  }`;
  const worker = new Worker(URL.createObjectURL(new Blob([bare], { type: "text/javascript" })));
  const waiting = [];
  worker.onmessage = () => waiting.shift()();
  const sealer = new Sealer(), file = { id: randomBytes(16), key: randomBytes(32) };
  const barely = (plaintext, hashes) => new Promise((done) => {
    waiting.push(done);
    worker.postMessage({ plaintext, hashes }, [plaintext.buffer]);
  });
  const ways = {
    ours: (plaintext) => sealer.seal(file, padded, 10, plaintext),
    both: (plaintext) => barely(plaintext, true),
    bare: (plaintext) => barely(plaintext, false),
  };
  const found = { ours: [], both: [], bare: [] };
  const count = mebibytes / 8;
  if (layout.segment(10).length !== SIZE) throw new Error("not that long");
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, run] of Object.entries(ways)) {
      const plaintexts = Array.from({ length: count }, () => new Uint8Array(SIZE).fill(round + 1));
      const begun = performance.now();
      // Three are under way in an upload.
      await Promise.all([1, 2, 3].map(async () => {
        for (let one = plaintexts.pop(); one !== undefined; one = plaintexts.pop()) await run(one);
      }));
      // The first round loads what is loaded once.
      if (round > 0) found[name].push(count * SIZE / 1e3 / (performance.now() - begun));
    }
  }
  return found;
}"""
# In the other's page: from the moment at which the first segment is told of.
FIRST = """async (talk) => {
  const { readFiles } = await from("protocol/files/contents");
  let line = null;
  while (line === null) {
    const lines = await live.talk.of(talk).lines({ limit: 5 });
    line = lines.find(({ value }) => value.kind === "message" && value.content.kind === "file"
      && !seen.has(value.id)) ?? null;
    if (line === null) await new Promise((done) => { setTimeout(done, 5); });
  }
  const { device, id: message, content } = line.value;
  seen.add(message);
  const [reference] = readFiles(content.body);
  const one = files.watch(reference, { conversation: talk, device, message, digest: null });
  while (one.info === null) await new Promise((done) => { setTimeout(done, 5); });
  const source = files.source(one);
  let landed = source.isLanded(0) ? performance.now() : null;
  source.onTold(() => { if (source.isLanded(0)) landed ??= performance.now(); });
  await source.read(0, Math.min(65536, source.size));
  const read = performance.now();
  source.close();
  return [read - landed, performance.timeOrigin + read];
}"""
# Five seconds of pictures, and then what players skip, so that there is more than a segment.
FILM = """async (size) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
  const context = canvas.getContext("2d");
  const drawing = setInterval(() => {
    context.fillStyle = `hsl(${performance.now() / 10} 80% 50%)`;
    context.fillRect(0, 0, 640, 360);
  }, 40);
  const mimeType = "video/webm;codecs=vp8";
  const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  recorder.start();
  await new Promise((done) => { setTimeout(done, 5000); });
  await new Promise((done) => { recorder.onstop = done; recorder.stop(); });
  clearInterval(drawing);
  const skipped = new Uint8Array(size);
  skipped.set([0xEC, 0x01]);
  new DataView(skipped.buffer).setUint32(5, size - 9);
  window.film = new File([...parts, skipped], "film.webm", { type: "video/webm" });
  return window.film.size;
}"""
SHOWN = """() => {
  const button = [...document.querySelectorAll(".file-card button")]
    .find((one) => one.textContent.trim() === "Show");
  if (button === undefined) return null;
  const begun = performance.now();
  button.click();
  return new Promise((resolve) => {
    const look = () => {
      const film = document.querySelector("video.film-picture");
      if (film === null) return setTimeout(look, 5);
      film.requestVideoFrameCallback(() => resolve(performance.now() - begun));
    };
    look();
  });
}"""


@dataclass(frozen=True)
class Spent:
    """Of one GiB: seconds of the server's CPU; and bytes of memory, at most."""

    server: float
    tab: int
    program: int


class Watch:
    """What a server spends on so many bytes, and what it and a page hold meanwhile."""

    def __init__(self, page: Unwatched, server: int) -> None:
        self._page = page
        self._server = server

    def of(self, size: int, work: Callable[[], Any]) -> tuple[Any, Spent]:
        """What comes of it, and what it took."""
        held, done = [private(self._server)], threading.Event()
        tabs = [self._page.holds()]
        pids = self._page.renderers()

        def look() -> None:
            while not done.wait(0.5):
                held.append(private(self._server))
                tabs.append(max(private(pid) for pid in pids))

        before = cpu(self._server)
        looking = threading.Thread(target=look)
        looking.start()
        try:
            result = work()
        finally:
            done.set()
            looking.join()
        spent = (cpu(self._server) - before) * GIB / size
        return result, Spent(spent, max(tabs), max(held) - held[0])


@contextmanager
def somebody(address: str, name: str) -> Iterator[Unwatched]:
    """A browser of somebody who has an account there."""
    program = next((found for one in CHROMIUM if (found := shutil.which(one))), None)
    if program is None:
        raise SystemExit("There is no Chromium on this machine.")
    with (
        tempfile.TemporaryDirectory(prefix="ephemeral-bench-", ignore_cleanup_errors=True) as disk,
        unwatched(program, Path(disk)) as page,
    ):
        page.bare(address)
        page.evaluate(OPEN)
        page.evaluate(REGISTER, name)
        page.evaluate(LIVE)
        page.evaluate(FILES)
        page.evaluate("() => { window.seen = new Set(); }")
        yield page


def rate(size: int, milliseconds: float) -> float:
    """MB a second."""
    return size / 1e3 / milliseconds


def measure(name: str, size: int, settings: dict[str, str]) -> None:
    """One store, printed."""
    with (
        running(**SETTINGS, **settings) as (address, server),
        somebody(address, "one") as one,
        somebody(address, "other") as other,
        tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as folder,
    ):
        fragment = one.evaluate("async () => (await live.talk.invite()).fragment()")
        account = other.evaluate(REDEEM, fragment)
        [talk] = one.evaluate(FOUND, [account, 1])
        other.evaluate("(id) => live.talk.of(id).catchUp({ again: true })", talk)
        told(f"{name}: sending")
        large = Path(folder) / "large.bin"
        with large.open("wb") as file:
            file.truncate(size)
        one.pick("input", large)
        watch = Watch(one, server)
        (id_, took), up = watch.of(size, lambda: one.evaluate(SEND, [talk, None]))
        bare, bare_up = watch.of(size, lambda: one.evaluate(PUTS, [talk, size]))
        told(f"{name}: saving")
        saved, down = watch.of(size, lambda: one.evaluate(SAVE, [id_, size]))
        print()
        table([
            (f"{name}, {size // MIB} MiB", "MB/s", "server's CPU a GiB", "goal", "tab",
             "server grows"),
            ("sent", f"{rate(size, took):.0f}", f"{up.server:.2f} s", f"{UP} s",
             f"{up.tab / 1e6:.0f} MB", f"{up.program / 1e6:.0f} MB"),
            ("put, bare", f"{rate(size, bare):.0f}", f"{bare_up.server:.2f} s", "",
             f"{bare_up.tab / 1e6:.0f} MB", f"{bare_up.program / 1e6:.0f} MB"),
            ("sent, of bare", f"{bare / took:.2f}", "", "", "", ""),
            ("saved", f"{rate(size, saved):.0f}", f"{down.server:.2f} s", f"{DOWN} s",
             f"{down.tab / 1e6:.0f} MB", f"{down.program / 1e6:.0f} MB"),
        ])  # fmt: skip
        first(name, address, one, other, talk)


def first(name: str, address: str, one: Unwatched, other: Unwatched, talk: str) -> None:
    """How soon something of a film is there, while it is sent and afterwards."""
    told(f"{name}: first bytes")
    one.evaluate(FILM, 24 * MIB)
    after, since = [], []
    for _ in range(5):
        with ThreadPoolExecutor(1) as aside:
            reading = aside.submit(other.evaluate, FIRST, talk)
            one.evaluate(SEND, [talk, "film"])
            took, at = reading.result()
        after.append(took)
        since.append(at - float(one.evaluate("() => window.began")))
    other.goto(f"{address}account/")
    other.until("() => document.querySelector('.conversation-row') !== null")
    other.evaluate("() => document.querySelector('.conversation-row').click()")
    frame = other.until(SHOWN)
    print()
    table([
        (f"{name}, a film of 24 MiB", "", ""),
        ("from when the first segment was told of until its first 64 KiB are verified",
         milli(statistics.median(after)), f"at most {milli(max(after))}"),
        ("from the wish to send until then", milli(statistics.median(since)),
         f"at most {milli(max(since))}"),
        ("from Show to the first picture", milli(frame), ""),
    ])  # fmt: skip


def sealing(mebibytes: int) -> None:
    """The worker beside bare Web Crypto."""
    with running(**SETTINGS) as (address, _), somebody(address, "one") as page:
        found = page.evaluate(SEAL, [mebibytes, 5])
    ours, both, bare = (statistics.median(found[one]) for one in ("ours", "both", "bare"))
    shares = [us / it for us, it in zip(found["ours"], found["both"], strict=True)]
    table([
        ("sealing", "MB/s", "of it ours", "goal"),
        ("the page's worker", f"{ours:.0f}", "", ""),
        ("one that encrypts and hashes as much", f"{both:.0f}", f"{statistics.median(shares):.2f}",
         f"{SEALING}"),
        ("one that only encrypts", f"{bare:.0f}", f"{ours / bare:.2f}", ""),
    ])  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.file_figures")
    parser.add_argument("--size", type=int, default=1024, help="of the large file, in MiB")
    parser.add_argument("--only", choices=["sealing", "local", "bucket"], help="one part alone")
    asked: Any = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}.\n")
    size = asked.size * MIB
    if asked.only in {None, "sealing"}:
        sealing(min(asked.size, 192))
    if asked.only in {None, "local"}:
        measure("own disk", size, {})
    if asked.only in {None, "bucket"}:
        with bucket() as settings:
            measure("bucket", size, settings)
    print(f"\nLoad {os.getloadavg()[0]:.1f} at the end.")


if __name__ == "__main__":
    main()
