-- Reports, which operators decide on, and accounts that they have suspended.
CREATE TABLE accounts.reports (
    report      bytea   PRIMARY KEY CHECK (octet_length(report) = 16),
    accused     bytea   REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    account     bytea   REFERENCES accounts.accounts (account) ON DELETE SET NULL,
    reason      text    NOT NULL CHECK (reason IN ('spam', 'harassment', 'threat', 'children', 'illegal', 'other')),
    messages    smallint NOT NULL CHECK (messages BETWEEN 0 AND 10),
    size        integer NOT NULL CHECK (size >= 0),
    day         integer NOT NULL,
    payload     bytea   CHECK (octet_length(payload) = 16),
    decision    text    CHECK (decision IN ('dismissed', 'suspended')),
    decided_by  text,
    decided_day integer,
    CHECK ((messages = 0) = (accused IS NULL)),
    CHECK ((payload IS NULL) = (decision IS NOT NULL)),
    CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_day IS NULL))
);
CREATE INDEX reports_accused ON accounts.reports (accused);
CREATE INDEX reports_account ON accounts.reports (account);
CREATE INDEX reports_day ON accounts.reports (day, report);
ALTER TABLE accounts.reports
    ALTER COLUMN report SET STATISTICS 0,
    ALTER COLUMN accused SET STATISTICS 0,
    ALTER COLUMN account SET STATISTICS 0,
    ALTER COLUMN payload SET STATISTICS 0,
    ALTER COLUMN decided_by SET STATISTICS 0;
COMMENT ON TABLE  accounts.reports IS 'Reports that wait for an operator or were decided on; all of a report goes 90 days after it was made.';
COMMENT ON COLUMN accounts.reports.report IS 'A keyed hash of who reports and of the id that their program has drawn.';
COMMENT ON COLUMN accounts.reports.accused IS 'The account that wrote the messages; null for a report from a room, where nobody is known.';
COMMENT ON COLUMN accounts.reports.account IS 'Who reports; null for a report from a room, and once that account is deleted.';
COMMENT ON COLUMN accounts.reports.reason IS 'Why, from a short list.';
COMMENT ON COLUMN accounts.reports.messages IS 'How many messages are shown that the account is proved to have written; 0: the word of who reports is all there is.';
COMMENT ON COLUMN accounts.reports.size IS 'How many bytes the messages and the text have.';
COMMENT ON COLUMN accounts.reports.day IS 'When it was made, in days since 1970.';
COMMENT ON COLUMN accounts.reports.payload IS 'The messages and the text, sealed like any payload; destroyed by the decision.';
COMMENT ON COLUMN accounts.reports.decision IS 'What was decided; null while it waits.';
COMMENT ON COLUMN accounts.reports.decided_by IS 'Which operator has decided.';
COMMENT ON COLUMN accounts.reports.decided_day IS 'When that was, in days since 1970.';

ALTER TABLE accounts.accounts ADD COLUMN suspended_day integer;
CREATE INDEX accounts_suspended_day ON accounts.accounts (suspended_day) WHERE suspended_day IS NOT NULL;
COMMENT ON COLUMN accounts.accounts.suspended_day IS 'When an operator has suspended the account, in days since 1970; null: it is not suspended.';

ALTER TABLE operators.audit DROP CONSTRAINT audit_act_check;
ALTER TABLE operators.audit ADD CONSTRAINT audit_act_check CHECK (act IN ('added', 'renewed', 'enrolled', 'signed_in', 'refused', 'signed_out', 'signed_out_everywhere', 'removed', 'dismissed', 'suspended', 'lifted'));
