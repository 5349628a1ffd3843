"""Codes as people type and paste them: docs/protocol.md, 2.1 to 2.3 and 2.5."""

import hashlib
from collections.abc import Callable

from code_words import CODE, HYPHENS, PIECES, WORDS, WRONG, near, wrong
from maker import Vectors

# For whoever counts UTF-16 units, in which the middle is two, it is further from any word.
ASTRAL = "zo\U0001d45cm"


def make() -> Vectors:
    assert len(WORDS) == len(set(WORDS)) == 7776
    assert all(piece in WORDS for piece in PIECES)
    v = Vectors("codes", "Seven words, typed and read back: docs/protocol.md, 2.1 to 2.3, 2.5")
    v.operation("word_list", {}, {"count": "integer", "sha256": "hex"})
    v.operation(
        "read_code",
        {"text": "text"},
        {"code": "text"},
        refused=WRONG,
    )
    v.operation("pieces", {"text": "text"}, {"pieces": "json"})
    v.operation("suggestions", {"typed": "text"}, {"words": "json"})
    v.operation("neighbours", {"word": "text"}, {"words": "json"})
    v.success(
        "word_list",
        "eff_large_word_list",
        "The words, each followed by a line feed, in list order.",
        {},
        {
            "count": len(WORDS),
            "sha256": hashlib.sha256("".join(f"{word}\n" for word in WORDS).encode()).digest(),
        },
    )
    typed_well(v)
    cleaned(v)
    in_a_sentence(v)
    misspelt(v)
    miscounted(v)
    in_pieces(v)
    near(v)
    return v


def typed_well(v: Vectors) -> None:
    for name, text, code, why in (
        ("canonical", CODE, CODE, "What is canonical stays as it is."),
        ("in_capitals", CODE.upper(), CODE, "A to Z become a to z."),
        ("in_title_case", CODE.title(), CODE, "Telephones begin sentences with a capital."),
        ("with_spaces", " ".join(PIECES), CODE, "Spaces separate words as hyphens do."),
        ("with_newlines", "\n".join(PIECES) + "\n", CODE, "One word a line."),
        ("with_windows_newlines", "\r\n".join(PIECES), CODE, "Carriage returns separate."),
        ("with_tabs", "\t".join(PIECES), CODE, "Tabs separate."),
        ("with_mixed_runs", " - ".join(PIECES), CODE, "A run of separators is one."),
        ("with_double_hyphens", "--".join(PIECES), CODE, "A run of separators is one."),
        ("with_separators_around", f" -\n{CODE}\t- ", CODE, "Empty pieces are dropped."),
        ("with_hyphenated_words", HYPHENS, HYPHENS, "Four words of the list have a hyphen."),
        ("hyphens_typed_as_spaces", HYPHENS.replace("-", " "), HYPHENS, "T shirt is t-shirt."),
        ("hyphens_in_capitals", HYPHENS.upper(), HYPHENS, "Case goes before joining."),
        ("hyphens_apart", HYPHENS.replace("-", " -  "), HYPHENS, "Only the pieces matter."),
        ("the_same_word_seven_times", " ".join(["zoom"] * 7), "-".join(["zoom"] * 7), "By chance."),
        ("yo_yo_seven_times", "yo yo " * 7, "-".join(["yo-yo"] * 7), "Fourteen pieces."),
        ("with_256_bytes", CODE + " " * (256 - len(CODE)), CODE, "The longest text."),
    ):
        v.success("read_code", f"code_{name}", why, {"text": text}, {"code": code})


