"""`python -m bench.file_figures`: how quick files of account holders are sent, and what that takes.

Chromium with the page's modules at a real server with its local store. Sealing is that of the
worker, hashes included, beside bare Web Crypto doing the same in one page. Sending is that of the
uploader, from the pick to the confirmation, beside a bare loop of as many PUTs at once. Memory is
the most that the tab's process had meanwhile, with what the inspector that drives it keeps of
bodies there.
"""

import argparse
import os
import statistics
import tempfile
import time
from typing import Any

from playwright.sync_api import Browser, Page

from bench.account_browsers import UNLIMITED, chromium, friends, talking
from bench.messenger_figures import memory, told
from bench.page_figures import served, table

MEBIBYTE = 1 << 20
SHARE, TAB_MB = 0.8, 300
SEAL = """async ([segments, bytes]) => {
  const { Sealer } = await from("media/sealer");
  const { Layout, paddedLength } = await from("protocol/files/layout");
  const padded = paddedLength(2 ** 31);
  const layout = new Layout(padded);
  const file = { id: new Uint8Array(16), key: new Uint8Array(32) };
  const sealer = new Sealer();
  const plain = () => new Uint8Array(bytes);
  await sealer.seal(file, padded, 4, plain());
  const given = Array.from({ length: segments }, plain);
  let begun = performance.now();
  for (const one of given) await sealer.seal(file, padded, 4, one);
  const sealed = performance.now() - begun;
  sealer.close();
  const { length } = layout.segment(4);
  if (length !== bytes) throw new Error("another segment");
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const data = plain();
  const chunk = 262144;
  begun = performance.now();
  for (let one = 0; one < segments; one += 1) {
    const hashed = crypto.subtle.digest("SHA-256", data);
    const numbers = Array(bytes / chunk).keys();
    await Promise.all(Array.from({ length: 4 }, async () => {
      for (const at of numbers) {
        const iv = new Uint8Array(12);
        const part = data.subarray(at * chunk, (at + 1) * chunk);
        await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, part);
      }
    }));
    await hashed;
  }
  return [sealed, performance.now() - begun];
}"""
# What is told of it stands in `window`, for whoever looks at the tab's memory meanwhile.
SEND = """async (talk) => {
  const { Files } = await from("media/files");
  const { files: limits } = await (await fetch(new URL("config", document.baseURI))).json();
  window.files ??= await client.beside(async (parts) => new Files(parts, live.talk, limits));
  const [picked] = document.querySelector("input").files;
  window.took = null;
  const begun = performance.now();
  let isBegun = false;
  const ends = new Promise((resolve, reject) => {
    const off = files.subscribe((file) => {
      const state = files.uploads.state(file);
      if (state !== null) isBegun = true;
      if (state?.kind === "stopped") reject(new Error(state.code));
      if (state !== null || !isBegun) return;
      off();
      resolve(file);
    });
  });
  files.send(talk, picked, { clean: false })
    .then(() => ends).then(async (file) => {
      window.took = performance.now() - begun;
      await files.remove([file]);
    }).catch((error) => { window.took = -1; throw error; });
}"""
BARE = """async ([talk, bytes, most]) => {
  const { Layout, paddedLength } = await from("protocol/files/layout");
  const { putObject } = await from("media/fetching");
  const { toBase64url } = await from("protocol/encoding");
  const id = toBase64url(crypto.getRandomValues(new Uint8Array(16)));
  const layout = new Layout(paddedLength(bytes));
  const info = new Uint8Array(1024).fill(1);
  const { api } = files;
  await api.create({ id, padded: layout.padded, info, conversation: talk, ttl: 3600 });
  const begun = performance.now();
  const numbers = [...Array(layout.count).keys()];
  const lane = async () => {
    for (;;) {
      const mine = numbers.splice(0, 16);
      if (mine.length === 0) return;
      for (const address of await api.urls(id, "put", mine)) {
        const object = new Uint8Array(layout.segment(address.segment).sealedLength);
        const how = { progress() {}, signal: new AbortController().signal };
        if (await putObject(address, object, how) !== "done") throw new Error("not taken");
      }
    }
  };
  await Promise.all(Array.from({ length: most }, lane));
  const took = performance.now() - begun;
  await api.remove(id);
  return took;
}"""


def sent(browser: Browser, page: Page, talk: str) -> tuple[float, float]:
    """Milliseconds until it is confirmed, and the most MB of the tab's process meanwhile."""
    page.evaluate(SEND, talk)
    most = 0.0
    while (took := page.evaluate("() => window.took")) is None:
        most = max(most, memory(browser, page)[1])
        time.sleep(0.5)
    if took < 0:
        raise SystemExit("It was not sent.")
    return float(took), most


def rate(size: int, milliseconds: float) -> str:
    """For people."""
    return f"{size / 1000 / milliseconds:.0f} MB/s"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.file_figures")
    parser.add_argument("--mebibytes", type=int, default=512, help="of the file that is sent")
    parser.add_argument("--times", type=int, default=3, help="medians are printed")
    asked: Any = parser.parse_args()
    size = asked.mebibytes * MEBIBYTE
    with served(**UNLIMITED) as address, chromium() as browser:
        one, other, account = friends(browser, address)
        [talk] = talking(one, other, account, 1)
        told("sending")
        one.set_content("<input type=file>")
        before = memory(browser, one)[1]
        with tempfile.NamedTemporaryFile() as large:
            large.truncate(size)
            one.locator("input").set_input_files(large.name)
            whole = [sent(browser, one, talk) for _ in range(asked.times)]
        loops = [one.evaluate(BARE, [talk, size, 3]) for _ in range(asked.times)]
        told("sealing")
        sealing = [one.evaluate(SEAL, [16, 8 * MEBIBYTE]) for _ in range(asked.times)]
        worker, bare = (statistics.median(times) for times in zip(*sealing, strict=True))
        told("measured")
    took, loop = statistics.median(each for each, _ in whole), statistics.median(loops)
    print(f"{os.cpu_count()} cores; medians of {asked.times}; {asked.mebibytes} MiB are sent.\n")
    table([
        ("", "ours", "bare", "share", "goal"),
        ("sealing, with hashes", rate(128 * MEBIBYTE, worker), rate(128 * MEBIBYTE, bare),
         f"{bare / worker:.2f}", f"{SHARE}"),
        ("sending, until it is confirmed", rate(size, took), rate(size, loop),
         f"{loop / took:.2f}", ""),
    ])  # fmt: skip
    print()
    most = max(each for _, each in whole)
    table([("the tab's process before", "at most meanwhile", "goal"),
           (f"{before:.0f} MB", f"{most:.0f} MB", f"{TAB_MB} MB")])  # fmt: skip


if __name__ == "__main__":
    main()
