-- Before tables of something else are taken over (0000_make_way.sql): ids that are numbers, or texts that are no UUIDs,
-- become UUIDs, in whatever table they are named, and views step aside until the tables have their new form.
-- 0006_tell.sql brings the views back and tells what could not be kept.

-- The UUID of a row whose id was another one. The same id of the same table always becomes the same UUID, so that rows
-- go on naming each other, and an old id can still be looked up: WHERE id = reprise_uuid('message_cache', '17').
CREATE OR REPLACE FUNCTION reprise_uuid(of_table text, earlier text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN btrim(earlier) = '' THEN NULL
    WHEN earlier ~* '^\s*[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\s*$' THEN btrim(earlier)::uuid
    -- Of version 8 (RFC 9562): the bits of a hash of our choice.
    ELSE overlay(overlay(
      encode(substr(sha256(convert_to(of_table || ':' || btrim(earlier), 'UTF8')), 1, 16), 'hex')
      PLACING '8' FROM 13) PLACING '8' FROM 17)::uuid
  END
$$;

DO $$
DECLARE
  contract CONSTANT text[] := ARRAY['conversation_cache', 'message_cache', 'cache_embeddings', 'cache_metrics',
                                    'cache_migrations', 'usage_metrics', 'cache_content_mapping'];
  -- Columns as the contract names them, where other programs write userId.
  spoken CONSTANT text[] := ARRAY['user_id', 'message_count', 'created_at', 'updated_at', 'conversation_id',
    'message_hash', 'text_chunk', 'embedding_dim', 'embedding_model', 'message_id', 'total_entries', 'cache_hits',
    'cache_misses', 'total_requests', 'avg_response_time', 'avg_generation_time', 'storage_size_mb', 'recorded_at',
    'migration_type', 'records_migrated', 'records_failed', 'started_at', 'completed_at', 'monthly_request_limit',
    'cache_type', 'cache_id', 'content_id', 'cache_backend', 'content_backend', 'is_synced'];
  uuid_pattern CONSTANT text := '^\s*([0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12})?\s*$';
  old regclass[];
  found record;
  renaming text;
  is_needed boolean;
  notes text[] := '{}';
BEGIN
  SELECT array_agg(c.oid::regclass) INTO old FROM pg_class c
  WHERE c.relname = ANY (contract) AND c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r';
  IF old IS NULL OR EXISTS (SELECT FROM reprise_migrations WHERE name = '0000_make_way.sql') THEN RETURN; END IF;

  SELECT string_agg(format('ALTER TABLE %s RENAME COLUMN %I TO %I;', a.attrelid::regclass, a.attname, snake.name), ' ')
  INTO renaming
  FROM pg_attribute a, lower(regexp_replace(a.attname, '([a-z])([A-Z])', '\1_\2', 'g')) AS snake (name)
  WHERE a.attrelid = ANY (old) AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attname <> snake.name AND snake.name = ANY (spoken)
    AND NOT EXISTS (SELECT FROM pg_attribute s WHERE s.attrelid = a.attrelid AND s.attname = snake.name);
  IF renaming IS NOT NULL THEN
    RAISE EXCEPTION 'columns bear other names than ours; carry this out and start again: %', renaming;
  END IF;

  -- Views that read the tables, and views that read those, the ones read by others first. What would be lost with a view
  -- is left alone: then 0003 says which column it holds fast.
  CREATE TABLE reprise_take_over_view AS
  WITH RECURSIVE reading AS (
    SELECT DISTINCT r.ev_class AS oid, 1 AS depth FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (old)
      AND r.ev_class <> d.refobjid
    UNION
    SELECT r.ev_class, reading.depth + 1 FROM reading
    JOIN pg_depend d ON d.refobjid = reading.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
    WHERE r.ev_class <> reading.oid
  )
  SELECT c.oid::regclass::text AS name, c.relkind = 'm' AS is_materialized, max(reading.depth) AS depth, array_remove(
    ARRAY[
      format('CREATE %sVIEW %s%s AS %s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' END, c.oid::regclass,
             ' WITH (' || array_to_string(c.reloptions, ', ') || ')',
             rtrim(pg_get_viewdef(c.oid), ';') || CASE WHEN c.relkind = 'm' AND NOT c.relispopulated
                                                       THEN ' WITH NO DATA' ELSE '' END),
      format('ALTER TABLE %s OWNER TO %I', c.oid::regclass, pg_get_userbyid(c.relowner)),
      'COMMENT ON ' || CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END || 'VIEW ' || c.oid::regclass || ' IS '
        || quote_literal(obj_description(c.oid, 'pg_class'))
    ]
    || ARRAY(SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = c.oid)
    || ARRAY(SELECT format('GRANT %s ON %s TO %s%s', g.privilege_type, c.oid::regclass,
                           CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
                           CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END)
             FROM aclexplode(c.relacl) g WHERE g.grantee <> c.relowner), NULL) AS definitions
  FROM reading JOIN pg_class c ON c.oid = reading.oid
  WHERE c.relkind IN ('v', 'm') AND pg_has_role(c.relowner, 'USAGE')
    AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid)
    AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND (a.attacl IS NOT NULL OR a.atthasdef))
    AND NOT EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.rulename <> '_RETURN')
  GROUP BY c.oid;
  BEGIN
    FOR found IN SELECT * FROM reprise_take_over_view ORDER BY depth DESC LOOP
      EXECUTE format('DROP %sVIEW %s', CASE WHEN found.is_materialized THEN 'MATERIALIZED ' END, found.name);
    END LOOP;
  EXCEPTION WHEN dependent_objects_still_exist THEN
    DELETE FROM reprise_take_over_view;
  END;

  CREATE TEMPORARY TABLE reprise_take_over_id ON COMMIT DROP AS
  SELECT a.attrelid::regclass AS in_table, a.attname AS name, a.attnum AS place, a.attidentity <> '' AS is_identity,
         t.typcategory AS category, ids.of_table,
         format(CASE WHEN t.typname = 'bytea' THEN 'encode(%I, ''hex'')' ELSE '%I::text' END, a.attname) AS as_text
  FROM (
    SELECT name AS in_table, 'id' AS name, name AS of_table FROM unnest(contract) AS name
    UNION ALL VALUES
      ('message_cache', 'conversation_id', 'conversation_cache'), ('cache_embeddings', 'conversation_id', 'conversation_cache'),
      ('cache_embeddings', 'message_id', 'message_cache'), ('cache_content_mapping', 'cache_id', 'message_cache'),
      ('cache_content_mapping', 'content_id', 'generated_content')
  ) ids
  JOIN pg_attribute a ON a.attrelid = ANY (old) AND a.attrelid = to_regclass(ids.in_table) AND a.attname = ids.name
  JOIN pg_type t ON t.oid = a.atttypid
  WHERE NOT a.attisdropped AND (t.typcategory IN ('N', 'S') OR t.typname = 'bytea');
  FOR found IN SELECT * FROM reprise_take_over_id WHERE category = 'S' LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %s !~* %L)', found.in_table, found.as_text, uuid_pattern)
      INTO is_needed;
    IF NOT is_needed THEN
      DELETE FROM reprise_take_over_id WHERE in_table = found.in_table AND name = found.name;
    END IF;
  END LOOP;

  -- Keys between such columns are taken off and put on again; one from a table of somebody else's would have to change
  -- that table too.
  CREATE TEMPORARY TABLE reprise_take_over_key ON COMMIT DROP AS
  SELECT k.conname AS name, k.conrelid::regclass AS child, k.confrelid::regclass AS parent, far.of_table, a.attname,
         k.conrelid = ANY (old) AS is_ours, pg_get_constraintdef(k.oid) AS definition
  FROM pg_constraint k
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
  LEFT JOIN reprise_take_over_id near ON near.in_table = k.conrelid AND near.place = ANY (k.conkey)
  LEFT JOIN reprise_take_over_id far ON far.in_table = k.confrelid AND far.place = ANY (k.confkey)
  WHERE k.contype = 'f' AND num_nonnulls(near.place, far.place) > 0;
  FOR found IN SELECT * FROM reprise_take_over_key LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.child, found.name);
  END LOOP;
  FOR found IN SELECT k.conrelid::regclass AS name, k.conname FROM pg_constraint k
               WHERE k.contype = 'c' AND EXISTS (SELECT FROM reprise_take_over_id i
                                                 WHERE i.in_table = k.conrelid AND i.place = ANY (k.conkey)) LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.name, found.conname);
  END LOOP;

  -- Messages that say the same time stand in the order of their numbers, which is that of the rows from now on.
  FOR found IN SELECT i.in_table, x.indexrelid::regclass AS index FROM reprise_take_over_id i
               JOIN pg_index x ON x.indrelid = i.in_table AND x.indkey::text = i.place::text AND x.indpred IS NULL
               JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_am m ON m.oid = c.relam AND m.amname = 'btree'
               WHERE i.in_table = to_regclass('message_cache') AND i.name = 'id' AND i.category = 'N' LIMIT 1 LOOP
    EXECUTE format('CLUSTER %s USING %s', found.in_table, (SELECT relname FROM pg_class WHERE oid = found.index));
  END LOOP;

  FOR found IN SELECT * FROM reprise_take_over_id WHERE is_identity LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', found.in_table, found.name);
  END LOOP;
  FOR found IN
    SELECT in_table, string_agg(format(
      'ALTER COLUMN %1$I DROP DEFAULT, ALTER COLUMN %1$I TYPE uuid USING reprise_uuid(%2$L, %3$s)',
      name, of_table, as_text), ', ') AS changes
    FROM reprise_take_over_id GROUP BY in_table
  LOOP
    EXECUTE format('ALTER TABLE %s %s', found.in_table, found.changes);
  END LOOP;

  FOR found IN SELECT * FROM reprise_take_over_key LOOP
    BEGIN
      EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', found.child, found.name, found.definition);
    EXCEPTION WHEN OTHERS THEN
      notes := notes || format('foreign key %s of %s to %s is left out: ids are UUIDs now; %s', found.name, found.child,
        found.parent, CASE WHEN found.is_ours OR found.of_table IS NULL THEN SQLERRM ELSE format(
          'ALTER TABLE %s ALTER COLUMN %I TYPE uuid USING reprise_uuid(%L, %2$I::text) brings %1$s along', found.child,
          found.attname, found.of_table) END);
    END;
  END LOOP;
  CREATE TABLE reprise_take_over_note AS SELECT unnest(notes) AS note;
END
$$;
