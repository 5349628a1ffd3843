-- Operators: who runs a deployment signs in at /admin/. In a schema of their own: they are no
-- accounts, and nothing here points to anything of a room or an account.
CREATE SCHEMA operators;
COMMENT ON SCHEMA operators IS 'Who runs this deployment. Nothing here points to a room or an account.';

CREATE TABLE operators.operators (
    name              text   PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
    secret            bytea  NOT NULL CHECK (octet_length(secret) = 16),
    step              bigint NOT NULL DEFAULT 0,
    ticket            bytea  UNIQUE CHECK (octet_length(ticket) = 32),
    ticket_expires_at bigint,
    added_day         integer NOT NULL,
    CHECK ((ticket IS NULL) = (ticket_expires_at IS NULL))
);
COMMENT ON TABLE  operators.operators IS 'Operators. Without any there is nothing at /admin/.';
COMMENT ON COLUMN operators.operators.name IS 'As they are called on the command line, chosen there.';
COMMENT ON COLUMN operators.operators.secret IS 'The payload that holds the secret of their one-time codes and, once they have one, their password as Argon2id in PHC form.';
COMMENT ON COLUMN operators.operators.step IS 'The step of the last one-time code that was used: it and those before count no more.';
COMMENT ON COLUMN operators.operators.ticket IS 'SHA-256 of the ticket by which a password is set; null once that was done.';
COMMENT ON COLUMN operators.operators.ticket_expires_at IS 'When the ticket is void.';
COMMENT ON COLUMN operators.operators.added_day IS 'When they were added, in days since 1970.';

CREATE TABLE operators.operator_sessions (
    session      bytea  PRIMARY KEY CHECK (octet_length(session) = 32),
    operator     text   NOT NULL REFERENCES operators.operators (name) ON DELETE CASCADE,
    signed_in_at bigint NOT NULL,
    seen_at      bigint NOT NULL
);
CREATE INDEX operator_sessions_operator ON operators.operator_sessions (operator);
COMMENT ON TABLE  operators.operator_sessions IS 'Operators who are signed in: for 12 hours, and 30 minutes without being used.';
COMMENT ON COLUMN operators.operator_sessions.session IS 'SHA-256 of what the cookie holds.';
COMMENT ON COLUMN operators.operator_sessions.operator IS 'Who it is.';
COMMENT ON COLUMN operators.operator_sessions.signed_in_at IS 'When they signed in.';
COMMENT ON COLUMN operators.operator_sessions.seen_at IS 'When it was last used, to a minute.';

CREATE TABLE operators.audit (
    entry    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator text,
    act      text   NOT NULL CHECK (act IN ('added', 'renewed', 'enrolled', 'signed_in', 'refused', 'signed_out', 'signed_out_everywhere', 'removed')),
    minute   bigint NOT NULL
);
CREATE UNIQUE INDEX audit_once ON operators.audit (minute, act, operator) NULLS NOT DISTINCT;
COMMENT ON TABLE  operators.audit IS 'Who did what and when, without content: no addresses, and nothing of what was seen. Kept for 400 days.';
COMMENT ON COLUMN operators.audit.entry IS 'In the order in which they were written.';
COMMENT ON COLUMN operators.audit.operator IS 'Who; an operator who was removed is still named. Null for a name that nobody has.';
COMMENT ON COLUMN operators.audit.act IS 'What. refused: a wrong password or one-time code was given.';
COMMENT ON COLUMN operators.audit.minute IS 'When, in minutes since 1970.';
