-- Appends a batch of messages: one call, one transaction, one commit for all of them.
--
-- Locks are taken in one order everywhere: guests by id, then conversations by id, then usage rows by tier and owner;
-- erasing and migrating do the same, so that no two can wait for each other in a circle. Whoever holds a conversation's
-- row is alone with its sequence, its idempotency keys and its guest's usage row.
--
-- The arrays are parallel, one element a message. A guest's message has p_guest; a user's has p_user and p_conversation.
-- kind: saved | replayed | key_conflict | over_quota | migrated | unknown_conversation. The last is also what a guest
-- gets who is erased before its conversation is locked below; asking again begins a new one. head is that of the
-- conversation before this batch.
--
-- Plans are made once per session, from whatever the statistics say in that moment: a plan for tables of ten rows would
-- later read a million. With these settings only index lookups are left to choose.

CREATE OR REPLACE FUNCTION reprise_append(
  p_guest text[], p_user text[], p_conversation uuid[], p_message uuid[], p_role text[], p_content text[], p_hash text[],
  p_timestamp timestamptz[], p_synced boolean[], p_key text[], p_fingerprint text[],
  p_embed boolean, p_enforce_quota boolean, p_guest_limit integer
) RETURNS TABLE (
  kind text, message_id uuid, conversation_id uuid, sequence bigint, epoch bigint, is_synced boolean,
  monthly_limit integer, head uuid
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_material = off
AS $$
#variable_conflict use_column
DECLARE
  wanted uuid[];
  locked uuid[];
  has_newcomers boolean;
BEGIN
  -- In two steps: a row that changed while its lock was waited for is looked at again, and that second look loses rows
  -- whose condition hangs on other tables.
  SELECT array_agg(DISTINCT coalesce(g.conversation_id, a.asked_id)),
         bool_or(a.guest_id IS NOT NULL AND g.conversation_id IS NULL AND g.migrated_to IS NULL)
  INTO wanted, has_newcomers
  FROM unnest(p_guest, p_conversation) AS a (guest_id, asked_id)
  LEFT JOIN reprise_guest g ON g.guest_id = a.guest_id;

  IF has_newcomers THEN
    -- Guests without a conversation get one, whoever of several servers comes first.
    WITH begun AS (
      INSERT INTO reprise_guest AS g (guest_id, conversation_id)
      SELECT newcomer.guest_id, gen_random_uuid()
      FROM (
        SELECT DISTINCT a.guest_id FROM unnest(p_guest) AS a (guest_id)
        WHERE a.guest_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM reprise_guest g WHERE g.guest_id = a.guest_id
                          AND (g.conversation_id IS NOT NULL OR g.migrated_to IS NOT NULL))
      ) newcomer
      ORDER BY newcomer.guest_id
      ON CONFLICT (guest_id) DO UPDATE SET conversation_id = excluded.conversation_id
        WHERE g.conversation_id IS NULL AND g.migrated_to IS NULL
      RETURNING g.guest_id, g.conversation_id
    )
    INSERT INTO conversation_cache (id, user_id, platform)
    SELECT b.conversation_id, b.guest_id, 'guest' FROM begun b;

    wanted := ARRAY (
      SELECT g.conversation_id FROM reprise_guest g WHERE g.guest_id = ANY (p_guest)
      UNION SELECT unnest(p_conversation)
    );
  END IF;

  locked := ARRAY (SELECT c.id FROM conversation_cache c WHERE c.id = ANY (wanted) ORDER BY c.id FOR NO KEY UPDATE);

  -- This statement sees all that was committed before the locks were granted.
  RETURN QUERY
  WITH item AS (
    SELECT a.*, coalesce(g.epoch, 0) AS epoch, g.migrated_to, c.id AS conversation_id, c.next_seq,
           c.reprise_head AS head,
           k.message_id AS known_id, k.sequence AS known_sequence, k.fingerprint AS known_fingerprint,
           coalesce(u.monthly_request_limit, p_guest_limit) AS monthly_limit,
           CASE WHEN u.month >= reprise_month(now()) THEN u.month_requests ELSE 0 END AS used,
           c.id IS NOT NULL AND k.message_id IS NULL AND
             (a.key IS NULL OR row_number() OVER (PARTITION BY c.id, a.key ORDER BY a.ordinal) = 1) AS is_new
    FROM (
      SELECT b.*, coalesce(b.guest_id, b.user_id) AS owner,
             CASE WHEN b.guest_id IS NULL THEN 'user' ELSE 'guest' END AS tier
      FROM unnest(
        p_guest, p_user, p_conversation, p_message, p_role, p_content, p_hash, p_timestamp, p_synced, p_key, p_fingerprint
      ) WITH ORDINALITY AS b (
        guest_id, user_id, asked_id, message_id, role, content, hash, said_at, synced, key, fingerprint, ordinal
      )
    ) a
    LEFT JOIN reprise_guest g ON g.guest_id = a.guest_id
    LEFT JOIN conversation_cache c
      ON c.id = coalesce(g.conversation_id, a.asked_id) AND c.id = ANY (locked)
     AND c.user_id = a.owner AND c.platform = a.tier
    LEFT JOIN reprise_idempotency k ON k.conversation_id = c.id AND k.key = a.key
    LEFT JOIN LATERAL (
      SELECT q.monthly_request_limit, q.month, q.month_requests FROM usage_metrics q
      WHERE p_enforce_quota AND q.user_id = a.guest_id AND q.tier = 'guest' OFFSET 0
    ) u ON true
  ), placed AS MATERIALIZED (
    -- The quota goes by order of arrival, so that what it grants in a conversation is always a beginning: the arrival
    -- gives the sequence too.
    SELECT i.*, CASE WHEN i.is_new AND (NOT p_enforce_quota OR i.tier = 'user' OR i.used + i.arrival <= i.monthly_limit)
                     THEN i.next_seq + i.arrival - 1 END AS sequence
    FROM (
      SELECT n.*, count(*) FILTER (WHERE n.is_new) OVER (PARTITION BY n.conversation_id ORDER BY n.ordinal) AS arrival
      FROM item n
    ) i
  ), granted AS MATERIALIZED (
    SELECT p.* FROM placed p WHERE p.sequence IS NOT NULL
  ), stored_message AS (
    INSERT INTO message_cache (id, conversation_id, sequence, role, content, message_hash, timestamp)
    SELECT g.message_id, g.conversation_id, g.sequence, g.role, g.content, g.hash, g.said_at FROM granted g
  ), stored_mapping AS (
    -- A mapping bears its message's id: made in order of time, it is written at the end of its index.
    INSERT INTO cache_content_mapping (id, cache_type, cache_id, user_id, is_synced)
    SELECT g.message_id, 'message', g.message_id, g.owner, g.synced FROM granted g
  ), stored_outbox AS (
    INSERT INTO reprise_outbox (message_id, conversation_id)
    SELECT g.message_id, g.conversation_id FROM granted g WHERE p_embed
  ), stored_key AS (
    INSERT INTO reprise_idempotency (conversation_id, key, fingerprint, message_id, sequence)
    SELECT g.conversation_id, g.key, g.fingerprint, g.message_id, g.sequence FROM granted g WHERE g.key IS NOT NULL
  ), counted AS (
    INSERT INTO usage_metrics AS u (user_id, tier, total_requests, cache_misses, monthly_request_limit, month, month_requests)
    SELECT g.owner, g.tier, count(*), count(*), CASE WHEN g.tier = 'guest' THEN p_guest_limit END,
           reprise_month(now()), count(*)
    FROM granted g GROUP BY g.tier, g.owner ORDER BY g.tier, g.owner
    ON CONFLICT (user_id, tier) DO UPDATE SET
      total_requests = u.total_requests + excluded.total_requests,
      cache_misses = u.cache_misses + excluded.cache_misses,
      month_requests = excluded.month_requests + CASE WHEN u.month >= excluded.month THEN u.month_requests ELSE 0 END,
      month = greatest(u.month, excluded.month),
      updated_at = now()
  ), advanced AS (
    UPDATE conversation_cache c SET
      next_seq = c.next_seq + n.messages, message_count = c.message_count + n.messages,
      content_bytes = c.content_bytes + n.bytes, reprise_head = n.head, updated_at = now()
    FROM (SELECT g.conversation_id, count(*) AS messages, sum(octet_length(g.content)) AS bytes,
                 (array_agg(g.message_id ORDER BY g.sequence DESC))[1] AS head
          FROM granted g GROUP BY g.conversation_id) n
    WHERE c.id = n.conversation_id
  )
  SELECT CASE
           WHEN p.conversation_id IS NULL THEN
             CASE WHEN p.migrated_to IS NULL THEN 'unknown_conversation' ELSE 'migrated' END
           WHEN p.sequence IS NOT NULL THEN 'saved'
           WHEN coalesce(p.known_id, earlier.message_id) IS NULL THEN 'over_quota'
           WHEN coalesce(p.known_fingerprint, earlier.fingerprint) <> p.fingerprint THEN 'key_conflict'
           ELSE 'replayed'
         END,
         coalesce(p.known_id, earlier.message_id, p.message_id), p.conversation_id,
         coalesce(p.known_sequence, earlier.sequence, p.sequence), p.epoch, coalesce(m.is_synced, p.synced), p.monthly_limit,
         p.head
  FROM placed p
  -- The message of this very batch that bears the same key.
  LEFT JOIN LATERAL (
    SELECT e.message_id, e.sequence, e.fingerprint FROM granted e
    WHERE NOT p.is_new AND p.known_id IS NULL AND e.conversation_id = p.conversation_id AND e.key = p.key
    OFFSET 0
  ) earlier ON true
  LEFT JOIN cache_content_mapping m ON m.cache_id = p.known_id AND m.cache_type = 'message'
  ORDER BY p.ordinal;
END
$$;
