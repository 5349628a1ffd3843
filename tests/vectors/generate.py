"""Write the protocol's test vectors: `generate.py [folder]`, by default beside itself.

The same bytes every time. The layout is described in README.md.
"""

import sys
from pathlib import Path

import account_box_cases
import account_chain_cases
import account_json_cases
import account_link_cases
import account_recovery_cases
import account_sign_in_cases
import account_signature_cases
import attachment_cases
import book_cases
import charter_cases
import cleaning_cases
import code_cases
import conversation_history_cases
import conversation_invitation_cases
import conversation_judge_cases
import conversation_message_cases
import conversation_record_cases
import encoding_cases
import envelope_cases
import file_info_cases
import file_layout_cases
import file_message_cases
import file_segment_cases
import key_cases
import keyring_cases
import link_cases
import name_cases
import primitive_cases
import profile_cases
import quote_cases
import seat_cases
import session_cases
import swap_cases
import together_cases

FILES = (
    encoding_cases.make,
    code_cases.make,
    link_cases.make,
    key_cases.make_keys,
    key_cases.make_config,
    seat_cases.make,
    charter_cases.make,
    profile_cases.make,
    name_cases.make,
    envelope_cases.make,
    quote_cases.make,
    swap_cases.make,
    session_cases.make,
    attachment_cases.make,
    book_cases.make,
    primitive_cases.make,
    keyring_cases.make,
    account_signature_cases.make,
    account_json_cases.make,
    account_sign_in_cases.make,
    account_chain_cases.make,
    account_box_cases.make,
    account_recovery_cases.make,
    account_link_cases.make,
    conversation_record_cases.make,
    conversation_judge_cases.make,
    conversation_message_cases.make,
    conversation_invitation_cases.make,
    conversation_history_cases.make,
    file_layout_cases.make,
    file_segment_cases.make,
    file_info_cases.make,
    file_message_cases.make,
    together_cases.make,
    cleaning_cases.make,
)


def main(folder: Path) -> None:
    for make in FILES:
        vectors = make()
        path = folder / f"{vectors.name}.json"
        path.write_text(vectors.text(), encoding="ascii", newline="\n")
        refusals = sum(case["expect"] == "refusal" for case in vectors.cases)
        print(f"{path.name}: {len(vectors.cases)} cases, {refusals} of them refusals")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
