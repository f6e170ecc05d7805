-- Each conversation knows its head, the id of its last message. It is part of what a copy of a guest's history must
-- match to be believed: sequences alone are given again by a database that lost its last commits.
-- Whoever writes a message writes the head in the same statement. A conversation whose last message is older than this
-- column has none, which is as good a mark as any: writing them all would set off triggers that somebody put on the table.

ALTER TABLE conversation_cache ADD COLUMN IF NOT EXISTS reprise_head uuid;

-- One that answers no heads cannot be replaced; functions/append.sql makes it anew.
DROP FUNCTION IF EXISTS reprise_append;
