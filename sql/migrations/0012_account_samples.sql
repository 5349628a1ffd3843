-- ANALYZE keeps samples of what a column holds, and keeps them when the rows are gone. No query
-- looks for accounts by these columns' values, so nothing is sampled of them.
ALTER TABLE accounts.accounts ALTER COLUMN password SET STATISTICS 0;
ALTER TABLE accounts.sessions ALTER COLUMN secret SET STATISTICS 0;
ALTER TABLE accounts.signing_keys
    ALTER COLUMN public SET STATISTICS 0,
    ALTER COLUMN private SET STATISTICS 0;
ALTER TABLE accounts.chains
    ALTER COLUMN head SET STATISTICS 0,
    ALTER COLUMN recovery SET STATISTICS 0;
ALTER TABLE accounts.devices
    ALTER COLUMN key SET STATISTICS 0,
    ALTER COLUMN name SET STATISTICS 0;
ALTER TABLE accounts.sealing_keys ALTER COLUMN payload SET STATISTICS 0;
ALTER TABLE accounts.shares ALTER COLUMN payload SET STATISTICS 0;
ALTER TABLE accounts.pins ALTER COLUMN payload SET STATISTICS 0;
ALTER TABLE accounts.links
    ALTER COLUMN sid SET STATISTICS 0,
    ALTER COLUMN request SET STATISTICS 0,
    ALTER COLUMN digest SET STATISTICS 0,
    ALTER COLUMN answer SET STATISTICS 0,
    ALTER COLUMN device SET STATISTICS 0;
ALTER TABLE accounts.pending
    ALTER COLUMN device SET STATISTICS 0,
    ALTER COLUMN signed SET STATISTICS 0,
    ALTER COLUMN sid SET STATISTICS 0,
    ALTER COLUMN sealing SET STATISTICS 0;
