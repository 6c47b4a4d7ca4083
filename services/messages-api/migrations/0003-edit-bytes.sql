-- How large a message's history is, known without reading it.
ALTER TABLE messages.messages ADD COLUMN edit_bytes integer NOT NULL DEFAULT 0;
UPDATE messages.messages SET edit_bytes = octet_length(edits::text) WHERE edits IS NOT NULL;
