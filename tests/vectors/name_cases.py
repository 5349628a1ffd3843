"""Names: what they may be made of, and how equal ones are told apart. docs/protocol.md, 7.5."""

import hashlib
import unicodedata

from maker import Vectors

# SHA-256 of the classes of U+0000 to U+10FFFF, a character for each, by Unicode 14.0: `.` not in a
# name, `+` in a name, `^` in a name and a mark.
CLASSES = "ab1265fe71b4f9483c6908c37d6b2fd563ff515e2773aa3de4a3f20adb518177"
NOT_SHOWN = (
    "34F 115F 1160 17B4 17B5 180B 180C 180D 180F 2039 203A 2800 3164 FFA0 FFFC FFFD 16FE4 1D159"
)
INVISIBLE = {
    *(int(code, 16) for code in NOT_SHOWN.split()),
    *range(0xFE00, 0xFE10),
    *range(0xE0100, 0xE01F0),
}


def class_of(code: int) -> str:
    category = unicodedata.category(chr(code))[0]
    if category not in "LMNPS" or code in INVISIBLE:
        return "."
    return "^" if category == "M" else "+"


def make() -> Vectors:
    if unicodedata.unidata_version == "14.0.0":
        classes = "".join(map(class_of, range(0x110000)))
        assert hashlib.sha256(classes.encode()).hexdigest() == CLASSES
    v = Vectors("names", "What names are made of, and numbers of equal ones: docs/protocol.md, 7.5")
    v.operation("name_characters", {}, {"sha256": "hex"})
    v.operation("check_name", {"name": "text"}, {})
    v.operation("numbers", {"names": "json", "taken": "json"}, {"numbers": "json"})
    v.operation("tidy_name", {"typed": "text"}, {"name": "text"}, side="client")
    v.success(
        "name_characters",
        "by_unicode_14",
        "Class of every code point, as one long text: . + ^ as in the table.",
        {},
        {"sha256": bytes.fromhex(CLASSES)},
    )
    names(v)
    told_apart(v)
    tidied(v)
    return v