def cleaned(v: Vectors) -> None:
    def each(write: Callable[[int, str], str], between: str = " ") -> str:
        return between.join(write(number, word) for number, word in enumerate(PIECES, 1))

    full_width = "".join(chr(ord(c) + 0xFEE0) for c in CODE)
    cases = [
        ("full_width", full_width, "An East Asian keyboard."),
        ("full_width_in_capitals", full_width.upper(), "Full width goes before capitals."),
        ("ideographic_space", "\u3000".join(PIECES), "An East Asian keyboard."),
        ("soft_hyphen", CODE.replace("zoom", "zo\u00adom"), "Nobody sees it."),
        ("zero_width_space", CODE.replace("-", "-\u200b"), "Where a line may break."),
        ("byte_order_mark", f"\ufeff{CODE}", "At the beginning of files."),
        ("marks_of_direction", f"\u2067\u200f{CODE}\u2069", "From a text written from the right."),
        ("word_joiners", CODE.replace("-", "\u2060-\u2060"), "Against breaking a line."),
        ("variation_selector", f"\u2714\ufe0f {CODE}", "Behind a picture."),
        ("tag_characters", f"{CODE}\U000e0067\U000e007f", "Of a flag."),
        ("letters_as_escapes", CODE.replace("z", "%7a").replace("k", "%4B"), "Of an address."),
        ("spaces_as_escapes", "%20".join(PIECES), "Of an address."),
        ("numbering", each(lambda n, word: f"{n}. {word}", "\n"), "A list."),
        ("numbering_in_brackets", each(lambda n, word: f"({n}) {word};"), "A list in a line."),
        ("numbering_bare", each(lambda n, word: f"{n} {word}", "\n"), "A copied table."),
        ("numbering_with_zeros", each(lambda n, word: f"{n:02}: {word}", "\n"), "A list."),
        ("numbering_in_keys", each(lambda n, word: f"{n}\ufe0f\u20e3 {word}"), "Pictures."),
        ("numbering_in_circles", each(lambda n, word: f"{chr(0x245F + n)}{word}"), "Signs."),
        ("numbering_full_width", each(lambda n, word: f"{chr(0xFF10 + n)}\uff0e{word}"), "Signs."),
        ("bullets", each(lambda n, word: f"\u2022 {word}", "\r\n"), "A list."),
        ("pictures", each(lambda n, word: f"\U0001f511{word}"), "Pictures part words."),
        ("quotes_around_each", each(lambda n, word: f"\u201e{word}\u201c,"), "German quotes."),
        ("quotes_around_all", f"\u00ab\u00a0{CODE}\u00a0\u00bb", "French quotes."),
        ("brackets_and_full_stop", f"({CODE}).", "In the middle of a text."),
        ("commas", ", ".join(PIECES), "A list in a line."),
        ("arabic_commas", "\u060c ".join(PIECES), "A list in a line."),
        ("underscores", "_".join(PIECES), "A name of a file."),
        ("apostrophes", "'".join(PIECES), "Signs part words."),
        ("code_marks", f"`{CODE}`", "Markdown."),
        (
            "controls_of_another_encoding",
            "\x96".join(PIECES),
            "A dash of Windows, read as Latin 1.",
        ),
    ]
    for sign, name in (
        ("\u00a0", "no_break_space"),
        ("\u2003", "em_space"),
        ("\u202f", "narrow_no_break_space"),
        ("\v", "vertical_tab"),
        ("\f", "form_feed"),
        ("\x85", "next_line"),
        ("\u2028", "line_separator"),
        ("\u2010", "unicode_hyphen"),
        ("\u2011", "non_breaking_hyphen"),
        (" \u2013 ", "en_dash"),
        ("\u2014", "em_dash"),
        ("\u2212", "minus"),
        ("\u00b7", "middle_dot"),
        ("\u2192", "arrow"),
    ):
        cases.append((name, sign.join(PIECES), "It parts words."))
    for name, text, why in cases:
        v.success("read_code", f"cleaned_{name}", why, {"text": text}, {"code": CODE})


