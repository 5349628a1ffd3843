"""Base64url and JSON, where two languages differ by themselves: docs/protocol.md, 1.3 and 1.4."""

from maker import Vectors, b64, drawn


def make() -> Vectors:
    vectors = Vectors("encoding", "Base64url, JSON and integers: docs/protocol.md, 1.3 and 1.4")
    base64(vectors)
    json(vectors)
    integers(vectors)
    return vectors


def base64(v: Vectors) -> None:
    v.operation("b64encode", {"bytes": "hex"}, {"text": "text"})
    # `text` is any JSON value: what is not a string is refused like a bad one.
    v.operation("b64decode", {"text": "json", "length": "integer?"}, {"bytes": "hex"})
    everything = bytes(range(256))
    for name, data, why in (
        ("nothing", b"", "No bytes are no characters."),
        ("one_byte", b"\xff", "One byte takes two characters, the last with four unused bits."),
        ("two_bytes", b"\xff\xfe", "Two bytes take three characters, two bits unused."),
        ("three_bytes", b"\xfb\xef\xbf", "Three bytes fill four characters."),
        ("minus_and_underscore", b"\xfb\xff\xfe", "62 is minus and 63 is underscore."),
        ("every_byte", everything, "Every byte value comes back."),
        ("sixteen_bytes", drawn("base64/16", 16), "An id has 22 characters."),
        ("thirty_two_bytes", drawn("base64/32", 32), "A key or a token has 43 characters."),
    ):
        v.success("b64encode", f"b64encode_{name}", why, {"bytes": data}, {"text": b64(data)})
        v.success("b64decode", f"b64decode_{name}", why, {"text": b64(data)}, {"bytes": data})
    v.success(
        "b64decode",
        "b64decode_of_the_length_asked_for",
        "Exactly the length that was asked for.",
        {"text": b64(bytes(16)), "length": 16},
        {"bytes": bytes(16)},
    )
    v.success(
        "b64decode",
        "b64decode_nothing_of_length_zero",
        "Zero is a length too.",
        {"text": "", "length": 0},
        {"bytes": b""},
    )
    for name, text, why in (
        ("padded_once", "AAA=", "Padding is not part of the canonical form."),
        ("padded_twice", "AA==", "Padding is not part of the canonical form."),
        ("padded_needlessly", "AAAA====", "Padding after whole groups is no better."),
        ("padding_inside", "AA==AAAA", "Two padded texts in a row are not one."),
        ("only_padding", "====", "Padding alone stands for nothing."),
        ("plus", "+AAA", "Plus belongs to the other alphabet."),
        ("slash", "/AAA", "Slash belongs to the other alphabet."),
        ("length_1", "A", "One character holds only six bits."),
        ("length_5", "AAAAA", "A fifth character holds only six bits."),
        ("tail_of_one_byte_with_bit_0", "AB", "The lowest unused bit is set."),
        ("tail_of_one_byte_with_bit_3", "AI", "The highest unused bit is set."),
        ("tail_of_one_byte_all_bits", "__", "All four unused bits are set."),
        ("tail_of_two_bytes_with_bit_0", "AAB", "The lowest unused bit is set."),
        ("tail_of_two_bytes_with_bit_1", "AAC", "The highest unused bit is set."),
        ("leading_space", " AAA", "White space is outside the alphabet."),
        ("trailing_newline", "AAAA\n", "White space is outside the alphabet."),
        ("newline_inside", "AA\nAA", "Lines are not broken."),
        ("newline_for_a_character", "AAA\n", "A length that fits excuses nothing."),
        ("tab", "AA\tA", "White space is outside the alphabet."),
        ("zero_byte", "AAA\0", "Zero is no end of the text."),
        ("full_stop", "AA.A", "Lenient decoders skip what they don't know."),
        ("percent", "AA%3", "Nothing is percent-decoded."),
        ("fullwidth_letter", "AAA\uff21", "A fullwidth A is another character."),
        ("non_ascii_digit", "AAA\u0661", "An Arabic one is another character."),
        ("outside_the_basic_plane", "AA\U0001f600", "Two UTF-16 units are not two characters."),
        ("tilde", "AAA~", "Just below the end of ASCII is outside the alphabet too."),
    ):
        v.refusal("b64decode", f"b64decode_{name}", why, {"text": text}, "malformed")
    for name, value, why in (
        ("null", None, "Only a string can be base64url."),
        ("number", 1234, "Only a string can be base64url."),
        ("boolean", True, "Only a string can be base64url."),
        ("array", ["AAAA"], "An array of one string is no string."),
        ("object", {"text": "AAAA"}, "An object is no string."),
    ):
        v.refusal("b64decode", f"b64decode_{name}", why, {"text": value}, "malformed")
    for name, text, length, why in (
        ("one_byte_short", b64(bytes(15)), 16, "A shorter id is no id."),
        ("one_byte_long", b64(bytes(17)), 16, "A longer id is no id."),
        ("much_too_long", b64(bytes(48)), 32, "A longer key is not cut."),
        ("empty_for_32", "", 32, "Nothing is no key."),
        ("something_for_0", "AA", 0, "Zero is a length, not the absence of one."),
        ("tail_with_the_right_length", "A" * 21 + "B", 16, "The length excuses no bad tail."),
        ("padded_to_length", b64(bytes(16)) + "==", 16, "The length excuses no padding."),
    ):
        given = {"text": text, "length": length}
        v.refusal("b64decode", f"b64decode_{name}", why, given, "malformed")


