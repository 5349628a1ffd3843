-- Where devices are reached while no page of theirs is open: at the push service of their browser.
CREATE TABLE accounts.push_subscriptions (
    account bytea    NOT NULL,
    device  bytea    NOT NULL,
    sid     bytea    NOT NULL REFERENCES accounts.sessions (sid) ON DELETE CASCADE,
    payload bytea    NOT NULL CHECK (octet_length(payload) = 16),
    due_at  bigint,
    tries   smallint NOT NULL DEFAULT 0 CHECK (tries >= 0),
    told_at bigint,
    told_in bytea    REFERENCES accounts.conversations (conversation) ON DELETE SET NULL,
    told_s  bigint,
    PRIMARY KEY (account, device),
    FOREIGN KEY (account, device) REFERENCES accounts.devices ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX push_subscriptions_sid ON accounts.push_subscriptions (sid);
CREATE INDEX push_subscriptions_due ON accounts.push_subscriptions (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX push_subscriptions_told_in ON accounts.push_subscriptions (told_in) WHERE told_in IS NOT NULL;
ALTER TABLE accounts.push_subscriptions ALTER COLUMN payload SET STATISTICS 0;
COMMENT ON TABLE  accounts.push_subscriptions IS 'Devices that want to be told by their browser''s push service that something is new.';
COMMENT ON COLUMN accounts.push_subscriptions.account IS 'The account.';
COMMENT ON COLUMN accounts.push_subscriptions.device IS 'The device.';
COMMENT ON COLUMN accounts.push_subscriptions.sid IS 'The session that asked for it, with which it ends.';
COMMENT ON COLUMN accounts.push_subscriptions.payload IS 'Address and keys of the subscription, sealed like any payload.';
COMMENT ON COLUMN accounts.push_subscriptions.due_at IS 'When a push is to be sent, or sent again if who sends it now dies; null if none is.';
COMMENT ON COLUMN accounts.push_subscriptions.tries IS 'How often that was tried.';
COMMENT ON COLUMN accounts.push_subscriptions.told_at IS 'When one was sent last.';
COMMENT ON COLUMN accounts.push_subscriptions.told_in IS 'The conversation for whose sake; null if it was for none, or that is gone.';
COMMENT ON COLUMN accounts.push_subscriptions.told_s IS 'The last place of its log at that time.';
