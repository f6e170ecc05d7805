-- What PostgreSQL says of each guest asked for, in their order, as one text with a line a guest:
-- `epoch next_seq content_bytes conversation_id head`, `migrated`, or nothing for a guest it does not know.
-- A function, because its statement is planned once a session: planning took longer than looking the guests up, and a
-- prepared statement would not pass a pooler. With these settings only index lookups are left to choose, whatever the
-- tables held when it was planned. One text, because rows cost both sides more than what is in them.
CREATE OR REPLACE FUNCTION reprise_fences(p_guest text[]) RETURNS text LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_material = off
AS $$
BEGIN
  RETURN (
    SELECT string_agg(
      CASE WHEN g.migrated_to IS NOT NULL THEN 'migrated'
           WHEN c.id IS NULL THEN ''
           ELSE g.epoch || ' ' || c.next_seq || ' ' || c.content_bytes || ' ' || c.id || ' ' || coalesce(c.reprise_head::text, '')
      END, E'\n' ORDER BY a.place)
    FROM unnest(p_guest) WITH ORDINALITY AS a (guest_id, place)
    LEFT JOIN reprise_guest g ON g.guest_id = a.guest_id
    LEFT JOIN conversation_cache c ON c.id = g.conversation_id
  );
END
$$;
