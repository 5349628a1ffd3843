"""JSON in its one form: docs/accounts.md, 1.5."""

from typing import Any

from maker import Vectors


def make() -> Vectors:
    v = Vectors("accounts_json", "JSON in its one form: docs/accounts.md, 1.5")
    v.operation("encode_canonical", {"value": "json"}, {"bytes": "hex"})
    v.operation("decode_canonical", {"bytes": "hex"}, {"value": "json"})
    good(v)
    refused_values(v)
    refused_forms(v)
    return v


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def good(v: Vectors) -> None:
    for name, value, text, why in (
        ("null", None, "null", "A value alone."),
        ("true", True, "true", "A value alone."),
        ("false", False, "false", "A value alone."),
        ("zero", 0, "0", "One zero."),
        ("negative", -1, "-1", "Negative integers are integers."),
        ("largest", 2**53 - 1, "9007199254740991", "The largest."),
        ("smallest", 1 - 2**53, "-9007199254740991", "The smallest."),
        ("empty_text", "", '""', "No characters."),
        ("empty_object", {}, "{}", "No keys."),
        ("empty_list", [], "[]", "No values."),
        ("order", {"b": 1, "a": 2, "": 3, "B": 4}, '{"":3,"B":4,"a":2,"b":1}', "Keys in order."),
        ("prefix", {"aa": 1, "a": 2}, '{"a":2,"aa":1}', "The shorter first."),
        ("digits", {"10": 1, "9": 2, "1": 3}, '{"1":3,"10":1,"9":2}', "As texts, not numbers."),
        (
            "nested",
            {"b": {"d": 1, "c": [{"f": 1, "e": 2}]}, "a": []},
            '{"a":[],"b":{"c":[{"e":2,"f":1}],"d":1}}',
            "At each level.",
        ),
        ("escapes", '\b\t\n\f\r"\\', '"\\b\\t\\n\\f\\r\\"\\\\"', "Those that have a letter."),
        ("controls", "\0\x01\x1f", '"\\u0000\\u0001\\u001f"', "In small letters."),
        (
            "not_escaped",
            "/\x7f\u2028\u2029<>&'",
            '"/\x7f\u2028\u2029<>&\'"',
            "No more than must be.",
        ),
        ("umlaut", "\u00e4\u20ac", '"\u00e4\u20ac"', "As UTF-8."),
        ("emoji", "\U0001f600", '"\U0001f600"', "Four bytes."),
        ("not_composed", "a\u0308", '"a\u0308"', "Nothing is normalised."),
        (
            "units",
            {"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3},
            '{"\u20ac":3,"\U0001f600":2,"\ufb33":1}',
            "In the order of UTF-16, where emoji come before U+FB33.",
        ),
        (
            "rfc",
            {
                "\u20ac": "Euro Sign",
                "\r": "Carriage Return",
                "\ufb33": "Hebrew Letter Dalet With Dagesh",
                "1": "One",
                "\U0001f600": "Emoji: Grinning Face",
                "\u0080": "Control",
                "\u00f6": "Latin Small Letter O With Diaeresis",
            },
            (
                '{"\\r":"Carriage Return",'
                '"1":"One",'
                '"\u0080":"Control",'
                '"\u00f6":"Latin Small Letter O With Diaeresis",'
                '"\u20ac":"Euro Sign","\U0001f600":"Emoji: Grinning Face",'
                '"\ufb33":"Hebrew Letter Dalet With Dagesh"}'
            ),
            "The example of RFC 8785, 3.2.3.",
        ),
        ("deep", nested(16), "[" * 16 + "1" + "]" * 16, "16 levels."),
        (
            "proto",
            {"__proto__": 1, "constructor": 2},
            '{"__proto__":1,"constructor":2}',
            "Keys like others.",
        ),
    ):
        data = text.encode()
        v.success("encode_canonical", f"encode_{name}", why, {"value": value}, {"bytes": data})
        v.success("decode_canonical", f"decode_{name}", why, {"bytes": data}, {"value": value})


def refused_values(v: Vectors) -> None:
    for name, value, why in (
        ("half", 0.5, "A fraction."),
        ("large", 2**53, "Beyond 2^53 - 1."),
        ("low", -(2**53), "Beyond 2^53 - 1."),
        ("huge", 1e300, "No integer that all know."),
        ("deep", nested(17), "17 levels."),
        ("inside", {"a": [0.5]}, "A fraction within."),
        ("surrogate", "\ud800", "Half a character."),
        ("surrogate_key", {"\udc00": 1}, "Half a character."),
    ):
        v.refusal("encode_canonical", f"no_value_{name}", why, {"value": value}, "json_form")


def refused_forms(v: Vectors) -> None:
    for name, data, why in (
        ("nothing", b"", "No value."),
        ("space_before", b" 1", "White space."),
        ("space_behind", b"1 ", "White space."),
        ("line_behind", b"{}\n", "White space."),
        ("space_within", b'{"a": 1}', "White space."),
        ("space_in_list", b"[1, 2]", "White space."),
        ("two_values", b"1 2", "More than one."),
        ("order", b'{"b":1,"a":2}', "Another order."),
        ("order_within", b'[{"b":1,"a":2}]', "Another order."),
        (
            "order_of_utf8",
            '{"\u20ac":3,"\ufb33":1,"\U0001f600":2}'.encode(),
            "The order of code points.",
        ),
        ("twice", b'{"a":1,"a":1}', "A key that occurs twice."),
        ("twice_other", b'{"a":1,"a":2}', "A key that occurs twice."),
        ("escaped_letter", b'"\\u0061"', "Escaped without need."),
        ("escaped_slash", b'"\\/"', "Escaped without need."),
        ("escaped_umlaut", b'"\\u00e4"', "Escaped without need."),
        ("escaped_emoji", b'"\\ud83d\\ude00"', "Escaped without need."),
        ("escaped_capital", b'"\\u001F"', "In capitals."),
        ("escaped_newline", b'"\\u000a"', "It has a letter."),
        ("raw_control", b'"\x01"', "No JSON."),
        ("delete_escaped", b'"\\u007f"', "Escaped without need."),
        ("fraction", b"1.0", "Another form of 1."),
        ("exponent", b"1e0", "Another form of 1."),
        ("minus_zero", b"-0", "Another form of 0."),
        ("leading_zero", b"01", "No JSON."),
        ("plus", b"+1", "No JSON."),
        ("half", b"0.5", "A fraction."),
        ("large", b"9007199254740992", "Beyond 2^53 - 1."),
        ("larger", b"9007199254740993", "Read as another number by some."),
        ("huge", b"1" + b"0" * 400, "Beyond a double."),
        ("nan", b"NaN", "No JSON."),
        ("infinity", b"Infinity", "No JSON."),
        ("lone_surrogate", b'"\\ud800"', "Half a character."),
        ("surrogate_in_utf8", b'"\xed\xa0\x80"', "Half a character."),
        ("not_utf8", b'"\xff"', "No UTF-8."),
        ("overlong", b'"\xc0\xaf"', "No UTF-8."),
        ("mark", b"\xef\xbb\xbf1", "A byte order mark."),
        ("deep", b"[" * 17 + b"]" * 17, "17 levels."),
        ("open", b"[1", "Unfinished."),
        ("comma", b"[1,]", "No JSON."),
        ("single_quotes", b"'a'", "No JSON."),
        ("comment", b"1//", "No JSON."),
        ("zero_behind", b"1\0", "Something behind it."),
    ):
        v.refusal("decode_canonical", f"no_form_{name}", why, {"bytes": data}, "json_form")
