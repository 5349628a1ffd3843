"""Links that carry a code: docs/protocol.md, 2.4 and 4.3."""

import hashlib
from typing import Any

from code_words import CODE, HYPHENS, PIECES, WRONG, wrong
from maker import Vectors, drawn

SALT = drawn("links/salt", 32)


def make() -> Vectors:
    v = Vectors("links", "Links that carry a code: docs/protocol.md, 2.4 and 4.3")
    takes = {"suite": "integer", "salt": "hex"}
    v.operation("make_link", {"page": "text", **takes, "code": "text"}, {"link": "text"})
    v.operation(
        "read_link",
        {"text": "text", **takes},
        {"code": "text"},
        refused=WRONG,
    )
    back = {"page": "text", **takes, "code": "text", "seat_secret": "hex"}
    v.operation("make_return_link", back, {"link": "text"})
    v.operation(
        "read_return_link",
        {"text": "text", **takes},
        {"code": "text", "seat_secret": "hex"},
        refused=WRONG,
    )
    v.operation("is_link", {"text": "text"}, {"link": "json"})
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
    fragment = f"#1.{tag}.{CODE}"
    escaped = link.replace("#", "%23").replace(".", "%2E").replace("-", "%2D")
    for name, text, why in (
        ("fragment_alone", fragment, "What location.hash holds."),
        ("other_page", f"http://other.example/x?y=1{fragment}", "The page is not compared."),
        ("in_capitals", link.upper(), "As a QR code may hold it."),
        ("full_width", "".join(chr(ord(c) + 0xFEE0) for c in link), "As codes are cleaned."),
        ("escaped", escaped, "By software that builds addresses."),
        ("escaped_in_small_letters", escaped.lower(), "By other software that does."),
        ("in_a_query", f"https://go.example/?u={escaped}&h=1", "Followed over another page."),
        ("spaces_as_escapes", f"{page}#1.{tag}.{'%20'.join(PIECES)}", "Written by hand."),
        ("double_hyphen", f"{page}#1.{tag}.{CODE.replace('-', '--', 1)}", "Empty pieces."),
        ("hyphens_around", f"{page}#1.{tag}.-{CODE}-", "Empty pieces."),
        ("non_breaking_hyphens", link.replace("-", "\u2011"), "As codes are cleaned."),
        ("zero_width_spaces", link.replace("-", "-\u200b"), "Where a line may break."),
        ("in_a_text", f"Bo: {link} see you", "White space ends it."),
        ("on_a_line", f"Hi!\n{link}\nBo", "White space ends it."),
        ("in_angle_brackets", f"<{link}>", "As mail programs write it."),
        ("in_brackets", f"({link})", "In the middle of a text."),
        ("in_quotes", f"\u201c{link}\u201d", "In the middle of a text."),
        ("in_markdown", f"[{link}]({link})", "The same link twice is one."),
        ("twice_in_other_letters", f"{link} <{link.upper()}>", "Compared when cleaned."),
        ("trailing_newline", f"{link}\n", "White space ends it."),
        ("trailing_space", f"{link} ", "White space ends it."),
        ("trailing_full_stop", f"{link}.", "The end of a sentence."),
        ("full_stop_and_sentence", f"{link}. See you", "The end of a sentence."),
        ("ellipsis", f"{link}...", "No further field."),
        ("trailing_comma", f"{link},zoom", "No word of the code follows a comma."),
        ("tracking", f"{link}?utm_source=x", "Added on the way."),
        ("tracking_of_another_kind", f"{link}&fbclid=x", "Added on the way."),
        ("text_fragment", f"{link}:~:text=zoom-kiwi", "Added on the way."),
        ("second_fragment", f"{link}#x", "Added on the way."),
        ("fragment_before_the_fragment", f"{page}#x{fragment}", "No link begins at the first."),
        ("with_2048_bytes", f"{link}{' ' * (2048 - len(link))}", "The longest text."),
    ):
        v.success("read_link", f"read_link_{name}", why, {"text": text, **ours}, {"code": CODE})
    for name, text, is_one, why in (
        ("whole", link, True, "A link."),
        ("incomplete", f"{page}#", True, "Who reads it says so."),
        ("escaped", escaped, True, "Cleaned it has a #."),
        ("full_width", f"{page}\uff031", True, "Cleaned it has a #."),
        ("address_alone", page, False, "There may be a code beside it."),
        ("code", CODE, False, "No link."),
        ("with_2049_bytes", f"{link}{' ' * (2049 - len(link))}", False, "Not looked into."),
    ):
        v.success("is_link", f"is_link_{name}", why, {"text": text}, {"link": is_one})
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
        ("tag_of_seven_digits", f"1.{tag[:7]}.{CODE}", "Eight digits."),
        ("tag_of_nine_digits", f"1.{tag}0.{CODE}", "Eight digits."),
        ("tag_not_hexadecimal", f"1.{tag[:7]}g.{CODE}", "Hexadecimal digits."),
        ("tag_missing", f"1.{CODE}", "The second field is missing."),
        ("code_missing", f"1.{tag}", "The third field is missing."),
        ("code_empty", f"1.{tag}.", "The third field is empty."),
        ("code_with_kelvin_sign", f"1.{tag}.{CODE.replace('k', chr(0x212A))}", "Not ASCII."),
        ("fourth_field", f"1.{tag}.{CODE}.x", "Three fields; a later version may have more."),
        ("code_then_digit", f"1.{tag}.{CODE}7", "A word doesn't end there."),
        ("code_then_letter", f"1.{tag}.{CODE}\u00e9", "A word doesn't end there."),
        ("code_of_hyphens", f"1.{tag}.---", "No word."),
        ("code_then_space", f"1.{tag}. {CODE}", "White space ends it."),
        ("hash_as_escape_twice", f"1.{tag}.%252D{CODE}", "Undone once."),
    ):
        text = page if fragment is None else f"{page}#{fragment}"
        given = {"text": text, **ours}
        v.refusal("read_link", f"read_link_{name}", why, given, "link_form")
    for name, text, why in (
        ("two_links", f"{link} {page}#1.{tag}.{HYPHENS}", "Nobody knows which."),
        ("two_links_of_two_servers", f"{link} {page}#1.{other_tag}.{CODE}", "Nobody knows which."),
        ("shortened_and_whole", f"{link[:-12]}\u2026 {link}", "A different one, for all we know."),
        ("2049_bytes", f"{link}{' ' * (2049 - len(link))}", "A text too long is not looked into."),
    ):
        v.refusal("read_link", f"read_link_{name}", why, {"text": text, **ours}, "link_form")
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
        ("code_with_spaces", f"1.{tag}.{' '.join(PIECES)}", "code_length", "White space ends it."),
        ("code_with_plus", f"1.{tag}.{'+'.join(PIECES)}", "code_length", "Not form-decoded."),
    ):
        given = {"text": f"{page}#{fragment}", **ours}
        v.refusal("read_link", f"read_link_{name}", why, given, code)
    v.refusal(
        "read_link",
        "read_link_word_cut_short",
        "A link cut within a word.",
        {"text": link[:-2], **ours},
        "code_word",
        wrong(link[:-2], "marath", (7, "marath")),
    )
    text = (
        f"\U0001f511 {page}#1.{tag}.{CODE.replace('zoom', 'zom').replace('marathon', 'maraton')}!"
    )
    v.refusal(
        "read_link",
        "read_link_misspelt",
        "Places are those in the whole text. Beside a link's words there is no sentence.",
        {"text": text, **ours},
        "code_word",
        wrong(text, "zom", (2, "zom"), (7, "maraton")),
    )
    _return_links(v, link, ours)
    return v


