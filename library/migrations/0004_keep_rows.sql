-- The rows of tables that were taken over become what the contract says. See 0000_make_way.sql.

DO $$
DECLARE
  said_at text;
  referring record;
BEGIN
  IF to_regclass('reprise_take_over') IS NULL THEN RETURN; END IF;

  UPDATE conversation_cache SET id = gen_random_uuid() WHERE id IS NULL;
  UPDATE message_cache SET id = gen_random_uuid() WHERE id IS NULL;
  UPDATE cache_embeddings SET id = gen_random_uuid() WHERE id IS NULL;
  UPDATE cache_metrics SET id = gen_random_uuid() WHERE id IS NULL;
  UPDATE cache_migrations SET id = gen_random_uuid() WHERE id IS NULL;
  UPDATE usage_metrics SET id = gen_random_uuid() WHERE id IS NULL;
  UPDATE cache_content_mapping SET id = gen_random_uuid() WHERE id IS NULL;

  -- Messages -----------------------------------------------------------------------------------------------------------

  -- Where a message has no time, the one at which it was written down stands for it.
  SELECT 'created_at::timestamptz' INTO said_at FROM pg_attribute
  WHERE attrelid = 'message_cache'::regclass AND attname = 'created_at' AND format_type(atttypid, NULL) ~ '^(timestamp|date)';
  EXECUTE format('UPDATE message_cache SET timestamp = coalesce(%s, now()) WHERE timestamp IS NULL', coalesce(said_at, 'NULL'));

  UPDATE message_cache SET content = '' WHERE content IS NULL;
  UPDATE message_cache SET role = CASE WHEN lower(role) IN ('user', 'assistant', 'system', 'tool') THEN lower(role) ELSE coalesce(role, 'user') END
  WHERE role IS NULL OR role <> lower(role);
  UPDATE message_cache SET message_hash = encode(sha256(convert_to(content, 'UTF8')), 'hex') WHERE coalesce(message_hash, '') = '';

  -- Conversations ------------------------------------------------------------------------------------------------------

  UPDATE conversation_cache SET platform = CASE WHEN lower(platform) IN ('guest', 'user') THEN lower(platform) ELSE coalesce(platform, 'guest') END
  WHERE platform IS NULL OR platform <> lower(platform);
  UPDATE conversation_cache SET user_id = 'unowned:' || id WHERE coalesce(user_id, '') = '';

  -- What belongs to no conversation gets one of its own.
  UPDATE message_cache SET conversation_id = alone.id FROM (SELECT gen_random_uuid() AS id OFFSET 0) alone WHERE conversation_id IS NULL;
  UPDATE cache_embeddings e SET conversation_id = m.conversation_id FROM message_cache m WHERE e.conversation_id IS NULL AND m.id = e.message_id;
  UPDATE cache_embeddings SET conversation_id = alone.id FROM (SELECT gen_random_uuid() AS id OFFSET 0) alone WHERE conversation_id IS NULL;
  INSERT INTO conversation_cache (id, user_id, platform)
  SELECT owned.conversation_id, 'unowned:' || owned.conversation_id, 'guest'
  FROM (SELECT conversation_id FROM message_cache UNION SELECT conversation_id FROM cache_embeddings) owned
  WHERE NOT EXISTS (SELECT FROM conversation_cache c WHERE c.id = owned.conversation_id);

  UPDATE conversation_cache c SET
    created_at = coalesce(c.created_at, least(said.first_at, c.updated_at), now()),
    updated_at = coalesce(c.updated_at, greatest(said.last_at, c.created_at), now())
  FROM conversation_cache o
  LEFT JOIN (SELECT conversation_id, min(timestamp) AS first_at, max(timestamp) AS last_at FROM message_cache GROUP BY 1) said
    ON said.conversation_id = o.id
  WHERE o.id = c.id AND (c.created_at IS NULL OR c.updated_at IS NULL);

  -- A guest has one conversation: the oldest takes the others in.
  CREATE TABLE reprise_take_over_merge AS
  SELECT id AS gone, kept FROM (
    SELECT id, first_value(id) OVER (PARTITION BY user_id ORDER BY created_at, id) AS kept FROM conversation_cache WHERE platform = 'guest'
  ) ranked WHERE id <> kept;
  UPDATE message_cache m SET conversation_id = g.kept FROM reprise_take_over_merge g WHERE g.gone = m.conversation_id;
  UPDATE cache_embeddings e SET conversation_id = g.kept FROM reprise_take_over_merge g WHERE g.gone = e.conversation_id;
  FOR referring IN SELECT name, column_name FROM reprise_take_over WHERE kind = 'incoming_key' AND table_name = 'conversation_cache' LOOP
    EXECUTE format('UPDATE %s r SET %2$I = g.kept FROM reprise_take_over_merge g WHERE g.gone::text = r.%2$I::text',
      referring.name, referring.column_name);
  END LOOP;
  UPDATE conversation_cache c SET updated_at = greatest(c.updated_at, others.updated_at)
  FROM (SELECT g.kept, max(o.updated_at) AS updated_at FROM reprise_take_over_merge g JOIN conversation_cache o ON o.id = g.gone GROUP BY g.kept) others
  WHERE others.kept = c.id;
  DELETE FROM conversation_cache c USING reprise_take_over_merge g WHERE g.gone = c.id;

  -- The table is a new one where only others were there before.
  ALTER TABLE message_cache ADD COLUMN IF NOT EXISTS reprise_position bigint;
  -- Numbers without gap from 0, by the numbers that are there; by time where some are missing or conversations were merged.
  UPDATE message_cache m SET sequence = n.sequence
  FROM (
    SELECT o.id, row_number() OVER (
             PARTITION BY o.conversation_id
             ORDER BY CASE WHEN s.by_number THEN o.sequence END, o.timestamp, o.sequence, o.reprise_position) - 1 AS sequence
    FROM message_cache o
    JOIN (
      SELECT conversation_id, bool_and(sequence IS NOT NULL) AND NOT EXISTS (
               SELECT FROM reprise_take_over_merge g WHERE g.kept = conversation_id) AS by_number
      FROM message_cache GROUP BY conversation_id
    ) s ON s.conversation_id = o.conversation_id
  ) n
  WHERE n.id = m.id AND m.sequence IS DISTINCT FROM n.sequence;
  ALTER TABLE message_cache DROP COLUMN reprise_position;

  UPDATE conversation_cache c SET message_count = said.messages, next_seq = said.messages, content_bytes = said.bytes
  FROM (
    SELECT o.id, count(m.id) AS messages, coalesce(sum(octet_length(m.content)), 0) AS bytes
    FROM conversation_cache o LEFT JOIN message_cache m ON m.conversation_id = o.id GROUP BY o.id
  ) said
  WHERE said.id = c.id AND (c.message_count, c.next_seq, c.content_bytes) IS DISTINCT FROM (said.messages, said.messages, said.bytes);

  -- Migrations and guests ----------------------------------------------------------------------------------------------

  UPDATE cache_migrations SET
    version = coalesce(version, '1.0'), migration_type = coalesce(migration_type, 'guest_to_user'),
    status = CASE WHEN lower(status) IN ('completed', 'failed') THEN lower(status) ELSE coalesce(status, 'completed') END,
    records_migrated = coalesce(records_migrated, 0), records_failed = coalesce(records_failed, 0),
    started_at = coalesce(started_at, completed_at, now()),
    source = coalesce(source, 'guest_session'), destination = coalesce(destination, 'authenticated_user'),
    messages_migrated = coalesce(messages_migrated, substring(notes FROM ' with (\d{1,18}) messages')::bigint, 0);
  -- Only one completed row of a guest can bear its name.
  UPDATE cache_migrations m SET guest_id = NULL
  FROM (SELECT id, row_number() OVER (PARTITION BY guest_id ORDER BY started_at DESC, id) AS place FROM cache_migrations
        WHERE guest_id IS NOT NULL AND status = 'completed' AND migration_type = 'guest_to_user') ranked
  WHERE ranked.id = m.id AND ranked.place > 1;

  INSERT INTO reprise_guest (guest_id, conversation_id, created_at)
  SELECT user_id, id, created_at FROM conversation_cache WHERE platform = 'guest';
  INSERT INTO reprise_guest (guest_id, migrated_to, created_at)
  SELECT guest_id, user_id, started_at FROM cache_migrations
  WHERE guest_id IS NOT NULL AND user_id IS NOT NULL AND status = 'completed' AND migration_type = 'guest_to_user'
  ON CONFLICT (guest_id) DO NOTHING;

  -- Usage: one row per owner and tier ----------------------------------------------------------------------------------

  UPDATE usage_metrics SET
    user_id = coalesce(user_id, 'unowned:' || id),
    tier = CASE WHEN lower(tier) IN ('guest', 'user', 'api') THEN lower(tier) ELSE coalesce(tier, 'guest') END,
    total_requests = coalesce(total_requests, 0), cache_hits = coalesce(cache_hits, 0), cache_misses = coalesce(cache_misses, 0),
    month_requests = CASE WHEN month IS NULL THEN 0 ELSE coalesce(month_requests, 0) END, month = coalesce(month, reprise_month(now())),
    created_at = coalesce(created_at, updated_at, now()), updated_at = coalesce(updated_at, created_at, now());
  CREATE TABLE reprise_take_over_usage AS
  SELECT *, first_value(id) OVER (PARTITION BY user_id, tier ORDER BY created_at, id) AS kept,
         max(month) OVER (PARTITION BY user_id, tier) AS last_month
  FROM (SELECT id, user_id, tier, total_requests, cache_hits, cache_misses, monthly_request_limit, month, month_requests, created_at, updated_at
        FROM usage_metrics) u;
  UPDATE usage_metrics u SET
    total_requests = s.total_requests, cache_hits = s.cache_hits, cache_misses = s.cache_misses,
    monthly_request_limit = s.monthly_request_limit, month = s.month, month_requests = s.month_requests, updated_at = s.updated_at
  FROM (
    SELECT kept, sum(total_requests) AS total_requests, sum(cache_hits) AS cache_hits, sum(cache_misses) AS cache_misses,
           max(monthly_request_limit) AS monthly_request_limit, max(month) AS month,
           sum(month_requests) FILTER (WHERE month = last_month) AS month_requests, max(updated_at) AS updated_at
    FROM reprise_take_over_usage GROUP BY kept HAVING count(*) > 1
  ) s
  WHERE s.kept = u.id;
  DELETE FROM usage_metrics u USING reprise_take_over_usage s WHERE s.id = u.id AND s.kept <> s.id;

  -- Metrics: one row per UTC hour, averages weighted by their own counts ------------------------------------------------

  UPDATE cache_metrics SET
    recorded_at = coalesce(recorded_at, now()), cache_hits = coalesce(cache_hits, 0), cache_misses = coalesce(cache_misses, 0),
    total_requests = coalesce(total_requests, coalesce(cache_hits, 0) + coalesce(cache_misses, 0)),
    total_entries = coalesce(total_entries, 0), storage_size_mb = coalesce(storage_size_mb, 0);
  UPDATE cache_metrics SET
    response_count = CASE WHEN avg_response_time IS NULL THEN 0 ELSE coalesce(response_count, total_requests) END,
    generation_count = CASE WHEN avg_generation_time IS NULL THEN 0 ELSE coalesce(generation_count, cache_misses) END,
    avg_response_time = coalesce(avg_response_time, 0), avg_generation_time = coalesce(avg_generation_time, 0);
  CREATE TABLE reprise_take_over_hour AS
  SELECT id, recorded_at, first_value(id) OVER (PARTITION BY date_trunc('hour', recorded_at, 'UTC') ORDER BY recorded_at, id) AS kept
  FROM cache_metrics;
  UPDATE cache_metrics m SET
    recorded_at = date_trunc('hour', m.recorded_at, 'UTC'), cache_hits = s.hits, cache_misses = s.misses, total_requests = s.requests,
    total_entries = s.entries, storage_size_mb = s.megabytes, response_count = s.responses, generation_count = s.generations,
    avg_response_time = coalesce(s.response_ms / nullif(s.responses, 0), s.response_mean),
    avg_generation_time = coalesce(s.generation_ms / nullif(s.generations, 0), s.generation_mean)
  FROM (
    SELECT h.kept, sum(o.cache_hits) AS hits, sum(o.cache_misses) AS misses, sum(o.total_requests) AS requests,
           (array_agg(o.total_entries ORDER BY o.recorded_at DESC))[1] AS entries,
           (array_agg(o.storage_size_mb ORDER BY o.recorded_at DESC))[1] AS megabytes,
           sum(o.response_count) AS responses, sum(o.avg_response_time * o.response_count) AS response_ms, avg(o.avg_response_time) AS response_mean,
           sum(o.generation_count) AS generations, sum(o.avg_generation_time * o.generation_count) AS generation_ms,
           avg(o.avg_generation_time) AS generation_mean
    FROM reprise_take_over_hour h JOIN cache_metrics o ON o.id = h.id GROUP BY h.kept
  ) s
  WHERE s.kept = m.id;
  DELETE FROM cache_metrics m USING reprise_take_over_hour h WHERE h.id = m.id AND h.kept <> h.id;

  -- Mappings: one row per message --------------------------------------------------------------------------------------

  UPDATE cache_content_mapping m SET
    cache_type = coalesce(m.cache_type, 'message'), cache_id = coalesce(m.cache_id, gen_random_uuid()),
    user_id = coalesce(m.user_id, (SELECT c.user_id FROM message_cache s JOIN conversation_cache c ON c.id = s.conversation_id
                                   WHERE s.id = m.cache_id), 'unowned'),
    cache_backend = coalesce(m.cache_backend, 'postgresql'), content_backend = coalesce(m.content_backend, 'postgresql'),
    is_synced = coalesce(m.is_synced, true), created_at = coalesce(m.created_at, now())
  WHERE num_nulls(m.cache_type, m.cache_id, m.user_id, m.cache_backend, m.content_backend, m.is_synced, m.created_at) > 0;
  DELETE FROM cache_content_mapping m
  USING (SELECT id, row_number() OVER (PARTITION BY cache_type, cache_id ORDER BY content_id IS NULL, created_at, id) AS place
         FROM cache_content_mapping) ranked
  WHERE ranked.id = m.id AND ranked.place > 1;
  INSERT INTO cache_content_mapping (id, cache_type, cache_id, user_id, cache_backend, content_backend, is_synced, created_at)
  SELECT gen_random_uuid(), 'message', m.id, c.user_id, 'postgresql', 'postgresql', true, m.timestamp
  FROM message_cache m JOIN conversation_cache c ON c.id = m.conversation_id
  WHERE NOT EXISTS (SELECT FROM cache_content_mapping k WHERE k.cache_type = 'message' AND k.cache_id = m.id);

  -- Embeddings ---------------------------------------------------------------------------------------------------------

  -- A JSON text inside JSON is what some clients made of an array.
  UPDATE cache_embeddings SET embedding = (embedding #>> '{}')::json WHERE json_typeof(embedding) = 'string';
  IF EXISTS (SELECT FROM cache_embeddings WHERE json_typeof(embedding) NOT IN ('array', 'null')) THEN
    RAISE EXCEPTION 'cache_embeddings.embedding holds something else than arrays of numbers';
  END IF;
  -- An empty vector is no embedding; its message is embedded anew.
  DELETE FROM cache_embeddings
  WHERE CASE WHEN embedding IS NULL OR json_typeof(embedding) = 'null' THEN true ELSE json_array_length(embedding) = 0 END;
  UPDATE cache_embeddings SET
    text_chunk = coalesce(text_chunk, ''), embedding_model = coalesce(embedding_model, 'unknown'), truncated = coalesce(truncated, false),
    created_at = coalesce(created_at, now()), embedding_dim = json_array_length(embedding);

  -- Float32, little endian; float4send writes big endian.
  UPDATE cache_embeddings e SET embedding_binary = (
    SELECT string_agg(substr(f, 4, 1) || substr(f, 3, 1) || substr(f, 2, 1) || substr(f, 1, 1), ''::bytea ORDER BY place)
    FROM json_array_elements_text(e.embedding) WITH ORDINALITY AS n (number, place),
         float4send(CASE WHEN abs(number::float8) < 1.2e-38 THEN 0 ELSE number::float8 END::real) AS f)
  WHERE octet_length(embedding_binary) IS DISTINCT FROM 4 * embedding_dim;

  -- Which message an embedding is of shows in its text; one embedding of a message bears the message's id.
  UPDATE cache_embeddings e SET message_id = said.id
  FROM (
    SELECT id, conversation_id, message_hash, content, row_number() OVER (PARTITION BY conversation_id, content ORDER BY sequence) AS place
    FROM message_cache m WHERE NOT EXISTS (SELECT FROM cache_embeddings k WHERE k.message_id = m.id)
  ) said, (
    SELECT id, conversation_id, text_chunk, row_number() OVER (PARTITION BY conversation_id, text_chunk ORDER BY created_at, id) AS place
    FROM cache_embeddings WHERE message_id IS NULL
  ) unnamed
  WHERE unnamed.id = e.id AND said.conversation_id = unnamed.conversation_id AND said.content = unnamed.text_chunk AND said.place = unnamed.place;
  UPDATE cache_embeddings e SET message_id = NULL
  FROM (SELECT id, row_number() OVER (PARTITION BY message_id ORDER BY created_at DESC, id) AS place
        FROM cache_embeddings WHERE message_id IS NOT NULL) ranked
  WHERE ranked.id = e.id AND ranked.place > 1;

  DROP TABLE reprise_take_over_merge, reprise_take_over_usage, reprise_take_over_hour;
END
$$;
