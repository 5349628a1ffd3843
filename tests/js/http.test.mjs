/** What answers a request of HTTP: the server, a gateway that has lost it, or somebody in between. */

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { HttpClient } from "../../web/static/js/net/http-client.js";

const server = http.createServer((request, response) => answer(request, response));
/** @type {http.RequestListener} */
let answer;
/** @type {HttpClient} */
let client;

before(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  client = new HttpClient(`http://127.0.0.1:${server.address().port}/`);
});
after(() => {
  server.close();
  server.closeAllConnections();
});

const says = (status, body, headers = {}) => (_, response) => response.writeHead(status, headers).end(body);
const refusalOf = (promise) => promise.then(() => "none", ({ code }) => code);

const PORTAL = "<!doctype html><title>Welcome to the hotel</title>";
for (const [what, status, body, headers] of [
  ["a page where there should be an answer", 200, PORTAL],
  ["a way to somewhere else", 302, "", { Location: "http://portal.example/" }],
  ["a way that is permanent", 308, "", { Location: "/login" }],
  ["a page that refuses", 403, PORTAL],
  ["a word that one must log in to the network", 511, PORTAL],
  ["no object", 200, "[]"],
  ["nothing", 200, ""],
  ["a refusal in another form", 400, '{"error": "login first"}'],
]) {
  test(`${what} is not from the server`, async () => {
    answer = says(status, body, headers);
    assert.equal(await refusalOf(client.askOnce("GET", "config", {})), "not_ours");
  });
}

for (const status of [429, 502, 503, 504]) {
  test(`a gateway without its server (${status}) passes`, async () => {
    answer = says(status, PORTAL);
    assert.equal(await refusalOf(client.askOnce("GET", "config", {})), "unavailable");
  });
}

test("the server's own no keeps its code", async () => {
  answer = says(404, '{"error": {"code": "room_unknown", "message": "", "retry_after": null}}');
  assert.equal(await refusalOf(client.ask("GET", "room")), "room_unknown");
});

test("an answer comes with its tag, and one without a body is nothing", async () => {
  answer = says(200, '{"a": 1}', { ETag: '"x"' });
  assert.deepEqual(await client.askOnce("GET", "room/state", {}), { value: { a: 1 }, tag: '"x"' });
  answer = says(304, undefined, { ETag: '"x"' });
  assert.deepEqual(await client.askOnce("GET", "room/state", {}), { value: null, tag: '"x"' });
});

test("a server that says nothing is given up after a while, and at once where nobody waits any longer", async () => {
  answer = () => undefined;
  assert.equal(await refusalOf(client.askOnce("GET", "room", { timeoutMs: 1 })), "unreachable");
  const nobody = new AbortController();
  const asked = refusalOf(client.askOnce("GET", "room", { signal: nobody.signal }));
  nobody.abort();
  assert.equal(await asked, "unreachable");
});
