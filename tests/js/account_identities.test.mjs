// Going to another service to sign in, and coming back (account/identities.js): what is asked there, and what is
// believed of whoever comes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { returnedWith, signInAddress } from "../../web/static/js/account/identities.js";

const GONE = "ephemeral-account/identity";

function gone(text) {
  const kept = new Map(text === null ? [] : [[GONE, text]]);
  return {
    kept, getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value),
    removeItem: (name) => kept.delete(name),
  };
}

const ASKED = { client: "here", back: "https://chat.example/account/", nonce: "n", state: "s", purpose: "sign_in" };

test("somebody is sent with all that a token needs, and with nothing else", () => {
  const url = new URL(signInAddress("https://id.example/o/authorize?tenant=one&nonce=theirs", ASKED));
  assert.equal(url.origin + url.pathname, "https://id.example/o/authorize");
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    tenant: "one", client_id: "here", redirect_uri: "https://chat.example/account/", response_type: "id_token",
    response_mode: "fragment", scope: "openid", nonce: "n", state: "s",
  });
});

test("whoever wants another password has to sign in there anew", () => {
  const url = new URL(signInAddress("https://id.example/", { ...ASKED, purpose: "password" }));
  assert.equal(url.searchParams.get("max_age"), "0");
});

for (const address of ["javascript:alert(1)", "data:text/html,x", "/sign-in", ""]) {
  test(`nobody is sent to ${JSON.stringify(address)}`, () => {
    assert.throws(() => signInAddress(address, ASKED), { code: "malformed" });
  });
}

test("who comes back with what was asked has a token, once", () => {
  const storage = gone("abc link");
  assert.deepEqual(returnedWith("#state=abc&id_token=e.y.J", storage), { purpose: "link", token: "e.y.J" });
  assert.equal(storage.kept.size, 0);
  assert.equal(returnedWith("#state=abc&id_token=e.y.J", storage), null);
});

test("who gave up there comes back without a token", () => {
  const said = returnedWith("#error=access_denied&state=abc", gone("abc sign_in"));
  assert.deepEqual(said, { purpose: "sign_in", token: null });
});

for (const [what, fragment, kept] of [
  ["a tab that asked for nothing", "#state=abc&id_token=e.y.J", null],
  ["another state", "#state=abd&id_token=e.y.J", "abc sign_in"],
  ["no state", "#id_token=e.y.J", "abc sign_in"],
  ["a purpose that there isn't", "#state=abc&id_token=e.y.J", "abc delete"],
  ["no fragment", "", "abc sign_in"],
]) {
  test(`nothing is believed: ${what}`, () => {
    const storage = gone(kept);
    assert.equal(returnedWith(fragment, storage), null);
    assert.equal(storage.kept.size, 0);
  });
}