def nest(opening: str, closing: str, levels: int, core: str = "") -> str:
    return opening * levels + core + closing * levels


def json(v: Vectors) -> None:
    # Exactly one of the two is given; `text` stands for its UTF-8.
    v.operation("parse_json", {"text": "text?", "bytes": "hex?"}, {"value": "json"})
    inner16: object = 1
    for _ in range(16):
        inner16 = {"a": inner16}
    array16: object = []
    for _ in range(15):
        array16 = [array16]
    for name, text, value, why in (
        ("object", '{"a":1,"b":[true,false,null]}', {"a": 1, "b": [True, False, None]}, "Plain."),
        ("white_space", ' \t\r\n{ "a" : 1 }\n', {"a": 1}, "JSON's four spaces are allowed."),
        ("key_twice", '{"a":1,"a":2}', {"a": 2}, "The last one counts."),
        ("key_thrice", '{"a":1,"b":0,"a":2,"a":"3"}', {"a": "3", "b": 0}, "The last one counts."),
        ("key_twice_escaped", '{"a":1,"\\u0061":2}', {"a": 2}, "Keys are compared unescaped."),
        ("proto_key", '{"__proto__":1}', {"__proto__": 1}, "A key like any other."),
        ("bare_string", '"a"', "a", "Any value may stand alone."),
        ("bare_number", "0", 0, "Any value may stand alone."),
        ("bare_null", "null", None, "Any value may stand alone."),
        ("arrays_16_deep", nest("[", "]", 16), array16, "Sixteen levels are allowed."),
        ("objects_16_deep", nest('{"a":', "}", 16, "1"), inner16, "Scalars add no level."),
        ("brackets_in_a_string", f'"{"[" * 40}"', "[" * 40, "Only real brackets count."),
        ("many_but_flat", f"[{','.join(['[]'] * 40)}]", [[]] * 40, "Depth is not number."),
        ("surrogate_pair", '"\\ud83d\\ude00"', "\U0001f600", "An escaped pair is one character."),
        ("surrogate_pair_upper", '"\\uD83D\\uDE00"', "\U0001f600", "Hex digits have no case."),
        ("escapes", '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041"', '"\\/\b\f\n\r\tA', "The nine escapes."),
        ("escaped_zero", '"a\\u0000b"', "a\0b", "Zero may be in a string, escaped."),
        ("delete_character", '"\x7f"', "\x7f", "U+007F need not be escaped."),
        ("line_separator", '"\u2028"', "\u2028", "U+2028 need not be escaped."),
        ("noncharacter", '"\uffff"', "\uffff", "U+FFFF is well-formed."),
        ("mark_in_a_string", '"\ufeff"', "\ufeff", "U+FEFF within a string is a character."),
        ("not_normalised", '"e\u0301"', "e\u0301", "No normalisation takes place."),
        ("not_trimmed", '" a\\n"', " a\n", "Nothing is trimmed."),
        ("large_double", "1e308", 1e308, "A double may be large."),
        ("fraction", "[0.5,-0.25]", [0.5, -0.25], "Not every number is an integer."),
        ("exponent", "[25e-2,1E2]", [0.25, 100.0], "Readers know exponents."),
        ("empty_key", '{"":1}', {"": 1}, "A key may be empty."),
    ):
        v.success("parse_json", f"json_{name}", why, {"text": text}, {"value": value})
    for name, text, why in (
        ("empty", "", "No value."),
        ("only_white_space", " \n", "No value."),
        ("two_values", "1 2", "One value, not two."),
        ("two_objects", "{}{}", "One value, not two."),
        ("something_after", "{}x", "Nothing may follow."),
        ("zero_byte_after", "{}\0", "Zero is no end of the text."),
        ("byte_order_mark", "\ufeff{}", "No byte order mark."),
        ("nan", "NaN", "Not in JSON, though Python reads it."),
        ("nan_inside", '{"a":NaN}', "Not in JSON, though Python reads it."),
        ("infinity", "Infinity", "Not in JSON, though Python reads it."),
        ("minus_infinity", "[-Infinity]", "Not in JSON, though Python reads it."),
        ("number_beyond_double", "1e400", "Python and JavaScript would read it as infinite."),
        ("number_below_double", "[-1e400]", "Python and JavaScript would read it as infinite."),
        ("integer_beyond_double", "1" + "0" * 400, "JavaScript would read it as infinite."),
        ("digits_without_end", "1" * 5000, "Python's limit on digits is no other error."),
        ("arrays_17_deep", nest("[", "]", 17), "Seventeen levels."),
        ("objects_17_deep", nest('{"a":', "}", 17, "1"), "Seventeen levels."),
        ("mixed_17_deep", nest('[{"a":', "}]", 8, "[0]"), "Arrays and objects both count."),
        ("overwritten_17_deep", f'{{"a":1,"b":{nest("[", "]", 16)}}}', "In any member."),
        ("arrays_40000_deep", nest("[", "]", 40_000), "No stack overflows."),
        ("brackets_unclosed", "[" * 40_000, "No stack overflows on the way to the error."),
        ("lone_high_surrogate", '"\\ud800"', "Half a character is not Unicode."),
        ("lone_low_surrogate", '"\\udc00"', "Half a character is not Unicode."),
        ("surrogates_reversed", '"\\ude00\\ud83d"', "Two halves in the wrong order."),
        ("two_high_surrogates", '"\\ud83d\\ud83d\\ude00"', "One half too many."),
        ("surrogate_then_letter", '"\\ud83dA"', "Half a character before a letter."),
        ("surrogate_in_a_key", '{"\\ud800":1}', "Keys are strings too."),
        ("surrogate_deep_inside", '{"a":[["\\udfff"]]}', "At any depth."),
        ("trailing_comma_in_array", "[1,]", "JSON has no trailing comma."),
        ("trailing_comma_in_object", '{"a":1,}', "JSON has no trailing comma."),
        ("comment", "{}//", "JSON has no comments."),
        ("single_quotes", "{'a':1}", "Strings have double quotes."),
        ("bare_key", "{a:1}", "Keys have quotes."),
        ("number_as_key", "{1:1}", "Keys are strings."),
        ("undefined", "undefined", "Not in JSON."),
        ("capital_true", "True", "That is Python."),
        ("word_cut_short", "nul", "Cut off."),
        ("string_cut_short", '{"a":"b', "Cut off."),
        ("object_cut_short", '{"a":1', "Cut off."),
        ("escape_cut_short", '"\\u00e"', "An escape has four digits."),
        ("escape_with_plus", '"\\u+041"', "A lenient number parser would take it."),
        ("hex_escape", '"\\x41"', "No such escape."),
        ("escaped_newline", '"\\\n"', "No such escape."),
        ("newline_in_string", '"a\nb"', "Control characters are escaped."),
        ("tab_in_string", '"a\tb"', "Control characters are escaped."),
        ("zero_in_string", '"a\0b"', "Control characters are escaped."),
        ("unit_separator_in_string", '"\x1f"', "The last control character that is escaped."),
        ("leading_zero", "01", "Numbers have no leading zero."),
        ("leading_plus", "+1", "Numbers have no plus."),
        ("leading_point", ".5", "Numbers begin with a digit."),
        ("trailing_point", "1.", "A point is followed by a digit."),
        ("empty_exponent", "1e", "An exponent has a digit."),
        ("hexadecimal", "0x10", "Numbers are decimal."),
        ("underscore_in_number", "1_000", "Numbers are digits only."),
        ("arabic_digit", "\u0661", "Digits are ASCII."),
        ("only_minus", "-", "A sign is no number."),
        ("no_break_space", "\u00a0{}", "Not one of JSON's four spaces."),
        ("form_feed", "\f{}", "Not one of JSON's four spaces."),
        ("vertical_tab", "{}\v", "Not one of JSON's four spaces."),
        ("ideographic_space", "{}\u3000", "Not one of JSON's four spaces."),
        ("colon_missing", '{"a" 1}', "Not JSON."),
        ("comma_missing", "[1 2]", "Not JSON."),
        ("bracket_mismatched", "[1}", "Not JSON."),
    ):
        v.refusal("parse_json", f"json_{name}", why, {"text": text}, "malformed")
    v.success(
        "parse_json",
        "json_bytes",
        "Bytes are UTF-8.",
        {"bytes": '"\u00e9\U0001f600"'.encode()},
        {"value": "\u00e9\U0001f600"},
    )
    for name, data, why in (
        ("bytes_with_mark", b"\xef\xbb\xbf{}", "No byte order mark."),
        ("utf_16", "\ufeff{}".encode("utf-16-le"), "Python's json module would detect it."),
        ("utf_16_without_mark", "{}".encode("utf-16-le"), "Python's json module would detect it."),
        ("utf_32", '"a"'.encode("utf-32-be"), "Python's json module would detect it."),
        ("latin_1", b'"\xe9"', "Not UTF-8, and not to be replaced by U+FFFD."),
        ("latin_1_in_a_key", b'{"\xe9":1}', "Not UTF-8, and not to be replaced by U+FFFD."),
        ("utf_8_cut_short", b'"\xe2\x82"', "A character cut off."),
        ("utf_8_overlong", b'"\xc0\xaf"', "A slash in two bytes."),
        ("utf_8_surrogate", b'"\xed\xa0\x80"', "A surrogate in UTF-8."),
        ("utf_8_pair", b'"\xed\xa0\xbd\xed\xb8\x80"', "A pair of surrogates, each in UTF-8."),
        ("utf_8_beyond_unicode", b'"\xf4\x90\x80\x80"', "Beyond U+10FFFF."),
        ("utf_8_continuation", b'"\x80"', "A continuation of nothing."),
        ("junk_after", b"{}\xff", "Nothing may follow, not even what is no text."),
    ):
        v.refusal("parse_json", f"json_{name}", why, {"bytes": data}, "malformed")


