-- What one person may do to another in conversations, and what each of them costs.

-- Who was brought into a conversation by another has answered once they have said something there.
ALTER TABLE accounts.conversation_people
    ADD COLUMN added_by    bytea REFERENCES accounts.accounts (account) ON DELETE SET NULL,
    ADD COLUMN repairs     smallint NOT NULL DEFAULT 0,
    ADD COLUMN repairs_day integer  NOT NULL DEFAULT 0;
CREATE INDEX conversation_people_added_by ON accounts.conversation_people (added_by, account) WHERE added_by IS NOT NULL;
COMMENT ON COLUMN accounts.conversation_people.added_by IS 'The account that has brought this person into it, until they have said something there; null also for who asked to come.';
COMMENT ON COLUMN accounts.conversation_people.repairs IS 'How many epochs this person has begun on a day without a reason that the server sees.';
COMMENT ON COLUMN accounts.conversation_people.repairs_day IS 'That day, in days since 1970.';
ALTER TABLE accounts.conversations
    DROP COLUMN repairs,
    DROP COLUMN repairs_day;

CREATE TABLE accounts.departures (
    conversation bytea  NOT NULL REFERENCES accounts.conversations (conversation) ON DELETE CASCADE,
    account      bytea  NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    left_at      bigint NOT NULL,
    PRIMARY KEY (conversation, account)
);
CREATE INDEX departures_account ON accounts.departures (account);
CREATE INDEX departures_left_at ON accounts.departures (left_at);
COMMENT ON TABLE  accounts.departures IS 'Who has left a conversation within 30 days: nobody brings them back but who asks for it.';
COMMENT ON COLUMN accounts.departures.conversation IS 'The conversation.';
COMMENT ON COLUMN accounts.departures.account IS 'Who has left it.';
COMMENT ON COLUMN accounts.departures.left_at IS 'When they did.';

-- Of records from before this column nobody knows; as many bytes as one of some forty devices has.
ALTER TABLE accounts.records ADD COLUMN size integer NOT NULL DEFAULT 8192;
ALTER TABLE accounts.records ALTER COLUMN size DROP DEFAULT;
COMMENT ON COLUMN accounts.records.size IS 'How many bytes the record has, with its signature and the hashes of its boxes.';

-- Chains that have ended are looked at when their 30 days are over, and those that a kept record of
-- a conversation names again each day, instead of all of them each minute.
ALTER TABLE accounts.chains ADD COLUMN counts_from bigint;
UPDATE accounts.chains SET counts_from = ended_at;
DROP INDEX accounts.chains_ended_at;
CREATE INDEX chains_counts_from ON accounts.chains (counts_from) WHERE counts_from IS NOT NULL;
COMMENT ON COLUMN accounts.chains.ended_at IS 'When it ceased to be open; 30 days later it is destroyed, or once no kept record of a conversation names it.';
COMMENT ON COLUMN accounts.chains.counts_from IS 'From when on these 30 days count: since it ended, or later by whole days, as long as a kept record of a conversation names it.';