def in_a_sentence(v: Vectors) -> None:
    spaced = " ".join(PIECES)
    for name, text, why in (
        ("label", f"Code: {CODE}", "The signs between the words are others."),
        ("label_and_spaces", f"Code: {spaced}", "The signs between the words are others."),
        ("label_without_colon", f"code {CODE}", "The signs between the words are others."),
        ("label_and_list", f"Code:\n{chr(10).join(PIECES)}", "White space is no sign."),
        ("before", f"the code is {spaced}", "Is isn't near to any word."),
        ("after", f"{spaced} is it", "Is isn't near to any word."),
        ("around", f"Hi! Your code: {CODE}. See you, Bo", "A message."),
        ("words_beside_it", f"The word: {spaced}. Thank him", "They are parted by other signs."),
        ("six_words_elsewhere", f"{' '.join(PIECES[1:])}? No: {CODE}", "Too few for a code."),
        ("over_a_line", f"the code: {CODE}".replace("-s", "-\r\ns"), "Broken by a mail."),
        ("with_an_address", f"Go to https://zoom.example/kiwi: {CODE}", "Addresses are left out."),
        ("numbered", f"Code: {' '.join(f'{n}. {w}' for n, w in enumerate(PIECES, 1))}",
         "Numbering is no part of it."),
        ("of_another_script", f"\u0627\u0644\u0631\u0645\u0632: {CODE}", "The code: in Arabic."),
    ):  # fmt: skip
        v.success("read_code", f"sentence_{name}", why, {"text": text}, {"code": CODE})
    slip = f"abacsu {' '.join(PIECES[1:])} thank"
    cases: list[tuple[str, str, str, tuple[tuple[int, str], ...]]] = [
        ("slip_and_another_word", slip, "Else the seven after the slip would be another code.",
         ((1, "abacsu"),)),
        ("slip_and_another_word_in_a_list", slip.replace(" ", ", "),
         "The comma stands between words of the code too.", ((1, "abacsu"),)),
        ("slip_and_another_word_numbered",
         " ".join(f"{n}. {w}" for n, w in enumerate(slip.split(), 1)),
         "Digits set nothing apart.", ((1, "abacsu"),)),
        ("word_and_slip", f"thank {' '.join(PIECES[:6])} marathom", "At the other end.",
         ((8, "marathom"),)),
        ("near_label", f"code {spaced}", "Code may be come, misspelt.", ((1, "code"),)),
        ("eight_in_a_run", f"the code: {CODE}-thank", "Nobody knows where the code ends.",
         ((1, "the"), (2, "code"))),
        ("code_twice", f"{CODE} or {CODE}", "Two places, even if they are equal.", ((8, "or"),)),
        ("mixed_signs", f"the code: {CODE.replace('-', ', ', 1)}", "One sign is another.",
         ((1, "the"), (2, "code"))),
        ("six_in_a_run", f"the code: {' '.join(PIECES[:6])}", "One is missing.",
         ((1, "the"), (2, "code"))),
        ("a_slip_inside", f"the code: {CODE.replace('silver', 'silvr')}", "All that is unknown.",
         ((1, "the"), (2, "code"), (6, "silvr"))),
    ]  # fmt: skip
    for name, text, why, found in cases:
        details = wrong(text, found[0][1].lower(), *found)
        v.refusal("read_code", f"sentence_{name}", why, {"text": text}, "code_word", details)
    link = f"https://a.example/#1.00000000.{CODE}"
    for name, text, why in (
        ("link", link, "A link is not a code: whose server it is for has to be seen."),
        ("fragment_alone", f"#1.00000000.{CODE}", "A link's end is none either."),
        ("link_with_escapes", link.replace("#", "%23"), "Cleaned it is one."),
        ("address_alone", "https://a.example/r", "No word of it is of interest."),
        ("address_and_six_words", f"https://a.example {' '.join(PIECES[:6])}", "No code in it."),
    ):
        v.refusal("read_code", f"sentence_{name}", why, {"text": text}, "link_form")