def integers(v: Vectors) -> None:
    # `text` is JSON; reading the integer follows parsing.
    v.operation(
        "read_integer",
        {"text": "text", "low": "integer?", "high": "integer?"},
        {"value": "integer"},
        side="client",
    )
    most = 2**53 - 1
    for name, text, value, why in (
        ("zero", "0", 0, "The least there is, unless a field says otherwise."),
        ("largest", str(most), most, "The largest that every language holds."),
        ("with_a_fraction_of_zero", "1.0", 1, "JavaScript can't tell it from 1."),
        ("with_an_exponent", "1e2", 100, "JavaScript can't tell it from 100."),
        ("with_a_negative_exponent", "300e-1", 30, "JavaScript can't tell it from 30."),
        ("largest_with_a_fraction", f"{most}.0", most, "Exact as a double too."),
    ):
        v.success("read_integer", f"integer_{name}", why, {"text": text}, {"value": value})
    for name, text, why in (
        ("true", "true", "A subclass of int in Python, and 1 in arithmetic everywhere."),
        ("false", "false", "Not zero."),
        ("null", "null", "Not zero."),
        ("string", '"1"', "A digit in quotes is a string."),
        ("empty_string", '""', "Becomes 0 in JavaScript's arithmetic."),
        ("array", "[1]", "Becomes 1 in JavaScript's arithmetic."),
        ("empty_array", "[]", "Becomes 0 in JavaScript's arithmetic."),
        ("object", "{}", "No number."),
        ("negative", "-1", "Below zero."),
        ("fraction", "1.5", "Not an integer, and not to be rounded."),
        ("tiny_fraction", "1e-7", "Not an integer, and not to be rounded."),
        ("one_too_large", str(most + 1), "2^53 can't be told from 2^53 + 1."),
        ("two_too_large", str(most + 2), "Would be rounded to 2^53 in JavaScript."),
        ("rounded_up", f"{most}.9", "As a double it is 2^53."),
        ("too_large_with_exponent", "1e16", "Beyond 2^53, however it is written."),
        ("sixty_four_bits", str(2**64 - 1), "Beyond 2^53."),
        ("larger_than_sixty_four_bits", str(2**64), "Beyond 2^53."),
    ):
        v.refusal("read_integer", f"integer_{name}", why, {"text": text}, "malformed")
    for name, text, low, high, value in (
        ("at_the_low_end", "5", 5, 300, 5),
        ("at_the_high_end", "300", 5, 300, 300),
        ("in_a_range_of_one", "7", 7, 7, 7),
    ):
        given = {"text": text, "low": low, "high": high}
        why = "A range holds both its ends."
        v.success("read_integer", f"integer_{name}", why, given, {"value": value})
    for name, text, low, high in (
        ("below_the_low_end", "4", 5, 300),
        ("above_the_high_end", "301", 5, 300),
        ("just_above_as_a_fraction", "300.5", 5, 300),
    ):
        given = {"text": text, "low": low, "high": high}
        why = "A range ends where it says."
        v.refusal("read_integer", f"integer_{name}", why, given, "malformed")
