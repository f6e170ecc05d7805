-- Appends a batch of messages: one call, one transaction, one commit for all of them.
--
-- Locks are taken in one order everywhere: guests by id, then conversations by id, then usage rows by id; erasing and
-- migrating do the same, so that no two can wait for each other in a circle. Whoever holds a conversation's row lock is
-- alone with its sequence, its idempotency keys and its place in the copy.
--
-- The arrays are parallel, one element a message. A guest's message has p_guest; a user's has p_user and p_conversation.
-- kind: saved | replayed | key_conflict | over_quota | migrated | unknown_conversation

CREATE FUNCTION reprise_append(
  p_guest text[], p_user text[], p_conversation uuid[], p_message uuid[], p_role text[], p_content text[], p_hash text[],
  p_timestamp timestamptz[], p_key text[], p_fingerprint text[],
  p_embed boolean, p_enforce_quota boolean, p_guest_limit integer
) RETURNS TABLE (
  position integer, kind text, message_id uuid, conversation_id uuid, sequence bigint, epoch bigint,
  is_synced boolean, monthly_limit integer
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  new_guest text;
  guest_state record;
  new_conversation uuid;
BEGIN
  -- A guest without a conversation gets one; the guest's row lock makes sure it is one.
  FOR new_guest IN
    SELECT DISTINCT wanted.guest_id
    FROM unnest(p_guest) AS wanted (guest_id)
    WHERE wanted.guest_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM reprise_guest g WHERE g.guest_id = wanted.guest_id
                      AND (g.conversation_id IS NOT NULL OR g.migrated_to IS NOT NULL))
    ORDER BY 1
  LOOP
    INSERT INTO reprise_guest (guest_id) VALUES (new_guest) ON CONFLICT DO NOTHING;
    SELECT g.conversation_id, g.migrated_to INTO guest_state
    FROM reprise_guest g WHERE g.guest_id = new_guest FOR UPDATE;
    CONTINUE WHEN guest_state.conversation_id IS NOT NULL OR guest_state.migrated_to IS NOT NULL;
    new_conversation := gen_random_uuid();
    INSERT INTO conversation_cache (id, user_id, platform) VALUES (new_conversation, new_guest, 'guest');
    UPDATE reprise_guest g SET conversation_id = new_conversation WHERE g.guest_id = new_guest;
  END LOOP;

  PERFORM FROM conversation_cache c
  WHERE c.id IN (
    SELECT g.conversation_id FROM reprise_guest g WHERE g.guest_id = ANY (p_guest)
    UNION ALL SELECT unnest(p_conversation)
  )
  ORDER BY c.id FOR NO KEY UPDATE;

  IF p_enforce_quota THEN
    PERFORM FROM usage_metrics u
    WHERE u.tier = 'guest' AND u.user_id = ANY (p_guest) ORDER BY u.user_id FOR NO KEY UPDATE;
  END IF;

  -- The statement below sees all that was committed before the locks were granted.
  RETURN QUERY
  WITH item AS MATERIALIZED (
    SELECT a.position::integer, a.guest_id, coalesce(a.guest_id, a.user_id) AS owner,
           CASE WHEN a.guest_id IS NULL THEN 'user' ELSE 'guest' END AS tier,
           a.message_id, a.role, a.content, a.hash, a.said_at, a.key, a.fingerprint,
           c.id AS conversation_id, c.next_seq, coalesce(g.epoch, 0) AS epoch, g.migrated_to
    FROM unnest(p_guest, p_user, p_conversation, p_message, p_role, p_content, p_hash, p_timestamp, p_key, p_fingerprint)
      WITH ORDINALITY AS a (guest_id, user_id, asked_id, message_id, role, content, hash, said_at, key, fingerprint, position)
    LEFT JOIN reprise_guest g ON g.guest_id = a.guest_id
    LEFT JOIN conversation_cache c
      ON c.id = coalesce(g.conversation_id, a.asked_id)
     AND c.user_id = coalesce(a.guest_id, a.user_id)
     AND c.platform = CASE WHEN a.guest_id IS NULL THEN 'user' ELSE 'guest' END
  ), keyed AS (
    -- The first bearer of a key in this batch stands for the later ones.
    SELECT i.*, k.message_id AS known_message, k.fingerprint AS known_fingerprint, k.sequence AS known_sequence,
           CASE WHEN i.key IS NULL THEN i.position
                ELSE first_value(i.position) OVER (PARTITION BY i.conversation_id, i.key ORDER BY i.position) END AS first_position,
           CASE WHEN i.key IS NULL THEN i.fingerprint
                ELSE first_value(i.fingerprint) OVER (PARTITION BY i.conversation_id, i.key ORDER BY i.position) END AS first_fingerprint
    FROM item i
    LEFT JOIN reprise_idempotency k ON k.conversation_id = i.conversation_id AND k.key = i.key
  ), fresh AS (
    SELECT k.*, row_number() OVER (PARTITION BY k.tier, k.owner ORDER BY k.position) AS arrival
    FROM keyed k
    WHERE k.conversation_id IS NOT NULL AND k.known_message IS NULL AND k.first_position = k.position
  ), granted AS (
    SELECT f.*, f.next_seq + row_number() OVER (PARTITION BY f.conversation_id ORDER BY f.position) - 1 AS sequence
    FROM fresh f
    WHERE NOT p_enforce_quota OR f.tier <> 'guest' OR f.arrival <= (
      SELECT greatest(0, coalesce(max(u.monthly_request_limit), p_guest_limit)
             - coalesce(max(u.month_requests) FILTER (WHERE u.month = reprise_month(now())), 0))
      FROM usage_metrics u WHERE u.user_id = f.owner AND u.tier = 'guest')
  ), stored_message AS (
    INSERT INTO message_cache (id, conversation_id, sequence, role, content, message_hash, timestamp)
    SELECT g.message_id, g.conversation_id, g.sequence, g.role, g.content, g.hash, g.said_at FROM granted g ORDER BY g.position
  ), stored_mapping AS (
    INSERT INTO cache_content_mapping (id, cache_type, cache_id, user_id, cache_backend, content_backend, is_synced)
    SELECT gen_random_uuid(), 'message', g.message_id, g.owner, 'postgresql', 'postgresql', true FROM granted g ORDER BY g.position
  ), stored_outbox AS (
    INSERT INTO reprise_outbox (message_id, conversation_id)
    SELECT g.message_id, g.conversation_id FROM granted g WHERE p_embed ORDER BY g.position
  ), stored_key AS (
    INSERT INTO reprise_idempotency (conversation_id, key, fingerprint, message_id, sequence)
    SELECT g.conversation_id, g.key, g.fingerprint, g.message_id, g.sequence FROM granted g WHERE g.key IS NOT NULL
  ), counted AS (
    INSERT INTO usage_metrics AS u
      (id, user_id, tier, total_requests, cache_hits, cache_misses, monthly_request_limit, month, month_requests)
    SELECT gen_random_uuid(), g.owner, g.tier, count(*), 0, count(*), CASE WHEN g.tier = 'guest' THEN p_guest_limit END,
           reprise_month(now()), count(*)
    FROM granted g GROUP BY g.owner, g.tier ORDER BY g.owner, g.tier
    ON CONFLICT (user_id, tier) DO UPDATE SET
      total_requests = u.total_requests + excluded.total_requests,
      cache_misses = u.cache_misses + excluded.cache_misses,
      month_requests = excluded.month_requests + CASE WHEN u.month = excluded.month THEN u.month_requests ELSE 0 END,
      month = excluded.month,
      updated_at = now()
  ), advanced AS (
    UPDATE conversation_cache c SET
      next_seq = c.next_seq + n.messages, message_count = c.message_count + n.messages,
      content_bytes = c.content_bytes + n.bytes, updated_at = now()
    FROM (SELECT g.conversation_id, count(*) AS messages, sum(octet_length(g.content)) AS bytes
          FROM granted g GROUP BY g.conversation_id) n
    WHERE c.id = n.conversation_id
  )
  SELECT k.position,
         CASE
           WHEN k.conversation_id IS NULL AND k.migrated_to IS NOT NULL THEN 'migrated'
           WHEN k.conversation_id IS NULL THEN 'unknown_conversation'
           WHEN k.known_message IS NOT NULL AND k.known_fingerprint <> k.fingerprint THEN 'key_conflict'
           WHEN k.known_message IS NOT NULL THEN 'replayed'
           WHEN k.first_fingerprint <> k.fingerprint THEN 'key_conflict'
           WHEN g.sequence IS NULL THEN 'over_quota'
           WHEN k.first_position <> k.position THEN 'replayed'
           ELSE 'saved'
         END,
         coalesce(k.known_message, g.message_id), k.conversation_id, coalesce(k.known_sequence, g.sequence), k.epoch,
         coalesce(m.is_synced, true),
         (SELECT coalesce(max(u.monthly_request_limit), p_guest_limit) FROM usage_metrics u
          WHERE g.sequence IS NULL AND u.user_id = k.owner AND u.tier = 'guest')
  FROM keyed k
  LEFT JOIN granted g ON g.position = k.first_position
  LEFT JOIN cache_content_mapping m ON m.cache_type = 'message' AND m.cache_id = k.known_message
  ORDER BY k.position;
END
$$;