def misspelt(v: Vectors) -> None:
    def replaced(at: int, word: str) -> str:
        return "-".join([*PIECES[: at - 1], word, *PIECES[at:]])

    cases: list[tuple[str, str, int, str, str]] = [
        ("first_word", replaced(1, "abacsu"), 1, "abacsu", "A letter swap is one change."),
        ("fourth_word", replaced(4, "silvr"), 4, "silvr", "A letter is missing."),
        ("last_word", replaced(7, "marathom"), 7, "marathom", "A letter is wrong."),
        ("in_capitals", replaced(3, "KiwY"), 3, "KiwY", "The word is told as it was typed."),
        ("all_in_capitals", replaced(2, "ZOOMM"), 2, "ZOOMM", "Compared in lower case."),
        ("full_width", replaced(2, "\uff3a\uff4f\uff4d"), 2, "\uff3a\uff4f\uff4d", "As typed."),
        ("invisible_inside", replaced(2, "zo\u200bmm"), 2, "zo\u200bmm", "As typed."),
        ("invisible_beside", replaced(2, "\u200bzomm\u200b"), 2, "zomm", "What is seen of it."),
        ("a_word_of_another_list", replaced(2, "zoo"), 2, "zoo", "It isn't in the list."),
        ("a_digit", replaced(5, "ladd3r"), 5, "ladd3r", "Digits are no letters."),
        ("a_number", replaced(5, "7"), 5, "7", "A number is no word, and no numbering here."),
        ("plural", replaced(6, "finches"), 6, "finches", "Not the word itself."),
        ("far_from_everything", replaced(2, "q"), 2, "q", "Nothing is suggested."),
        ("nothing_near", replaced(2, "zzzzzz"), 2, "zzzzzz", "Nothing is suggested."),
        ("with_six_words", "abacus zom kiwi silver ladder finch", 2, "zom", "Before the count."),
        ("with_eight_words", f"{CODE}-abacsu", 8, "abacsu", "Before the count."),
        ("alone", "abacsu", 1, "abacsu", "Before the count."),
        ("half_of_a_hyphenated_word", replaced(2, "felt"), 2, "felt", "Felt is not felt-tip."),
        ("half_of_a_hyphenated_word_at_the_end", replaced(7, "yo"), 7, "yo", "Nothing follows."),
        ("hyphenated_word_as_one", replaced(3, "tshirt"), 3, "tshirt", "The hyphen separates."),
        ("after_hyphenated_words", "t shirt yo yo zom", 3, "zom", "Words count, not pieces."),
        ("two_words_run_together", "abacuszoom-kiwi", 1, "abacuszoom", "Nothing is split up."),
        ("kelvin_sign", replaced(3, "\u212aiwi"), 3, "\u212aiwi", "Its lower case is k."),
        ("dotless_i", replaced(3, "k\u0131wi"), 3, "k\u0131wi", "Its upper case is I."),
        ("dotted_capital_i", replaced(3, "k\u0130wi"), 3, "k\u0130wi", "Turkish."),
        ("long_s", replaced(4, "\u017filver"), 4, "\u017filver", "Its upper case is S."),
        ("ligature", replaced(6, "\ufb01nch"), 6, "\ufb01nch", "Fi, if compatibility was applied."),
        ("cyrillic_letter", replaced(2, "z\u043eom"), 2, "z\u043eom", "Looks like an o."),
        ("combining_mark", replaced(2, "zoo\u0301m"), 2, "zoo\u0301m", "Not stripped."),
        ("zero_byte", replaced(2, "zoom\0"), 2, "zoom\0", "No end of the text."),
        ("unit_separator", "abacus\x1fzoom", 1, "abacus\x1fzoom", "White space to Python's split."),
        ("outside_the_basic_plane", replaced(2, ASTRAL), 2, ASTRAL, "Distance counts code points."),
    ]  # fmt: skip
    for name, text, position, word, why in cases:
        cleaned = "".join(chr(ord(c) - 0xFEE0) if 0xFF01 <= ord(c) <= 0xFF5E else c for c in word)
        lowered = "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in cleaned)
        details = wrong(text, lowered.replace("\u200b", ""), (position, word))
        v.refusal("read_code", f"misspelt_{name}", why, {"text": text}, "code_word", details)
    several = "abacus zom kiwi \U0001d45c silver \u200blader finch"
    for name, text, found, why in (
        ("two_words", "abacus zom kiwi silver lader finch marathon", ((2, "zom"), (5, "lader")),
         "All of them are told."),
        ("every_word", " ".join(f"x{word}x" for word in PIECES),
         tuple((at, f"x{word}x") for at, word in enumerate(PIECES, 1)), "All of them are told."),
        ("the_same_twice", "zom zom", ((1, "zom"), (2, "zom")), "Each has its place."),
        ("places_count_code_points", several, ((2, "zom"), (4, "\U0001d45c"), (6, "lader")),
         "Not bytes, nor UTF-16 units; and what is left out counts."),
        ("plural_of_a_hyphenated_word", replaced(3, "t-shirts"), ((3, "t"), (4, "shirts")),
         "Two pieces."),
    ):  # fmt: skip
        details = wrong(text, found[0][1], *found)
        v.refusal("read_code", f"misspelt_{name}", why, {"text": text}, "code_word", details)


