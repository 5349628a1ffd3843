-- What an identity of others (OpenID Connect) was told to say back counts once.
CREATE TABLE accounts.used_nonces (
    nonce      bytea  PRIMARY KEY CHECK (octet_length(nonce) = 32),
    expires_at bigint NOT NULL
);
CREATE INDEX used_nonces_expires_at ON accounts.used_nonces (expires_at);
COMMENT ON TABLE  accounts.used_nonces IS 'Nonces of ID tokens that were used, for as long as one could be shown again.';
COMMENT ON COLUMN accounts.used_nonces.nonce IS 'What authenticates the nonce; who used it stands nowhere.';
COMMENT ON COLUMN accounts.used_nonces.expires_at IS 'When the nonce is void by itself.';
