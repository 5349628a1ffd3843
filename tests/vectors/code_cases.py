"""Codes as people type them, and links: docs/protocol.md, section 2."""

import hashlib
from pathlib import Path

from maker import Vectors, drawn

LIST = Path(__file__).resolve().parents[2] / "ephemeral" / "protocol" / "words.txt"
WORDS = LIST.read_text(encoding="ascii").split()

CODE = "abacus-zoom-kiwi-silver-ladder-finch-marathon"
PIECES = CODE.split("-")
HYPHENS = "drop-down-felt-tip-t-shirt-yo-yo-abacus-zoom-kiwi"
SALT = drawn("links/salt", 32)


def distance(a: str, b: str) -> int:
    """Levenshtein, by the whole matrix."""
    grid = [[i + j if i * j == 0 else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            grid[i][j] = min(
                grid[i - 1][j] + 1,
                grid[i][j - 1] + 1,
                grid[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
            )
    return grid[-1][-1]


def nearest(word: str) -> str:
    """The word of the list that is nearest to one already in lower case, the first among equals.

    A letter that only one of two words has costs a change. Where that alone is not nearer than what
    was found, the matrix is not worth its while.
    """
    assert word not in WORDS
    found, least = WORDS[0], distance(word, WORDS[0])
    for other in WORDS[1:]:
        if max(len(set(word) - set(other)), len(set(other) - set(word))) < least:
            apart = distance(word, other)
            if apart < least:
                found, least = other, apart
    return found


def make_codes() -> Vectors:
    assert len(WORDS) == len(set(WORDS)) == 7776
    assert all(piece in WORDS for piece in PIECES)
    v = Vectors("codes", "Seven words, typed and read back: docs/protocol.md, 2.1 to 2.3")
    v.operation("word_list", {}, {"count": "integer", "sha256": "hex"})
    v.operation(
        "read_code",
        {"text": "text"},
        {"code": "text"},
        # With `code_word` only.
        refused={"position": "integer", "word": "text", "nearest": "text"},
    )
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
    misspelt(v)
    miscounted(v)
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


def misspelt(v: Vectors) -> None:
    def replaced(at: int, word: str) -> str:
        return "-".join([*PIECES[: at - 1], word, *PIECES[at:]])

    cases: list[tuple[str, str, int, str, str]] = [
        ("first_word", replaced(1, "abacsu"), 1, "abacsu", "A letter swap is two changes."),
        ("fourth_word", replaced(4, "silvr"), 4, "silvr", "A letter is missing."),
        ("last_word", replaced(7, "marathom"), 7, "marathom", "A letter is wrong."),
        ("two_words", "abacus zom kiwi silver lader finch marathon", 2, "zom", "The first counts."),
        ("in_capitals", replaced(3, "KiwY"), 3, "KiwY", "The word is told as it was typed."),
        ("all_in_capitals", replaced(2, "ZOOMM"), 2, "ZOOMM", "Nearest in lower case."),
        ("a_word_of_another_list", replaced(2, "zoo"), 2, "zoo", "It isn't in the list."),
        ("a_digit", replaced(5, "ladd3r"), 5, "ladd3r", "Digits are no letters."),
        ("a_number", replaced(5, "7"), 5, "7", "A number is no word."),
        ("plural", replaced(6, "finches"), 6, "finches", "Not the word itself."),
        ("far_from_everything", replaced(2, "q"), 2, "q", "There is always a nearest."),
        ("many_equally_near", replaced(2, "zzzzzz"), 2, "zzzzzz", "The first in list order."),
        ("with_six_words", "abacus zom kiwi silver ladder finch", 2, "zom", "Before the count."),
        ("with_eight_words", f"{CODE} abacsu", 8, "abacsu", "Before the count."),
        ("alone", "abacsu", 1, "abacsu", "Before the count."),
        ("half_of_a_hyphenated_word", replaced(2, "felt"), 2, "felt", "Felt is not felt-tip."),
        ("half_of_a_hyphenated_word_at_the_end", replaced(7, "yo"), 7, "yo", "Nothing follows."),
        ("plural_of_a_hyphenated_word", replaced(3, "t-shirts"), 3, "t", "Its first piece."),
        ("hyphenated_word_as_one", replaced(3, "tshirt"), 3, "tshirt", "The hyphen separates."),
        ("after_hyphenated_words", "t shirt yo yo zom", 3, "zom", "Words count, not pieces."),
        ("two_words_run_together", "abacuszoom-kiwi", 1, "abacuszoom", "Nothing is split up."),
        ("kelvin_sign", replaced(3, "\u212aiwi"), 3, "\u212aiwi", "Its lower case is k."),
        ("dotless_i", replaced(3, "k\u0131wi"), 3, "k\u0131wi", "Its upper case is I."),
        ("dotted_capital_i", replaced(3, "k\u0130wi"), 3, "k\u0130wi", "Turkish."),
        ("long_s", replaced(4, "\u017filver"), 4, "\u017filver", "Its upper case is S."),
        ("ligature", replaced(6, "\ufb01nch"), 6, "\ufb01nch", "Fi, if compatibility was applied."),
        ("fullwidth_letters", replaced(2, "\uff5aoom"), 2, "\uff5aoom", "Not normalised."),
        ("cyrillic_letter", replaced(2, "z\u043eom"), 2, "z\u043eom", "Looks like an o."),
        ("combining_mark", replaced(2, "zoo\u0301m"), 2, "zoo\u0301m", "Not stripped."),
        ("soft_hyphen", replaced(2, "zo\u00adom"), 2, "zo\u00adom", "Invisible, not dropped."),
        ("zero_width_space", replaced(2, "\u200bzoom"), 2, "\u200bzoom", "Invisible, not dropped."),
        ("byte_order_mark", f"\ufeff{CODE}", 1, "\ufeffabacus", "Trimmed by JavaScript's trim."),
        ("zero_byte", replaced(2, "zoom\0"), 2, "zoom\0", "No end of the text."),
        ("no_break_space", "abacus\u00a0zoom", 1, "abacus\u00a0zoom", "No separator here."),
        ("em_space", "abacus\u2003zoom", 1, "abacus\u2003zoom", "No separator here."),
        ("vertical_tab", "abacus\vzoom", 1, "abacus\vzoom", "No separator here."),
        ("form_feed", "abacus\fzoom", 1, "abacus\fzoom", "No separator here."),
        ("unit_separator", "abacus\x1fzoom", 1, "abacus\x1fzoom", "White space to Python's split."),
        ("next_line", "abacus\x85zoom", 1, "abacus\x85zoom", "White space to Python's split."),
        ("line_separator", "abacus\u2028zoom", 1, "abacus\u2028zoom", "No separator here."),
        ("unicode_hyphen", "abacus\u2010zoom", 1, "abacus\u2010zoom", "Another character."),
        ("en_dash", "abacus \u2013 zoom", 2, "\u2013", "Telephones make them of hyphens."),
        ("underscore", "abacus_zoom", 1, "abacus_zoom", "No separator here."),
        ("comma", "abacus, zoom", 1, "abacus,", "No separator here."),
        ("quotation_marks", f'"{CODE}"', 1, '"abacus', "No quotation."),
        ("link", f"https://a.example/#1.00000000.{CODE}", 1, "https://a.example/#1.00000000.abacus",
         "A link is not a code."),
        ("outside_the_basic_plane", replaced(2, ASTRAL), 2, ASTRAL, "Distance counts code points."),
    ]  # fmt: skip
    for name, text, position, word, why in cases:
        lowered = "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in word)
        details = {"position": position, "word": word, "nearest": nearest(lowered)}
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


# Nearest is `aim`; for whoever counts UTF-16 units, in which the middle is two, it is `zoom`.
ASTRAL = "z\U0001f600m"


def make_links() -> Vectors:
    v = Vectors("links", "Links that carry a code: docs/protocol.md, 2.4")
    takes = {"suite": "integer", "salt": "hex"}
    v.operation("make_link", {"page": "text", **takes, "code": "text"}, {"link": "text"})
    v.operation(
        "read_link",
        {"text": "text", **takes},
        {"code": "text"},
        refused={"position": "integer", "word": "text", "nearest": "text"},
    )
    page = "https://rooms.example/r"
    tag = hashlib.sha256(SALT).hexdigest()[:8]
    link = f"{page}#1.{tag}.{CODE}"
    ours = {"suite": 1, "salt": SALT}
    for name, text, given, code, why in (
        ("suite_1", link, ours, CODE, "As it is made."),
        ("suite_2", f"{page}#2.{tag}.{CODE}", ours | {"suite": 2}, CODE, "The other suite."),
        ("hyphens", f"{page}#1.{tag}.{HYPHENS}", ours, HYPHENS, "Hyphenated words are words."),
    ):
        made = {"page": page, **given, "code": code}
        v.success("make_link", f"make_link_{name}", why, made, {"link": text})
        v.success("read_link", f"read_link_{name}", why, {"text": text, **given}, {"code": code})
    other_salt = drawn("links/other salt", 32)
    other_tag = hashlib.sha256(other_salt).hexdigest()[:8]
    for name, text, why in (
        ("fragment_alone", f"#1.{tag}.{CODE}", "What location.hash holds."),
        ("other_page", f"http://other.example/x?y=1#1.{tag}.{CODE}", "The page is not compared."),
    ):
        v.success("read_link", f"read_link_{name}", why, {"text": text, **ours}, {"code": CODE})
    wrong_tag = f"{tag[:7]}{'0' if tag[7] != '0' else '1'}"
    for name, fragment, why in (
        ("no_fragment", None, "An address without a fragment is no link."),
        ("empty_fragment", "", "Nothing."),
        ("code_alone", CODE, "Suite and tag are missing."),
        ("suite_missing", f"{tag}.{CODE}", "The first field is missing."),
        ("suite_empty", f".{tag}.{CODE}", "The first field is empty."),
        ("suite_zero", f"0.{tag}.{CODE}", "Suites begin with 1."),
        ("suite_leading_zero", f"01.{tag}.{CODE}", "Numbers have no leading zero."),
        ("suite_with_plus", f"+1.{tag}.{CODE}", "Numbers have no sign."),
        ("suite_with_space", f" 1.{tag}.{CODE}", "Nothing is trimmed."),
        ("suite_of_four_digits", f"1000.{tag}.{CODE}", "A suite is one byte in a charter."),
        ("suite_arabic_digit", f"\u0661.{tag}.{CODE}", "Digits are ASCII."),
        ("suite_fraction", f"1.0.{tag}.{CODE}", "One field too many."),
        ("tag_in_capitals", f"1.{tag.upper()}.{CODE}", "Lower case only."),
        ("tag_of_seven_digits", f"1.{tag[:7]}.{CODE}", "Eight digits."),
        ("tag_of_nine_digits", f"1.{tag}0.{CODE}", "Eight digits."),
        ("tag_not_hexadecimal", f"1.{tag[:7]}g.{CODE}", "Hexadecimal digits."),
        ("tag_missing", f"1.{CODE}", "The second field is missing."),
        ("code_missing", f"1.{tag}", "The third field is missing."),
        ("code_empty", f"1.{tag}.", "The third field is empty."),
        ("code_in_capitals", f"1.{tag}.{CODE.upper()}", "A link is not typed."),
        ("code_with_spaces", f"1.{tag}.{' '.join(PIECES)}", "A link is not typed."),
        ("code_with_percent", f"1.{tag}.{'%2d'.join(PIECES)}", "Nothing is percent-decoded."),
        ("code_with_plus", f"1.{tag}.{'+'.join(PIECES)}", "Nothing is form-decoded."),
        ("code_with_double_hyphen", f"1.{tag}.{CODE.replace('-', '--', 1)}", "Not canonical."),
        ("code_with_leading_hyphen", f"1.{tag}.-{CODE}", "Not canonical."),
        ("code_with_trailing_hyphen", f"1.{tag}.{CODE}-", "Not canonical."),
        ("code_with_kelvin_sign", f"1.{tag}.{CODE.replace('k', chr(0x212A))}", "Not ASCII."),
        ("trailing_newline", f"1.{tag}.{CODE}\n", "Nothing is trimmed."),
        ("trailing_space", f"1.{tag}.{CODE} ", "Nothing is trimmed."),
        ("trailing_full_stop", f"1.{tag}.{CODE}.", "The end of a sentence is not in a link."),
        ("fourth_field", f"1.{tag}.{CODE}.x", "Three fields."),
        ("query_in_the_fragment", f"1.{tag}.{CODE}?utm=1", "Nothing follows the code."),
        ("second_fragment", f"1.{tag}.{CODE}#x", "Nothing follows the code."),
        ("fragment_before_the_fragment", f"x#1.{tag}.{CODE}", "The first # counts."),
    ):
        text = page if fragment is None else f"{page}#{fragment}"
        given = {"text": text, **ours}
        v.refusal("read_link", f"read_link_{name}", why, given, "link_form")
    v.refusal(
        "read_link",
        "read_link_escaped_hash",
        "Nothing is percent-decoded.",
        {"text": link.replace("#", "%23"), **ours},
        "link_form",
    )
    for name, fragment, code, why in (
        ("other_suite", f"2.{tag}.{CODE}", "link_suite", "The server's suite is 1."),
        ("unknown_suite", f"3.{tag}.{CODE}", "link_suite", "The server's suite is 1."),
        ("suite_255", f"255.{tag}.{CODE}", "link_suite", "The server's suite is 1."),
        ("suite_11", f"11.{tag}.{CODE}", "link_suite", "A suite is not compared by its start."),
        ("other_salt", f"1.{other_tag}.{CODE}", "link_salt", "Another server's link."),
        ("tag_with_wrong_last_digit", f"1.{wrong_tag}.{CODE}", "link_salt", "All of it counts."),
        ("suite_and_salt", f"2.{other_tag}.{CODE}", "link_suite", "The suite is checked first."),
        ("salt_and_word", f"1.{other_tag}.abacsu", "link_salt", "The salt goes before the code."),
        ("six_words", f"1.{tag}.{'-'.join(PIECES[:6])}", "code_length", "A link cut short."),
        ("eight_words", f"1.{tag}.{CODE}-zoom", "code_length", "Nothing is cut off."),
    ):
        given = {"text": f"{page}#{fragment}", **ours}
        v.refusal("read_link", f"read_link_{name}", why, given, code)
    v.refusal(
        "read_link",
        "read_link_word_cut_short",
        "A link cut within a word.",
        {"text": link[:-2], **ours},
        "code_word",
        {"position": 7, "word": "marath", "nearest": nearest("marath")},
    )
    return v