def names(v: Vectors) -> None:
    for name, text, why in (
        ("one_letter", "B", "One byte is enough."),
        ("two_words", "Bo Lee", "A space between."),
        ("three_words", "B o L", "A space between each two."),
        ("punctuation", "B.-O'(L)/&!", "All of ASCII that can be seen."),
        ("heart_of_ascii", "<3 Bo", "Signs may begin it."),
        ("digits", "4711", "Numbers."),
        ("accents_composed", "Zo\u00eb", "Latin 1."),
        ("accents_decomposed", "Zoe\u0308", "No normalisation is asked for."),
        ("four_marks", "Z\u0300\u0301\u0302\u0303o", "As many as writing needs."),
        ("four_marks_twice", "Z\u0300\u0301\u0302\u0303o\u0300\u0301\u0302\u0303", "On each."),
        ("german", "J\u00fcrgen Gro\u00df", "Letters."),
        ("greek", "\u039d\u03af\u03ba\u03bf\u03c2", "Letters."),
        ("arabic", "\u0645\u062d\u0645\u0651\u062f", "Letters and a mark."),
        ("hebrew_with_points", "\u05d3\u05b8\u05bc\u05d5\u05b4\u05d3", "Letters and marks."),
        ("hindi", "\u0936\u094d\u0930\u0940", "Letters and marks."),
        ("thai", "\u0e19\u0e49\u0e33", "Letters and a mark."),
        ("chinese", "\u738b\u5c0f\u660e", "Letters."),
        ("hangul_jamo", "\u1112\u1161\u11ab", "Letters that are written as one."),
        ("middle_dot_of_catalan", "Gal\u00b7la", "Between letters."),
        ("middle_dot_of_japanese", "\u30dc\u30fb\u30ea\u30fc", "Between letters."),
        ("emoji", "Bo \U0001f98a", "A symbol."),
        ("skin_tone", "\U0001f44b\U0001f3fd", "A symbol that changes the one before."),
        ("flag", "\U0001f1eb\U0001f1f7", "Two symbols."),
        ("joined_emoji", "\U0001f469\u200d\U0001f4bb", "A joiner between symbols."),
        ("joined_emoji_thrice", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "One each time."),
        ("non_joiner_of_persian", "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "Between letters."),
        ("joiner_of_sinhala", "\u0dc1\u0dca\u200d\u0dbb\u0dd3", "After a mark."),
        ("64_bytes", "x" * 64, "The longest."),
        ("newest", "\u061d\U0001fae0", "New in Unicode 14.0."),
        ("ligature", "\ufb01", "A compatibility character."),
    ):
        v.success("check_name", f"name_{name}", why, {"name": text}, {})
    for name, text, why in (
        ("empty", "", "Nothing."),
        ("65_bytes", "x" * 65, "64 at most."),
        ("65_bytes_in_fewer_characters", "\u00e9" * 32 + "x", "Bytes count."),
        ("space", " ", "Nothing is seen."),
        ("space_first", " Bo", "Names could look alike."),
        ("space_last", "Bo ", "Names could look alike."),
        ("two_spaces", "Bo  Lee", "Names could look alike."),
        ("tab", "Bo\tLee", "A control character."),
        ("line_feed", "Bo\nLee", "A control character."),
        ("delete", "Bo\x7f", "A control character."),
        ("control_of_latin_1", "Bo\x9b31m", "A control character."),
        ("no_break_space", "Bo\u00a0Lee", "Another white space."),
        ("em_space", "Bo\u2003Lee", "Another white space."),
        ("ideographic_space", "Bo\u3000Lee", "Another white space."),
        ("line_separator", "Bo\u2028Lee", "Another white space."),
        ("zero_width_space", "Bo\u200b", "Invisible."),
        ("word_joiner", "B\u2060o", "Invisible."),
        ("soft_hyphen", "B\u00ado", "Invisible."),
        ("byte_order_mark", "\ufeffBo", "Invisible."),
        ("right_to_left_mark", "Bo\u200f", "Invisible."),
        ("override", "\u202eoB", "Turns the text around."),
        ("isolate", "\u2067Bo", "Turns the text around."),
        ("variation_selector", "\u2764\ufe0f", "Invisible; tidied away."),
        ("variation_selector_of_ideographs", "\u738b\U000e0100", "Invisible."),
        ("tag", "\U0001f3f4\U000e0067\U000e007f", "Invisible."),
        ("hangul_filler", "\u3164", "Invisible, though a letter."),
        ("half_width_hangul_filler", "Bo\uffa0", "Invisible, though a letter."),
        ("choseong_filler", "Bo\u115f", "Invisible, though a letter."),
        ("khmer_inherent_vowel", "Bo\u17b4", "Invisible, though a mark."),
        ("mongolian_selector", "Bo\u180b", "Invisible, though a mark."),
        ("grapheme_joiner", "Bo\u034f", "Invisible, though a mark."),
        ("blank_braille", "\u2800", "Invisible, though a symbol."),
        ("null_notehead", "Bo\U0001d159", "Invisible, though a symbol."),
        ("replacement_character", "Bo\ufffd", "Stands for what can't be shown."),
        ("private_use", "Bo\ue000", "Looks as each font likes."),
        ("unassigned", "Bo\u0378", "Nobody knows how it looks."),
        ("newer", "Bo\U0001fae8", "Assigned in Unicode 15.0."),
        ("noncharacter", "Bo\uffff", "Never assigned."),
        ("lone_surrogate", "Bo\ud800", "Half a character."),
        ("angle_quotation_mark", "\u2039Bo\u203a", "A client may put names between these."),
        ("mark_first", "\u0301Bo", "It would stand on what is before."),
        ("mark_after_space", "Bo \u0301", "It would stand on a space."),
        ("five_marks", "Z\u0300\u0301\u0302\u0303\u0304o", "It would reach into other lines."),
        ("five_marks_and_a_joiner", "\u0915\u0300\u0301\u0302\u0303\u200d\u0304", "Still five."),
        ("joiner_in_latin", "B\u200do", "Invisible."),
        ("joiner_before_latin", "\u0915\u200do", "Invisible."),
        ("joiner_last", "\U0001f469\u200d", "It joins nothing."),
        ("joiner_first", "\u200d\U0001f469", "It joins nothing."),
        ("joiner_before_space", "\U0001f469\u200d Bo", "It joins nothing."),
        ("two_joiners", "\U0001f469\u200d\u200d\U0001f4bb", "One is enough."),
        ("two_kinds_of_joiners", "\u0915\u200c\u200d\u0915", "One is enough."),
        ("number_of_the_interface", "Bo \u00b7 2", "Equal names are numbered so."),
        ("middle_dot_and_digit", "Bo\u00b72", "Much like that."),
        ("middle_dot_last", "Bo\u00b7", "With a number after it."),
        ("middle_dot_first", "\u00b7Bo", "Not between letters."),
        ("bullet", "Bo \u2022 2", "Looks like a middle dot."),
        ("letter_with_a_middle_dot", "Bo\u0140 2", "Its end is one."),
        ("dot_operator", "Bo \u22c5 2", "Looks like a middle dot."),
        ("greek_ano_teleia", "Bo \u0387 2", "Is a middle dot, but for its number."),
    ):
        v.refusal("check_name", f"no_name_{name}", why, {"name": text}, "profile_json")


def told_apart(v: Vectors) -> None:
    for name, given, taken, expected, why in (
        ("nobody", [], [], [], "Nobody has joined."),
        ("different", ["Ada", "Bo"], [], [1, 1], "Nothing to tell apart."),
        ("equal", ["Bo", "Ada", "Bo", "Bo"], [], [1, 1, 2, 3], "In the order of joining."),
        ("nameless", [None, "Bo", None, "Bo"], [], [0, 1, 0, 2], "Who has no name has no number."),
        ("case", ["Bo", "bo", "BO"], [], [1, 2, 3], "Case is no difference."),
        ("sharp_s", ["Gro\u00df", "GROSS", "gross"], [], [1, 2, 3], "Nor is this one."),
        ("final_sigma", ["\u03bf\u03b4\u03bf\u03c2", "\u039f\u0394\u039f\u03a3"], [], [1, 2],
         "Nor this."),
        ("dotless_i", ["\u0131da", "Ida"], [], [1, 2], "Their capitals are equal."),
        ("decomposed", ["Zo\u00eb", "Zoe\u0308"], [], [1, 2], "The same letters."),
        ("full_width", ["Bo", "\uff22\uff4f"], [], [1, 2], "The same letters."),
        ("ligature", ["Fiona", "\ufb01ona"], [], [1, 2], "The same letters."),
        ("mathematical", ["Bo", "\U0001d401\U0001d428"], [], [1, 2], "The same letters."),
        ("joiner", ["\u0631\u0636\u0627", "\u0631\u200c\u0636\u0627"], [], [1, 2],
         "Not always seen."),
        ("another_script", ["Bo", "\u0412\u043e"], [], [1, 1], "Look-alikes of scripts are left."),
        ("word_of_the_interface", ["Bo", "you", "You"], ["You"], [1, 2, 3], "That is the first."),
    ):  # fmt: skip
        v.success("numbers", f"numbers_{name}", why, {"names": given, "taken": taken},
                  {"numbers": expected})  # fmt: skip


def tidied(v: Vectors) -> None:
    for name, typed, expected, why in (
        ("as_it_is", "Bo \U0001f98a", "Bo \U0001f98a", "Nothing to tidy."),
        ("spaces", " \u00a0Bo\t\u3000 Lee\n", "Bo Lee", "Single ones, and none at the ends."),
        ("variation_selector", "Bo \u2764\ufe0f", "Bo \u2764", "As telephones write a heart."),
        ("invisible", "\u200bB\u00ado\u2060", "Bo", "What nobody sees."),
        ("joiners", "B\u200do\u200d \U0001f469\u200d\U0001f4bb", "Bo \U0001f469\u200d\U0001f4bb",
         "Those of use stay."),
        ("decomposed", "Zoe\u0308", "Zo\u00eb", "Composed."),
        ("nothing_left", "\u200b \u200b", "", "No name at all."),
        ("private_use", "Bo\ue000", "Bo\ue000", "What is seen stays, and is refused later."),
    ):  # fmt: skip
        v.success("tidy_name", f"tidy_{name}", why, {"typed": typed}, {"name": expected})
