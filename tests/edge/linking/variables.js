import { a as imported, b, c as d } from "../names.js";
import * as everything from "../names.js";
globalThis.a = "global a"; globalThis.e = "global e"; globalThis.name = "global";
const log = [];
// A global that has the name of somebody's variable, here and there.
log.push(name, (() => { const name = "own"; return name; })(), name, typeof e, e);
log.push(typeof nowhere, typeof a, a, imported, b, d, everything.a);
// Shadows.
const x = 1;
{ const x = 2; { const x = 3; log.push(x); } log.push(x); }
log.push(x, ((x) => x + ((x) => x * 10)(x))(4), (function f(x) { return x && f(x - 1) + x; })(3));
const f = function f() { return typeof f; }; log.push(f());
const g = function g(g) { return g; }; log.push(g("parameter"));
const K = class L { static self() { return L === K; } static #p = 5; static p() { return L.#p; } };
log.push(K.self(), K.p(), typeof L);
// Patterns, defaults, rests, shorthands.
const { p, q: { r = p + 1, ...rest }, [`s${x}`]: s = r, ...others } =
  { p: 1, q: { u: 7 }, s1: 3, t: 4 };
const [v, , [w = s] = [], ...more] = [1, 2, undefined, 4, 5];
log.push({ p, r, s, v, w, rest, others, more });
const made = ({ p, deep: [one, { two = one } = {}] = [8] }, y = p + x, ...z) => ({ p, one, two, y, z });
log.push(made({ p: 6 }), made({ p: 1, deep: [2, { two: 3 }] }, 4, 5));
let i = "outer"; const calls = [];
for (let i = 0, n = 2; i < n; i++) calls.push(() => i);
for (const i of [7]) calls.push(() => i);
for (const i in { k: 1 }) calls.push(() => i);
for (const { i } of [{ i: 9 }]) calls.push(() => i);
for ([i] of [["assigned"]]) calls.push(() => i);
for ({ i } of [{ i: "again" }]);
log.push(calls.map((call) => call()), i);
({ i, s: log.property = i } = { i: "by shorthand" }); log.push(i, log.property);
try { throw { message: "thrown", i: 3 }; }
catch ({ message, i }) { const message2 = message; log.push(message2, i); }
try { throw 1; } catch { log.push(i); }
switch (x) { case 1: { const x = 5; log.push(x); } default: let y = 6; log.push(y); }
log.push(hoisted(), (() => { return inner(); function inner() { return "inner"; } })());
function hoisted() { return typeof later === "function" ? later.call(null, 1, 2) : 0; }
function later() { return arguments.length; }
class Base { constructor(i) { this.i = i; } get x() { return this.i + x; } i2 = x + 1; static { this.s = x; } }
class Derived extends Base { #i = 1; constructor({ i }) { super(i); } m(x) { return super.x + x + this.#i + this.#n(x); } #n(i) { return i; } }
log.push(new Derived({ i: 2 }).m(3), Base.s, new Base(0).i2);
const object = { x, log() { return x; }, get i() { return i; }, set i(x) { i = x; }, [x]: x, async: x, of: 1 };
object.i = "set"; log.push(object, object.log(), i);
const generator = function* ({ x = 3 } = {}) { const y = yield x; yield x + y; };
const it = generator(); log.push(it.next(), it.next(4));
outer: for (const a of [1, 2]) { for (const b of [1, 2]) { if (b === 2) continue outer; log.push(a + b); } }
log.push(`${x}${((x) => `${x}${i}`)("in")}`, String.raw`\\${i}`, a, globalThis.a);
const counter = (() => { let count = 0; const add = () => ++count; return { add, get count() { return count; } }; })();
counter.add(); log.push(counter.count, counter?.add?.());
let chain; chain ??= { chain: x }; chain.chain += x; log.push(chain);
const curry = (a) => (b) => (c) => (d) => [a, b, c, d, e, imported, x];
log.push(curry(1)(2)(3)(4));
const tricky = (a = x, b = () => a, c = ((a) => a + b())(1)) => { let d = a; a = 9; return [a, b(), c, d]; };
log.push(tricky());
log.push(((unused) => { const fresh = 5; return fresh; })(1));
try { throw 1; } catch (unused) { const fresh = 6; log.push(fresh); }
const recursive = (n, t = (k) => (k ? recursive(0, () => n + k) : n)) => t(1); log.push(recursive(5));
say(log);