def miscounted(v: Vectors) -> None:
    for name, text, why in (
        ("no_words", "", "Nothing."),
        ("only_separators", " -\t\r\n- ", "Empty pieces are dropped."),
        ("one_word", "abacus", "Six are missing."),
        ("six_words", "-".join(PIECES[:6]), "One is missing."),
        ("eight_words", f"{CODE}-abacus", "One is too many; nothing is cut off."),
        ("code_twice", f"{CODE} {CODE}", "Pasted twice."),
        ("seven_pieces_six_words", "t shirt kiwi silver ladder finch zoom", "T-shirt is one."),
        ("fourteen_words", "-".join(["zoom"] * 14), "Twice too many."),
        ("257_bytes", CODE + " " * (257 - len(CODE)), "A text too long is not looked into."),
        ("257_bytes_misspelt", f"abacsu {'a' * 250}", "A text too long is not looked into."),
        ("257_bytes_in_fewer_characters", "\u20ac" * 85 + "aa", "Bytes count, not characters."),
        ("a_long_paste", "a" * 50_000, "A text too long is not looked into."),
    ):
        v.refusal("read_code", f"miscounted_{name}", why, {"text": text}, "code_length")


def in_pieces(v: Vectors) -> None:
    """What a counter counts, and where it stands; the list of words isn't needed for it."""
    for name, text, expected, why in (
        ("nothing", " -\u2014\u200b. ", [], "Only what parts words, or isn't seen."),
        ("words", "Abacus  zoom", [["abacus", 0, 6], ["zoom", 8, 12]], "The end is excluded."),
        ("unknown", "q zom", [["q", 0, 1], ["zom", 2, 5]], "Not only words."),
        ("hyphenated", "T \u2013 shirt yo yo yo", [["t-shirt", 0, 9], ["yo-yo", 10, 15],
         ["yo", 16, 18]], "One word, from the first letter to the last."),
        ("hyphenated_across_numbering", "1 yo 2 yo", [["yo", 2, 4], ["yo", 7, 9]], "Two words."),
        ("invisible", "\u200bzo\u00adom\u200b", [["zoom", 1, 6]], "Part of what is around it."),
        ("escaped", "%7Aoom%20%6Biwi", [["zoom", 0, 6], ["kiwi", 9, 15]], "Three signs for one."),
        ("escaped_twice", "zoom%252Dkiwi", [["zoom", 0, 4], ["2dkiwi", 7, 13]], "Undone once."),
        ("no_escape", "zoom%7fkiwi", [["zoom", 0, 4], ["7fkiwi", 5, 11]], "A control character."),
        ("pictures", "\U0001f511zoom\U0001f511", [["zoom", 1, 5]], "A picture is one code point."),
        ("outside_the_basic_plane", "\U0001d45c zoom", [["\U0001d45c", 0, 1], ["zoom", 2, 6]],
         "Code points count."),
        ("numbering_restarts", "1 zoom 1 kiwi 2 kiwi", [["zoom", 2, 6], ["kiwi", 9, 13],
         ["kiwi", 16, 20]], "One always begins it."),
        ("numbering_from_2", "2 zoom 3 kiwi", [["2", 0, 1], ["zoom", 2, 6], ["3", 7, 8],
         ["kiwi", 9, 13]], "Only one begins it."),
        ("numbering_skips", "1 zoom 3 kiwi", [["zoom", 2, 6], ["3", 7, 8], ["kiwi", 9, 13]],
         "The next number only."),
        ("numbering_of_two_words", "1 zoom kiwi 2 zoom", [["zoom", 2, 6], ["kiwi", 7, 11],
         ["2", 12, 13], ["zoom", 14, 18]], "One word between."),
        ("numbering_of_no_word", "1 2 zoom", [["2", 2, 3], ["zoom", 4, 8]], "One word between."),
        ("number_of_three_digits", "001 zoom", [["001", 0, 3], ["zoom", 4, 8]], "Two at most."),
        ("number_of_another_script", "\u0661 zoom", [["\u0661", 0, 1], ["zoom", 2, 6]], "ASCII."),
    ):  # fmt: skip
        v.success("pieces", f"pieces_{name}", why, {"text": text}, {"pieces": expected})
