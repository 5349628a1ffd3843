COMMENT ON COLUMN accounts.files.latest IS 'When it goes at the latest, however often something of it lands: by its time to live, or by the timer of its conversation.';