def _return_links(v: Vectors, link: str, ours: dict[str, Any]) -> None:
    """Links with the secret of a seat behind the code."""
    secret, other = drawn("links/seat", 16), drawn("links/other seat", 16)
    back = f"{link}.{secret.hex()}"
    page = link.partition("#")[0]
    made = {"page": page, **ours, "code": CODE, "seat_secret": secret}
    v.success("make_return_link", "make_return_link", "As it is made.", made, {"link": back})
    for name, text, why in (
        ("whole", back, "As it is made."),
        ("in_capitals", back.upper(), "As a QR code may hold it."),
        ("in_a_text", f"Bo: <{back}>, later", "In the middle of a text."),
        ("trailing_full_stop", f"{back}.", "The end of a sentence."),
        ("tracking", f"{back}&fbclid=x", "Added on the way."),
    ):
        out = {"code": CODE, "seat_secret": secret}
        given = {"text": text, **ours}
        v.success("read_return_link", f"read_return_link_{name}", why, given, out)
    for name, text, why in (
        ("without_seat", link, "It leads to the room, and to no seat."),
        ("seat_of_30_digits", back[:-2], "A secret has 16 bytes."),
        ("seat_of_34_digits", f"{back}00", "A secret has 16 bytes."),
        ("seat_of_other_letters", f"{back[:-1]}g", "Hexadecimal digits."),
        ("fifth_field", f"{back}.0", "A later version may have more."),
        ("two_seats", f"{back} {link}.{other.hex()}", "Nobody knows which."),
        ("beside_the_room", f"{back} {link}", "Nobody knows which."),
    ):
        given = {"text": text, **ours}
        v.refusal("read_return_link", f"read_return_link_{name}", why, given, "link_form")
    v.refusal(
        "read_link",
        "read_link_that_returns",
        "It is another's seat, perhaps: nobody joins by it.",
        {"text": back, **ours},
        "link_form",
    )
