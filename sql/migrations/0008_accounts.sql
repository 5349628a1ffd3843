-- Accounts: who signs in, and by what it stays signed in. In a schema of their own, so that nothing
-- of rooms stands beside anything of an account.

CREATE SCHEMA accounts;
COMMENT ON SCHEMA accounts IS 'Accounts and their devices. Nothing here points to a room, nor a room to anything here.';

CREATE TABLE accounts.accounts (
    account     bytea   PRIMARY KEY CHECK (octet_length(account) = 16),
    address     bytea   NOT NULL UNIQUE CHECK (octet_length(address) = 32),
    password    text    CHECK (length(password) BETWEEN 16 AND 255),
    created_day integer NOT NULL,
    reused_at   bigint
);
COMMENT ON TABLE  accounts.accounts IS 'Accounts. Whoever changes anything of an account locks its row here first.';
COMMENT ON COLUMN accounts.accounts.account IS '16 random bytes drawn by the server.';
COMMENT ON COLUMN accounts.accounts.address IS 'HMAC-SHA-256 of the address under index.key; the address itself stands nowhere.';
COMMENT ON COLUMN accounts.accounts.password IS 'Argon2id in PHC form of the auth key, which clients derive from the password; null where an identity alone signs in.';
COMMENT ON COLUMN accounts.accounts.created_day IS 'When it was made, in days since 1970.';
COMMENT ON COLUMN accounts.accounts.reused_at IS 'When a refresh token was last used that was no longer the present one: the owner is told. Null if never, or if the password was changed since.';

CREATE TABLE accounts.sessions (
    sid         bytea   PRIMARY KEY CHECK (octet_length(sid) = 16),
    account     bytea   NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    device      bytea   CHECK (octet_length(device) = 16),
    secret      bytea   NOT NULL CHECK (octet_length(secret) = 16),
    counter     integer NOT NULL DEFAULT 0 CHECK (counter >= 0),
    advanced_at bigint  NOT NULL,
    created_day integer NOT NULL,
    seen_day    integer NOT NULL
);
CREATE INDEX sessions_account ON accounts.sessions (account);
CREATE INDEX sessions_seen_day ON accounts.sessions (seen_day);
COMMENT ON TABLE  accounts.sessions IS 'Who is signed in. A session that has ended has no row.';
COMMENT ON COLUMN accounts.sessions.sid IS '16 random bytes; in access tokens, and at the beginning of refresh tokens.';
COMMENT ON COLUMN accounts.sessions.account IS 'Whose it is.';
COMMENT ON COLUMN accounts.sessions.device IS 'The linked device that proves each refresh with its key; null before linking.';
COMMENT ON COLUMN accounts.sessions.secret IS 'The payload that holds the family secret, of which refresh tokens are made.';
COMMENT ON COLUMN accounts.sessions.counter IS 'Which refresh token is the present one.';
COMMENT ON COLUMN accounts.sessions.advanced_at IS 'When it became that.';
COMMENT ON COLUMN accounts.sessions.created_day IS 'When somebody signed in, in days since 1970.';
COMMENT ON COLUMN accounts.sessions.seen_day IS 'When it was last refreshed, in days since 1970.';

CREATE TABLE accounts.ended_sessions (
    sid      bytea  PRIMARY KEY CHECK (octet_length(sid) = 16),
    ended_at bigint NOT NULL
);
CREATE INDEX ended_sessions_ended_at ON accounts.ended_sessions (ended_at);
COMMENT ON TABLE  accounts.ended_sessions IS 'Sessions that have ended, for as long as an access token of theirs could still be shown.';
COMMENT ON COLUMN accounts.ended_sessions.sid IS 'The session; whose it was stands nowhere any more.';
COMMENT ON COLUMN accounts.ended_sessions.ended_at IS 'When it ended.';

CREATE TABLE accounts.identities (
    identity   bytea   PRIMARY KEY CHECK (octet_length(identity) = 32),
    account    bytea   NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    linked_day integer NOT NULL
);
CREATE INDEX identities_account ON accounts.identities (account);
COMMENT ON TABLE  accounts.identities IS 'Identities of others (OpenID Connect) by which an account may be signed in to.';
COMMENT ON COLUMN accounts.identities.identity IS 'HMAC-SHA-256 of issuer and subject under index.key.';
COMMENT ON COLUMN accounts.identities.account IS 'The account that it opens.';
COMMENT ON COLUMN accounts.identities.linked_day IS 'When it was linked, in days since 1970.';

CREATE TABLE accounts.invitations (
    invitation bytea  PRIMARY KEY CHECK (octet_length(invitation) = 32),
    expires_at bigint NOT NULL
);
CREATE INDEX invitations_expires_at ON accounts.invitations (expires_at);
COMMENT ON TABLE  accounts.invitations IS 'Invitations that an operator has made and nobody has used.';
COMMENT ON COLUMN accounts.invitations.invitation IS 'HMAC-SHA-256 of the invitation under index.key.';
COMMENT ON COLUMN accounts.invitations.expires_at IS 'When it is void.';

CREATE TABLE accounts.signing_keys (
    kid        bytea  PRIMARY KEY CHECK (octet_length(kid) = 16),
    public     bytea  NOT NULL CHECK (octet_length(public) = 32),
    private    bytea  NOT NULL CHECK (octet_length(private) = 16),
    created_at bigint NOT NULL
);
COMMENT ON TABLE  accounts.signing_keys IS 'Ed25519 keys that sign access tokens, the same for all hosts.';
COMMENT ON COLUMN accounts.signing_keys.kid IS '16 random bytes by which a token names its key.';
COMMENT ON COLUMN accounts.signing_keys.public IS 'The public key, as it is published.';
COMMENT ON COLUMN accounts.signing_keys.private IS 'The payload that holds the private key.';
COMMENT ON COLUMN accounts.signing_keys.created_at IS 'When it was made. It signs from an hour later on, for 30 days.';
