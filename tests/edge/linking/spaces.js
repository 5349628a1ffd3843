let a = 5, b = 2; const text = "in a text", keys = { in: 1 };
say([a + +b, a - -b, a + ++b, a - --b, a++ + b, a-- - b, a - - - b, + + a, - - a]);
say([1 .toString(), 1. .toString(), 2 ** - 1, a ? .5 : 1, a > - 1, a < ! b]);
say([a / b, /a/ .test("a") / 2, "in" in keys, /x/ in keys, typeof /y/ , void 0 ]);
say([a / /2/.source, a /b/ 1, `${ a }${ b }` , ((a) , b) , [ , a ]. length]);
say((() => { if (a) return text ; else return 0 ; })());
say((() => { for (const c of [ 1 ]) { if (c in keys) continue ; } return "of" })());
label: for ( ; ; ) { break label ; }
const é = 2; say([é, typeof é, new Array (2) . length]);
class C { static async * g () { } get x () { return 1 } static y = 2 ; 'z' = 3 ; [ "w" ] = 4 }
const c = new C ; say([c . x, C . y, c ?. z, c . w, c ?. [ "w" ], typeof C . g]);
say(a, b);
a = b
;[ 1 ] . forEach ( say )
const later = async ( x ) => await x, d = async x => x
say([a, typeof later, typeof d, a --> 0, a < ! --b]);
say([[1, 2, ].length, [1, , ].length, [, ].length, [ /* none */ , 1, /* last */ ], ((a, b, ) => a + b)(1, 2, )]);
say({ a: 1, b: [2, ], ...{ c: 3, }, });
for (const [d, ] of [[1, ], ]) { if (d) ; }
(() => { for (let e = 0; e < 1; e++) ; { ; } do ; while (false) ; if (a) ; else ; })();
class D { get; static; set; e = 1; static f = 2; g() { return 3; } ; }
say([Object.keys(new D()), D.f, new D().g(), ((h) => { switch (h) { case 1: say("one"); default: return 4; } })(1)]);
say((() => { let i; { const j = 1; i = j; } try { throw i; } catch (k) { return k; } })());
say((() => { while (true) { break; } for (;;) { if (a) { break; } continue; } return { l: 1, }; })());
