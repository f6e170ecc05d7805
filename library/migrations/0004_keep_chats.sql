-- Chats of tables that were taken over become what the contract says: each message has an owner and a number, each guest
-- one conversation. 0000_make_way.sql tells the whole.

DO $$
DECLARE
  written_at text;
  referring record;
BEGIN
  IF to_regclass('reprise_take_over') IS NULL THEN RETURN; END IF;

  UPDATE conversation_cache SET id = gen_random_uuid() WHERE id IS NULL;
  UPDATE message_cache SET id = gen_random_uuid() WHERE id IS NULL;
  UPDATE cache_embeddings SET id = gen_random_uuid() WHERE id IS NULL;
  UPDATE cache_migrations SET id = gen_random_uuid() WHERE id IS NULL;

  -- Where a message has no time, the one at which it was written down stands for it.
  SELECT 'created_at::timestamptz' INTO written_at FROM pg_attribute
  WHERE attrelid = 'message_cache'::regclass AND attname = 'created_at'
    AND format_type(atttypid, NULL) ~ '^(timestamp|date)';
  EXECUTE format('UPDATE message_cache SET timestamp = coalesce(%s, now()) WHERE timestamp IS NULL',
                 coalesce(written_at, 'NULL'));

  UPDATE message_cache SET
    content = coalesce(content, ''),
    role = CASE WHEN lower(role) IN ('user', 'assistant', 'system', 'tool') THEN lower(role) ELSE coalesce(role, 'user') END,
    message_hash = CASE WHEN message_hash <> '' THEN message_hash
                        ELSE encode(sha256(convert_to(coalesce(content, ''), 'UTF8')), 'hex') END
  WHERE content IS NULL OR role IS NULL OR role <> lower(role) OR coalesce(message_hash, '') = '';

  UPDATE conversation_cache SET
    platform = CASE WHEN lower(platform) IN ('guest', 'user') THEN lower(platform) ELSE coalesce(platform, 'guest') END,
    user_id = CASE WHEN user_id <> '' THEN user_id ELSE 'unowned:' || id END
  WHERE platform IS NULL OR platform <> lower(platform) OR coalesce(user_id, '') = '';

  -- What belongs to no conversation gets one of its own.
  UPDATE message_cache SET conversation_id = alone.id
  FROM (SELECT gen_random_uuid() AS id OFFSET 0) alone WHERE conversation_id IS NULL;
  UPDATE cache_embeddings e SET conversation_id = m.conversation_id
  FROM message_cache m WHERE e.conversation_id IS NULL AND m.id = e.message_id;
  UPDATE cache_embeddings SET conversation_id = alone.id
  FROM (SELECT gen_random_uuid() AS id OFFSET 0) alone WHERE conversation_id IS NULL;
  INSERT INTO conversation_cache (id, user_id, platform)
  SELECT owned.conversation_id, 'unowned:' || owned.conversation_id, 'guest'
  FROM (SELECT conversation_id FROM message_cache UNION SELECT conversation_id FROM cache_embeddings) owned
  WHERE NOT EXISTS (SELECT FROM conversation_cache c WHERE c.id = owned.conversation_id);

  UPDATE conversation_cache c SET
    created_at = coalesce(c.created_at, least(said.first_at, c.updated_at), now()),
    updated_at = coalesce(c.updated_at, greatest(said.last_at, c.created_at), now())
  FROM conversation_cache o
  LEFT JOIN (
    SELECT conversation_id, min(timestamp) AS first_at, max(timestamp) AS last_at FROM message_cache GROUP BY 1
  ) said ON said.conversation_id = o.id
  WHERE o.id = c.id AND (c.created_at IS NULL OR c.updated_at IS NULL);

  -- A guest has one conversation: the oldest takes the others in.
  CREATE TABLE reprise_take_over_merge AS
  SELECT ranked.id AS gone, ranked.kept, ranked.updated_at
  FROM (
    SELECT id, updated_at, first_value(id) OVER (PARTITION BY user_id ORDER BY created_at, id) AS kept
    FROM conversation_cache WHERE platform = 'guest'
  ) ranked
  WHERE ranked.id <> ranked.kept;

  UPDATE message_cache m SET conversation_id = g.kept FROM reprise_take_over_merge g WHERE g.gone = m.conversation_id;
  UPDATE cache_embeddings e SET conversation_id = g.kept FROM reprise_take_over_merge g WHERE g.gone = e.conversation_id;
  FOR referring IN
    SELECT name, column_name FROM reprise_take_over WHERE kind = 'incoming_key' AND table_name = 'conversation_cache'
  LOOP
    EXECUTE format('UPDATE %s r SET %2$I = g.kept FROM reprise_take_over_merge g WHERE g.gone::text = r.%2$I::text',
                   referring.name, referring.column_name);
  END LOOP;
  UPDATE conversation_cache c SET updated_at = greatest(c.updated_at, others.updated_at)
  FROM (SELECT kept, max(updated_at) AS updated_at FROM reprise_take_over_merge GROUP BY kept) others
  WHERE others.kept = c.id;
  DELETE FROM conversation_cache c USING reprise_take_over_merge g WHERE g.gone = c.id;

  -- Numbers without gap from 0: by the numbers that are there, or by time where some are missing or conversations were
  -- merged. The table is a new one, without positions, where only others were there before.
  ALTER TABLE message_cache ADD COLUMN IF NOT EXISTS reprise_position bigint;
  UPDATE message_cache m SET sequence = numbered.sequence
  FROM (
    SELECT o.id, row_number() OVER (
             PARTITION BY o.conversation_id
             ORDER BY CASE WHEN s.by_number THEN o.sequence END, o.timestamp, o.sequence, o.reprise_position
           ) - 1 AS sequence
    FROM message_cache o
    JOIN (
      SELECT conversation_id, bool_and(sequence IS NOT NULL) AND NOT EXISTS (
               SELECT FROM reprise_take_over_merge g WHERE g.kept = conversation_id) AS by_number
      FROM message_cache GROUP BY conversation_id
    ) s ON s.conversation_id = o.conversation_id
  ) numbered
  WHERE numbered.id = m.id AND m.sequence IS DISTINCT FROM numbered.sequence;
  ALTER TABLE message_cache DROP COLUMN reprise_position;
  DROP TABLE reprise_take_over_merge;

  UPDATE conversation_cache c SET message_count = said.messages, next_seq = said.messages, content_bytes = said.bytes
  FROM (
    SELECT o.id, count(m.id) AS messages, coalesce(sum(octet_length(m.content)), 0) AS bytes
    FROM conversation_cache o LEFT JOIN message_cache m ON m.conversation_id = o.id GROUP BY o.id
  ) said
  WHERE said.id = c.id
    AND (c.message_count, c.next_seq, c.content_bytes) IS DISTINCT FROM (said.messages, said.messages, said.bytes);

  UPDATE cache_migrations SET
    version = coalesce(version, '1.0'),
    migration_type = coalesce(migration_type, 'guest_to_user'),
    status = CASE WHEN lower(status) IN ('completed', 'failed') THEN lower(status) ELSE coalesce(status, 'completed') END,
    records_migrated = coalesce(records_migrated, 0),
    records_failed = coalesce(records_failed, 0),
    started_at = coalesce(started_at, completed_at, now()),
    source = coalesce(source, 'guest_session'),
    destination = coalesce(destination, 'authenticated_user'),
    messages_migrated = coalesce(messages_migrated, substring(notes FROM ' with (\d{1,18}) messages')::bigint, 0);
  -- Only one completed row of a guest can bear its name.
  UPDATE cache_migrations m SET guest_id = NULL
  FROM (
    SELECT id, row_number() OVER (PARTITION BY guest_id ORDER BY started_at DESC, id) AS place FROM cache_migrations
    WHERE guest_id IS NOT NULL AND status = 'completed' AND migration_type = 'guest_to_user'
  ) ranked
  WHERE ranked.id = m.id AND ranked.place > 1;

  INSERT INTO reprise_guest (guest_id, conversation_id, created_at)
  SELECT user_id, id, created_at FROM conversation_cache WHERE platform = 'guest';
  INSERT INTO reprise_guest (guest_id, migrated_to, created_at)
  SELECT guest_id, user_id, started_at FROM cache_migrations
  WHERE guest_id IS NOT NULL AND user_id IS NOT NULL AND status = 'completed' AND migration_type = 'guest_to_user'
  ON CONFLICT (guest_id) DO NOTHING;
END
$$;
