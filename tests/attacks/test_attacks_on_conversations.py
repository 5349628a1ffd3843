"""Which test holds which attack on conversations: a table that names nothing that isn't there.

An attack stands at the lowest floor where it can succeed: a vector (`judge:name`, `messages:name`,
`records:name` of tests/vectors/conversations_*.json, in all languages), a property, the service on
a real database, or a client whose server lies. What any order of honest acts and faults brings is
tests/client/conversations/test_conversation_histories.py.
"""

import json
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

_JUDGED = "conversations/service/test_conversation_epochs.py"
_LOG = "conversations/service/test_conversation_log.py"
_TAIL = "conversations/service/test_conversation_tail.py"
_PEOPLE = "conversations/service/test_conversation_people.py"
_HTTP = "conversations/api/test_conversations_over_http.py"
_WHO = "conversations/service/test_who_listens.py"
_HUB = "conversations/service/test_conversation_hub.py"
_HOSTS = "attacks/test_two_hosts_conversations.py"
_ANY = "protocol/test_any_conversation.py"
_LIAR = "client/conversations/test_distrusting.py"
_OWN = "client/conversations/test_own_devices.py"
_DYING = "client/conversations/test_dying.py"
_BACK = "client/conversations/test_going_back.py"

ATTACKS: dict[str, list[str]] = {
    # The server, or somebody in league with it.
    "a ghost device in a record": [
        "judge:bad_listedghost", "judge:bad_listedtwice", "judge:bad_listedremoved",
        "judge:first_bad_devices", "judge:bad_author_stranger",
        f"{_JUDGED}::test_a_record_that_the_judge_refuses_is_refused_by_its_code",
    ],
    "a ghost device in a chain": [
        "protocol/test_any_chain.py::test_a_statement_with_any_bit_changed_is_refused",
        "client/test_account_distrust.py::test_a_server_that_shows_another_list_is_not_believed",
        f"{_LIAR}::test_a_shorter_chain_than_was_read_is_not_followed",
    ],
    "a ghost device in the server's answer": [
        f"{_LIAR}::test_a_device_that_nobody_has_added_gets_nothing",
    ],
    "a chain that is another one for each of two contacts": [
        "judge:bad_point_fork", "judge:bad_point_head", "judge:first_bad_head",
        f"{_LIAR}::test_a_shorter_chain_than_was_read_is_not_followed",
    ],
    "a chain that is rolled back": [
        "judge:bad_point_back", "judge:bad_listedbefore",
        "protocol/test_any_chain.py::test_two_branches_never_extend_one_pin",
        "client/test_contact_distrust.py::test_another_chain_than_was_read_before_is_not_believed",
    ],
    "two records of one number": [
        "judge:bad_epoch_same", "judge:bad_previous",
        f"{_JUDGED}::test_of_two_who_begin_an_epoch_at_once_one_does_and_the_other_is_told",
    ],
    "two records of one seed: a message of one, shown in the other": [
        "messages:open_record_before", "messages:open_record",
        f"{_ANY}::test_one_seed_gives_another_secret_for_every_use_and_epoch",
    ],
    "a record again, or one of another conversation": [
        "judge:bad_epoch_same", "judge:bad_conversation",
        f"{_JUDGED}::test_the_same_record_again_is_answered_as_before_whatever_came_since",
    ],
    "a record with two seeds": [
        "records:open_python_other_seed", "records:open_javascript_other_seed",
    ],
    "a box that doesn't open, or is another's": [
        "records:open_python_broken", "records:open_python_others", "judge:bad_signature_box",
        f"{_ANY}::test_a_box_is_the_servers_fault_or_the_authors",
        f"{_LIAR}::test_who_was_sealed_another_box_begins_the_next_epoch_and_names_the_author",
    ],
    "a record sealed to an old key": [
        "judge:bad_sealing_fallen", "judge:bad_sealing_other",
        f"{_JUDGED}::test_a_record_that_judges_by_what_is_old_comes_too_late",
    ],
    "an entry left out, moved, changed, or said to be another's": [
        f"{_LIAR}::test_an_entry_that_is_left_out_is_missed",
        f"{_LIAR}::test_entries_in_another_order_are_not_the_log",
        f"{_LIAR}::test_an_entry_that_was_changed_is_not_read",
        f"{_LIAR}::test_an_entry_that_was_changed_along_with_its_digest_is_a_line",
        f"{_LIAR}::test_a_message_that_somebody_else_is_said_to_have_sent_is_refused",
        f"{_ANY}::test_logs_that_differ_in_any_entry_never_agree_again",
    ],
    "a device that is made to take itself for copied": [
        f"{_LIAR}::test_a_server_can_not_have_a_device_take_itself_for_copied",
    ],
    "people who were removed, brought back by a server that went back": [
        f"{_BACK}::test_who_was_removed_does_not_come_back_with_a_server_that_went_back",
    ],
    "a conversation of strangers": [
        "judge:uninvited_nothing", "judge:uninvited_contact_of_member",
        "client/conversations/test_talking.py::test_a_stranger_is_followed_only_by_who_says_so",
        f"{_JUDGED}::test_only_contacts_can_be_brought_and_only_by_whom_they_know",
        f"{_JUDGED}::test_an_own_conversation_is_nobody_elses",
    ],
    # Members.
    "a member adds, removes, promotes, or sets the timer": [
        "judge:bad_role_adds", "judge:bad_role_removes_admin", "judge:bad_role_promotes",
        "judge:bad_role_promotes_other", "judge:bad_role_timer", "judge:bad_role_joining",
        f"{_JUDGED}::test_a_record_that_the_judge_refuses_is_refused_by_its_code",
        f"{_LIAR}::test_a_bad_record_is_not_followed_and_the_talk_goes_on_elsewhere",
    ],
    "a member renames": [f"{_LIAR}::test_only_an_admin_names_a_conversation"],
    "a member takes over where the last admin leaves": [
        "judge:bad_admin_no_heir", "judge:bad_admin_other_heir", "judge:bad_admin_two_heirs",
        f"{_PEOPLE}::test_the_last_admin_leaves_and_the_first_of_the_others_is_admin",
    ],
    "a leave that somebody else signed": [
        "judge:bad_leave_others_device", "judge:bad_leave_unsigned", "judge:bad_leave_since_signed",
        f"{_PEOPLE}::test_a_leave_that_proves_nothing_is_none",
    ],
    "a member's log hash that is a lie": [
        "messages:open_fork", "messages:open_fork_place", "messages:open_seen_later",
        f"{_LOG}::test_a_message_that_is_not_of_this_place_is_refused",
    ],
    "somebody's content, encrypted again by another member": [
        "messages:open_signer", "messages:open_moved", "messages:open_other_content",
        "messages:open_own_other",
    ],
    "a member writes under an id that is taken": [
        f"{_LOG}::test_the_same_again_is_answered_as_before_and_other_bytes_are_a_conflict",
        f"{_LOG}::test_the_same_id_of_two_devices_is_two_messages",
    ],
    "a flood of renewals": [
        f"{_JUDGED}::test_epochs_for_no_reason_are_few",
        f"{_JUDGED}::test_records_and_boxes_of_a_day_are_bounded_and_more_for_who_has_removed_a_device",
    ],
    "a flood of messages": [
        f"{_TAIL}::test_somebody_who_floods_destroys_only_what_is_their_own",
        f"{_TAIL}::test_a_share_is_one_of_bytes_too",
    ],
    "device 101, or a third of fifty people's": [
        "records:list_34", "records:list_50", "records:form_too_many_devices",
        f"{_PEOPLE}::test_a_device_beyond_those_that_are_listed_changes_nothing",
    ],
    "a key that can't be sealed to": [
        "judge:good_empty_boxes", f"{_ANY}::test_what_can_not_be_sealed_to_gets_an_empty_box",
        f"{_JUDGED}::test_a_device_without_a_key_has_no_box_and_holds_nobody_up",
    ],
    # Who isn't a member any more, or never was.
    "a removed device reads, writes, begins an epoch": [
        "judge:bad_author_removed", "judge:bad_point_back", "messages:open_device_unlisted",
        f"{_OWN}::test_a_removed_device_reads_and_says_nothing_more",
        f"{_OWN}::test_who_was_not_told_of_a_removal_sends_nothing_before_the_next_epoch",
        f"{_HTTP}::test_a_device_that_was_revoked_is_out_of_all_conversations",
        f"{_WHO}::test_a_device_that_is_removed_hears_that_and_its_owner_of_all_conversations",
        f"{_HOSTS}::test_a_device_that_is_removed_at_one_host_loses_its_socket_at_the_other",
    ],
    "a removed member, a stranger, and every operation": [
        f"{_HTTP}::test_whoever_is_not_in_it_is_answered_as_if_it_were_not_there",
        f"{_LOG}::test_strangers_and_those_who_are_gone_find_nothing",
        f"{_HUB}::test_whoever_is_in_it_no_more_is_told_that_and_nothing_else",
    ],
    "a copy of a device": [f"{_LIAR}::test_a_device_that_meets_what_it_never_sent_was_copied"],
    # Bad luck that looks like one.
    "an answer lost, a record in between, sent again": [
        f"{_DYING}::test_an_epoch_between_a_lost_answer_and_the_next_attempt",
        f"{_DYING}::test_every_request_twice_is_as_once",
    ],
}  # fmt: skip

_VECTORS = {
    part: {one["name"] for one in json.loads(path.read_text("utf-8"))["cases"]}
    for part in ("judge", "messages", "records")
    for path in [TESTS / "vectors" / f"conversations_{part}.json"]
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_has_what_holds_it(attack: str) -> None:
    for held in ATTACKS[attack]:
        place, _, name = held.partition("::")
        if name:
            text = (TESTS / place).read_text("utf-8")
            assert f"def {name}(" in text, held
        else:
            part, _, case = held.partition(":")
            assert case in _VECTORS[part], held
