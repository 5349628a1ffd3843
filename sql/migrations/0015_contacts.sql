-- Contacts: people with accounts who have agreed to hear from each other, and those who ask to. Rows
-- are locked by those of their accounts, of two accounts in the order of their names.
CREATE TABLE accounts.contacts (
    account bytea   NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    other   bytea   NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    state   text    NOT NULL CHECK (state IN ('accepted', 'denied', 'declined', 'blocked')),
    chain   bytea   CHECK (octet_length(chain) = 32),
    request bytea   CHECK (octet_length(request) = 16),
    day     integer NOT NULL,
    PRIMARY KEY (account, other),
    CHECK (account <> other),
    CHECK ((state = 'accepted') = (chain IS NOT NULL))
);
CREATE INDEX contacts_other ON accounts.contacts (other);
CREATE INDEX contacts_day ON accounts.contacts (day) WHERE state IN ('denied', 'declined');
ALTER TABLE accounts.contacts
    ALTER COLUMN chain SET STATISTICS 0,
    ALTER COLUMN request SET STATISTICS 0;
COMMENT ON TABLE  accounts.contacts IS 'What an account is to another, as the first of them sees it.';
COMMENT ON COLUMN accounts.contacts.account IS 'The account.';
COMMENT ON COLUMN accounts.contacts.other IS 'The other account.';
COMMENT ON COLUMN accounts.contacts.state IS 'accepted: each has agreed to the other, who has such a row too. denied: the other has refused, and wished that to be told. declined: this account has refused the other. blocked: this account wants to hear nothing from the other.';
COMMENT ON COLUMN accounts.contacts.chain IS 'accepted: the other''s list of devices to which was agreed.';
COMMENT ON COLUMN accounts.contacts.request IS 'The request that led to it, if this account had asked.';
COMMENT ON COLUMN accounts.contacts.day IS 'Since when, in days since 1970. Refusals are forgotten after 30 days.';

CREATE TABLE accounts.contact_requests (
    request bytea  PRIMARY KEY CHECK (octet_length(request) = 16),
    account bytea  NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    address bytea  NOT NULL CHECK (octet_length(address) = 32),
    own     bytea  CHECK (octet_length(own) = 16),
    at      bigint NOT NULL
);
CREATE INDEX contact_requests_account ON accounts.contact_requests (account);
CREATE INDEX contact_requests_address ON accounts.contact_requests (address, at);
CREATE INDEX contact_requests_at ON accounts.contact_requests (at);
ALTER TABLE accounts.contact_requests
    ALTER COLUMN request SET STATISTICS 0,
    ALTER COLUMN own SET STATISTICS 0;
COMMENT ON TABLE  accounts.contact_requests IS 'Requests to become contacts, which wait for 30 days under an address, whether anybody has it or not.';
COMMENT ON COLUMN accounts.contact_requests.request IS 'Keyed hash of who asks and of the address.';
COMMENT ON COLUMN accounts.contact_requests.account IS 'Who asks.';
COMMENT ON COLUMN accounts.contact_requests.address IS 'Keyed hash of the address that is asked; another than that of an account.';
COMMENT ON COLUMN accounts.contact_requests.own IS 'The address of who asks, sealed like any payload; null once it has been answered.';
COMMENT ON COLUMN accounts.contact_requests.at IS 'When it was made.';

CREATE TABLE accounts.contact_settings (
    account   bytea    PRIMARY KEY REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    findable  boolean  NOT NULL DEFAULT false,
    asked_day integer  NOT NULL DEFAULT 0,
    asked     smallint NOT NULL DEFAULT 0
);
COMMENT ON TABLE  accounts.contact_settings IS 'Whether an account may be asked by its address, and how often it has asked.';
COMMENT ON COLUMN accounts.contact_settings.account IS 'The account.';
COMMENT ON COLUMN accounts.contact_settings.findable IS 'Whether it is told of requests that wait under its address.';
COMMENT ON COLUMN accounts.contact_settings.asked_day IS 'The day on which it asked last, in days since 1970.';
COMMENT ON COLUMN accounts.contact_settings.asked IS 'How often it has asked on that day.';

CREATE TABLE accounts.contact_invitations (
    invitation   bytea  PRIMARY KEY CHECK (octet_length(invitation) = 32),
    account      bytea  NOT NULL REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    payload      bytea  NOT NULL CHECK (octet_length(payload) = 16),
    conversation bytea  CHECK (octet_length(conversation) = 16),
    expires_at   bigint NOT NULL,
    redeemer     bytea  REFERENCES accounts.accounts (account) ON DELETE CASCADE,
    redemption   bytea  CHECK (octet_length(redemption) = 16),
    redeemed_at  bigint,
    CHECK ((redeemer IS NULL) = (redemption IS NULL)),
    CHECK ((redeemer IS NULL) = (redeemed_at IS NULL))
);
CREATE INDEX contact_invitations_account ON accounts.contact_invitations (account);
CREATE INDEX contact_invitations_redeemer ON accounts.contact_invitations (redeemer) WHERE redeemer IS NOT NULL;
CREATE INDEX contact_invitations_expires_at ON accounts.contact_invitations (expires_at);
COMMENT ON TABLE  accounts.contact_invitations IS 'Invitations from one person to another, by a link that one of them hands over.';
COMMENT ON COLUMN accounts.contact_invitations.invitation IS 'HMAC-SHA-256 of the invitation''s name under index.key.';
COMMENT ON COLUMN accounts.contact_invitations.account IS 'Who invites.';
COMMENT ON COLUMN accounts.contact_invitations.payload IS 'What the invitation says, encrypted for who has the link, sealed like any payload.';
COMMENT ON COLUMN accounts.contact_invitations.conversation IS 'The conversation that it leads into, if it leads into one.';
COMMENT ON COLUMN accounts.contact_invitations.expires_at IS 'When it is void; once it is redeemed, when that is forgotten.';
COMMENT ON COLUMN accounts.contact_invitations.redeemer IS 'Who has redeemed it.';
COMMENT ON COLUMN accounts.contact_invitations.redemption IS 'Its name, and what the redeemer says of itself, encrypted likewise, sealed like any payload.';
COMMENT ON COLUMN accounts.contact_invitations.redeemed_at IS 'When it was redeemed.';
