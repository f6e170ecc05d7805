-- Usage, hourly counts, mappings and embeddings of tables that were taken over become what the contract says.
-- 0000_make_way.sql tells the whole.

DO $$
BEGIN
  IF to_regclass('reprise_take_over') IS NULL THEN RETURN; END IF;

  UPDATE cache_metrics SET id = gen_random_uuid() WHERE id IS NULL;
  UPDATE usage_metrics SET id = gen_random_uuid() WHERE id IS NULL;
  UPDATE cache_content_mapping SET id = gen_random_uuid() WHERE id IS NULL;

  -- Usage: one row per owner and tier, the oldest takes the others in.
  UPDATE usage_metrics SET
    user_id = coalesce(user_id, 'unowned:' || id),
    tier = CASE WHEN lower(tier) IN ('guest', 'user', 'api') THEN lower(tier) ELSE coalesce(tier, 'guest') END,
    total_requests = coalesce(total_requests, 0),
    cache_hits = coalesce(cache_hits, 0),
    cache_misses = coalesce(cache_misses, 0),
    month_requests = CASE WHEN month IS NULL THEN 0 ELSE coalesce(month_requests, 0) END,
    month = coalesce(month, reprise_month(now())),
    created_at = coalesce(created_at, updated_at, now()),
    updated_at = coalesce(updated_at, created_at, now());
  CREATE TABLE reprise_take_over_usage AS
  SELECT id, first_value(id) OVER (PARTITION BY user_id, tier ORDER BY created_at, id) AS kept,
         max(month) OVER (PARTITION BY user_id, tier) AS last_month
  FROM usage_metrics;
  UPDATE usage_metrics u SET
    total_requests = s.requests, cache_hits = s.hits, cache_misses = s.misses, monthly_request_limit = s.monthly_limit,
    month = s.last_month, month_requests = s.month_requests, updated_at = s.updated_at
  FROM (
    SELECT t.kept, t.last_month, sum(o.total_requests) AS requests, sum(o.cache_hits) AS hits,
           sum(o.cache_misses) AS misses, max(o.monthly_request_limit) AS monthly_limit,
           sum(o.month_requests) FILTER (WHERE o.month = t.last_month) AS month_requests, max(o.updated_at) AS updated_at
    FROM reprise_take_over_usage t JOIN usage_metrics o ON o.id = t.id
    GROUP BY t.kept, t.last_month HAVING count(*) > 1
  ) s
  WHERE s.kept = u.id;
  DELETE FROM usage_metrics u USING reprise_take_over_usage t WHERE t.id = u.id AND t.kept <> t.id;

  -- Hourly counts: one row per UTC hour, averages weighted by their own counts, as far as these are known.
  UPDATE cache_metrics SET
    recorded_at = coalesce(recorded_at, now()),
    cache_hits = coalesce(cache_hits, 0),
    cache_misses = coalesce(cache_misses, 0),
    total_requests = coalesce(total_requests, coalesce(cache_hits, 0) + coalesce(cache_misses, 0)),
    total_entries = coalesce(total_entries, 0),
    storage_size_mb = coalesce(storage_size_mb, 0);
  UPDATE cache_metrics SET
    response_count = CASE WHEN avg_response_time IS NULL THEN 0 ELSE coalesce(response_count, total_requests) END,
    generation_count = CASE WHEN avg_generation_time IS NULL THEN 0 ELSE coalesce(generation_count, cache_misses) END,
    avg_response_time = coalesce(avg_response_time, 0),
    avg_generation_time = coalesce(avg_generation_time, 0);
  CREATE TABLE reprise_take_over_hour AS
  SELECT id, date_trunc('hour', recorded_at, 'UTC') AS hour_at,
         first_value(id) OVER (PARTITION BY date_trunc('hour', recorded_at, 'UTC') ORDER BY recorded_at, id) AS kept
  FROM cache_metrics;
  UPDATE cache_metrics m SET
    recorded_at = s.hour_at, cache_hits = s.hits, cache_misses = s.misses, total_requests = s.requests,
    total_entries = s.entries, storage_size_mb = s.megabytes,
    response_count = s.responses,
    avg_response_time = coalesce(s.response_ms / nullif(s.responses, 0), s.response_mean),
    generation_count = s.generations,
    avg_generation_time = coalesce(s.generation_ms / nullif(s.generations, 0), s.generation_mean)
  FROM (
    SELECT h.kept, h.hour_at, sum(o.cache_hits) AS hits, sum(o.cache_misses) AS misses,
           sum(o.total_requests) AS requests,
           (array_agg(o.total_entries ORDER BY o.recorded_at DESC))[1] AS entries,
           (array_agg(o.storage_size_mb ORDER BY o.recorded_at DESC))[1] AS megabytes,
           sum(o.response_count) AS responses, avg(o.avg_response_time) AS response_mean,
           sum(o.avg_response_time * o.response_count) AS response_ms,
           sum(o.generation_count) AS generations, avg(o.avg_generation_time) AS generation_mean,
           sum(o.avg_generation_time * o.generation_count) AS generation_ms
    FROM reprise_take_over_hour h JOIN cache_metrics o ON o.id = h.id
    GROUP BY h.kept, h.hour_at
  ) s
  WHERE s.kept = m.id;
  DELETE FROM cache_metrics m USING reprise_take_over_hour h WHERE h.id = m.id AND h.kept <> h.id;
  DROP TABLE reprise_take_over_usage, reprise_take_over_hour;

  -- Mappings: one row per message.
  UPDATE cache_content_mapping m SET
    cache_type = coalesce(m.cache_type, 'message'),
    cache_id = coalesce(m.cache_id, gen_random_uuid()),
    user_id = coalesce(m.user_id, (
      SELECT c.user_id FROM message_cache s JOIN conversation_cache c ON c.id = s.conversation_id WHERE s.id = m.cache_id
    ), 'unowned'),
    cache_backend = coalesce(m.cache_backend, 'postgresql'),
    content_backend = coalesce(m.content_backend, 'postgresql'),
    is_synced = coalesce(m.is_synced, true),
    created_at = coalesce(m.created_at, now())
  WHERE num_nulls(m.cache_type, m.cache_id, m.user_id, m.cache_backend, m.content_backend, m.is_synced, m.created_at) > 0;
  DELETE FROM cache_content_mapping m
  USING (
    SELECT id, row_number() OVER (
             PARTITION BY cache_type, cache_id ORDER BY content_id IS NULL, created_at, id) AS place
    FROM cache_content_mapping
  ) ranked
  WHERE ranked.id = m.id AND ranked.place > 1;
  INSERT INTO cache_content_mapping
    (id, cache_type, cache_id, user_id, cache_backend, content_backend, is_synced, created_at)
  SELECT gen_random_uuid(), 'message', m.id, c.user_id, 'postgresql', 'postgresql', true, m.timestamp
  FROM message_cache m JOIN conversation_cache c ON c.id = m.conversation_id
  WHERE NOT EXISTS (SELECT FROM cache_content_mapping k WHERE k.cache_type = 'message' AND k.cache_id = m.id);

  -- Embeddings. A JSON text inside JSON is what some clients made of an array.
  UPDATE cache_embeddings SET embedding = (embedding #>> '{}')::json WHERE json_typeof(embedding) = 'string';
  IF EXISTS (SELECT FROM cache_embeddings WHERE json_typeof(embedding) NOT IN ('array', 'null')) THEN
    RAISE EXCEPTION 'cache_embeddings.embedding holds something else than arrays of numbers';
  END IF;
  -- An empty vector is no embedding; its message is embedded anew.
  DELETE FROM cache_embeddings
  WHERE CASE WHEN json_typeof(embedding) = 'array' THEN json_array_length(embedding) = 0 ELSE true END;
  UPDATE cache_embeddings SET
    text_chunk = coalesce(text_chunk, ''),
    embedding_model = coalesce(embedding_model, 'unknown'),
    embedding_dim = json_array_length(embedding),
    truncated = coalesce(truncated, false),
    created_at = coalesce(created_at, now());

  -- The binary copy is float32, little endian; float4send writes big endian, and a number too small for float32 is 0.
  UPDATE cache_embeddings e SET embedding_binary = (
    SELECT string_agg(substr(b, 4, 1) || substr(b, 3, 1) || substr(b, 2, 1) || substr(b, 1, 1), ''::bytea ORDER BY place)
    FROM json_array_elements_text(e.embedding) WITH ORDINALITY AS n (number, place),
         float4send(CASE WHEN abs(number::float8) < 1.2e-38 THEN 0 ELSE number::float8 END::real) AS b
  )
  WHERE octet_length(embedding_binary) IS DISTINCT FROM 4 * embedding_dim;

  -- Which message an embedding is of shows in its text; one embedding of a message bears the message's id.
  UPDATE cache_embeddings e SET message_id = said.id
  FROM (
    SELECT m.id, m.conversation_id, m.content,
           row_number() OVER (PARTITION BY m.conversation_id, m.content ORDER BY m.sequence) AS place
    FROM message_cache m WHERE NOT EXISTS (SELECT FROM cache_embeddings k WHERE k.message_id = m.id)
  ) said, (
    SELECT id, conversation_id, text_chunk,
           row_number() OVER (PARTITION BY conversation_id, text_chunk ORDER BY created_at, id) AS place
    FROM cache_embeddings WHERE message_id IS NULL
  ) unnamed
  WHERE unnamed.id = e.id AND said.conversation_id = unnamed.conversation_id AND said.content = unnamed.text_chunk
    AND said.place = unnamed.place;
  UPDATE cache_embeddings e SET message_id = NULL
  FROM (
    SELECT id, row_number() OVER (PARTITION BY message_id ORDER BY created_at DESC, id) AS place
    FROM cache_embeddings WHERE message_id IS NOT NULL
  ) ranked
  WHERE ranked.id = e.id AND ranked.place > 1;
END
$$;
