-- How a task was worked on (`learning.strategies`), derived from its steps when it is judged.
ALTER TABLE task ADD COLUMN strategy TEXT;

-- The few transcripts that may have grown are asked for several times a second: 60 s after their last mention
-- they have been read for good.
CREATE INDEX transcript_cursor_unread ON transcript_cursor (mentioned_ns) WHERE read_ns < mentioned_ns + 60000000000;
