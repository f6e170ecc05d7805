-- The old tables get the columns of the new ones: the same types, and none that refuses our rows. 0000_make_way.sql
-- tells the whole.

-- How a value of another type is read; NULL for a type that cannot be.
CREATE FUNCTION reprise_conversion(wanted text, had text, category "char", col text) RETURNS text LANGUAGE sql AS $$
  SELECT CASE
    WHEN wanted = had THEN col
    WHEN wanted = 'text' THEN col || '::text'
    WHEN wanted = 'uuid' AND category = 'S' THEN format('nullif(btrim(%s::text), '''')::uuid', col)
    WHEN wanted = 'uuid' THEN NULL
    -- A time without a zone means UTC, which is the session's zone here.
    WHEN wanted = 'timestamp with time zone' AND category = 'D' THEN col || '::timestamp with time zone'
    WHEN wanted = 'timestamp with time zone' AND category = 'N'
      THEN format('to_timestamp(%1$s / CASE WHEN abs(%1$s) > 1e11 THEN 1000.0 ELSE 1.0 END)', col)
    WHEN wanted = 'json' AND category = 'A' THEN format('to_json(%s)', col)
    WHEN wanted IN ('bigint', 'integer') THEN format('nullif(btrim(%s::text), '''')::numeric::%s', col, wanted)
    WHEN wanted = 'boolean' AND category = 'N' THEN col || ' <> 0'
    WHEN wanted = 'bytea' THEN NULL
    ELSE format('nullif(btrim(%s::text), '''')::%s', col, wanted)
  END
$$;

DO $$
DECLARE
  uuid_pattern CONSTANT text := '^\s*([0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12})?\s*$';
  -- What nobody can make up.
  indispensable CONSTANT text[] := ARRAY[
    'conversation_cache.id', 'conversation_cache.user_id', 'message_cache.conversation_id', 'message_cache.content',
    'cache_embeddings.embedding', 'cache_metrics.recorded_at', 'usage_metrics.user_id',
    'cache_content_mapping.cache_id'];
  pair record;
  col record;
  found record;
  changes text[];
  unreadable bigint;
BEGIN
  IF to_regclass('reprise_take_over') IS NULL THEN RETURN; END IF;

  FOR pair IN
    SELECT new.relname AS name, old.oid AS old, new.oid AS new
    FROM pg_class old
    JOIN pg_class new ON old.relname = 'reprise_old_' || new.relname AND old.relnamespace = new.relnamespace
    WHERE old.relnamespace = current_schema()::regnamespace AND old.relkind = 'r'
    ORDER BY new.relname
  LOOP
    changes := ARRAY[]::text[];
    FOR col IN
      SELECT n.attname AS name, type.wanted, type.had, o.attnum, o.attidentity <> '' AS is_identity,
             o.attgenerated <> '' AS is_generated,
             reprise_conversion(type.wanted, type.had, t.typcategory, quote_ident(n.attname)) AS conversion
      FROM pg_attribute n
      LEFT JOIN pg_attribute o ON o.attrelid = pair.old AND o.attname = n.attname AND NOT o.attisdropped
      LEFT JOIN pg_type t ON t.oid = o.atttypid
      CROSS JOIN LATERAL (
        SELECT format_type(n.atttypid, n.atttypmod) AS wanted, format_type(o.atttypid, o.atttypmod) AS had
      ) type
      WHERE n.attrelid = pair.new AND n.attnum > 0
    LOOP
      IF col.had IS NULL THEN
        IF pair.name || '.' || col.name = ANY (indispensable) THEN
          RAISE EXCEPTION 'the table % has no column %; rename the column that holds it', pair.name, col.name;
        END IF;
        changes := changes || format('ADD COLUMN %I %s', col.name, col.wanted);
        CONTINUE;
      END IF;
      IF col.conversion IS NULL THEN
        RAISE EXCEPTION '%.% is %, and % is needed%', pair.name, col.name, col.had, col.wanted,
          CASE col.wanted WHEN 'uuid' THEN ', or text that holds UUIDs; ids of other kinds are not taken over: '
                                           'give the rows UUIDs first' ELSE '' END;
      END IF;
      IF col.is_identity THEN changes := changes || format('ALTER COLUMN %I DROP IDENTITY', col.name); END IF;
      IF col.is_generated THEN changes := changes || format('ALTER COLUMN %I DROP EXPRESSION', col.name);
      ELSE changes := changes || format('ALTER COLUMN %I DROP DEFAULT', col.name); END IF;
      changes := changes || format('ALTER COLUMN %I DROP NOT NULL', col.name);
      CONTINUE WHEN col.wanted = col.had;

      IF col.wanted = 'uuid' THEN
        EXECUTE format('SELECT count(*) FROM %s WHERE %I::text !~* %L', pair.old::regclass, col.name, uuid_pattern)
          INTO unreadable;
        IF unreadable > 0 THEN
          RAISE EXCEPTION '%.% holds % values that are no UUIDs; ids of other kinds are not taken over: '
            'give the rows UUIDs first', pair.name, col.name, unreadable;
        END IF;
      END IF;
      FOR found IN
        SELECT DISTINCT r.ev_class::regclass AS view FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = pair.old AND d.refobjsubid = col.attnum
      LOOP
        RAISE EXCEPTION 'the view % reads %.%, whose type must change from % to %; drop the view and create it again '
          'afterwards', found.view, pair.name, col.name, col.had, col.wanted;
      END LOOP;
      changes := changes || format('ALTER COLUMN %I TYPE %s USING %s', col.name, col.wanted, col.conversion);
    END LOOP;

    -- Columns that we know nothing of stay, but cannot ask us for a value.
    SELECT changes || coalesce(array_agg(format('ALTER COLUMN %I DROP NOT NULL', o.attname)), '{}') INTO changes
    FROM pg_attribute o
    WHERE o.attrelid = pair.old AND o.attnum > 0 AND NOT o.attisdropped
      AND o.attnotnull AND NOT o.atthasdef AND o.attidentity = ''
      AND NOT EXISTS (SELECT FROM pg_attribute n WHERE n.attrelid = pair.new AND n.attname = o.attname);

    -- The order in which messages were written, where neither time nor number tells.
    IF pair.name = 'message_cache' THEN
      changes := changes || 'ADD COLUMN reprise_position bigint GENERATED ALWAYS AS IDENTITY'::text;
    END IF;

    BEGIN
      EXECUTE format('ALTER TABLE %s %s', pair.old::regclass, array_to_string(changes, ', '));
    EXCEPTION WHEN data_exception THEN
      RAISE EXCEPTION USING ERRCODE = SQLSTATE,
        MESSAGE = format('a value of the table %s cannot be read: %s', pair.name, SQLERRM);
    END;

    INSERT INTO reprise_take_over
    SELECT 'known', pair.name, NULL, a.attname, NULL
    FROM pg_attribute a WHERE a.attrelid = pair.new AND a.attnum > 0;
    INSERT INTO reprise_take_over
    SELECT 'column', pair.name, NULL, a.attname, format('ALTER TABLE %I %s', pair.name, concat_ws(', ',
      CASE WHEN d.adbin IS NOT NULL
           THEN format('ALTER COLUMN %I SET DEFAULT %s', a.attname, pg_get_expr(d.adbin, d.adrelid)) END,
      CASE WHEN a.attnotnull THEN format('ALTER COLUMN %I SET NOT NULL', a.attname) END))
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = pair.new AND a.attnum > 0 AND (a.attnotnull OR d.adbin IS NOT NULL);
    INSERT INTO reprise_take_over
    SELECT 'constraint', pair.name, k.conname, NULL,
           format('ALTER TABLE %I ADD CONSTRAINT %I %s', pair.name, k.conname, pg_get_constraintdef(k.oid))
    FROM pg_constraint k WHERE k.conrelid = pair.new AND k.contype IN ('p', 'u', 'c');
    INSERT INTO reprise_take_over
    SELECT 'index', pair.name, i.indexrelid::regclass, NULL, pg_get_indexdef(i.indexrelid)
    FROM pg_index i
    WHERE i.indrelid = pair.new AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid);
    INSERT INTO reprise_take_over
    SELECT 'setting', pair.name, NULL, NULL,
           format('ALTER TABLE %I SET (%s)', pair.name, array_to_string(c.reloptions, ', '))
    FROM pg_class c WHERE c.oid = pair.new AND c.reloptions IS NOT NULL;

    EXECUTE format('DROP TABLE %s', pair.new::regclass);
    EXECUTE format('ALTER TABLE %s RENAME TO %I', pair.old::regclass, pair.name);
  END LOOP;
END
$$;

DROP FUNCTION reprise_conversion;
