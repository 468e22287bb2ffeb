-- The writer marks in memory what a session has reported: a fingerprint is looked for only where its session has it,
-- among that session's receipts, which lie together. The index was a page more to write for nearly every event.
DROP INDEX receipt_fingerprint;
