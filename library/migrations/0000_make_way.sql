-- Tables of these names may stand here already, made and filled by something else. Reprise takes them over:
--   0000        what would refuse our rows or our deletions is noted and taken off; the tables are renamed out of the way
--   0001, 0002  the tables are created as they shall be, and what works on them
--   0003        the columns of the old tables become like those of the new ones, which make room for them
--   0004, 0005  the rows become what the contract says, and none is lost
--   0006        defaults, keys and indexes of new tables are put on, and what was noted
-- Without such tables all but 0001 and 0002 do nothing. It is one transaction: what is refused on the way leaves the
-- database as it was.

DO $$
DECLARE
  contract CONSTANT text[] := ARRAY['conversation_cache', 'message_cache', 'cache_embeddings', 'cache_metrics',
                                    'cache_migrations', 'usage_metrics', 'cache_content_mapping'];
  old regclass[];
  found record;
BEGIN
  SELECT array_agg(to_regclass(name)) FILTER (WHERE to_regclass(name) IS NOT NULL) INTO old
  FROM unnest(contract) AS name;
  IF old IS NULL THEN RETURN; END IF;

  FOR found IN
    SELECT oid::regclass AS name, relkind, relnamespace::regnamespace AS schema FROM pg_class WHERE oid = ANY (old)
  LOOP
    IF found.relkind <> 'r' THEN
      RAISE EXCEPTION '% is a view, a foreign or a partitioned table; only ordinary tables can be taken over',
        found.name;
    ELSIF found.schema <> current_schema()::regnamespace THEN
      RAISE EXCEPTION '% stands in schema %, but new tables go to %; let the search_path of this user begin with %',
        found.name, found.schema, current_schema(), found.schema;
    END IF;
  END LOOP;

  -- What 0006 puts on. definition is the SQL that does it.
  CREATE TABLE reprise_take_over (kind text, table_name text, name text, column_name text, definition text);

  -- Foreign keys are taken off while columns change their type. Those between our own tables come back deferred, so
  -- that the order of deletions does not matter. One from a table of somebody else's comes back when it says what shall
  -- happen to that table's rows; otherwise it would forbid to erase a guest.
  FOR found IN
    SELECT k.conname, k.conrelid::regclass AS child, k.confrelid::regclass AS parent, k.confdeltype, a.attname,
           k.conrelid = ANY (old) AS is_ours, k.confrelid = ANY (old) AS to_ours,
           pg_get_constraintdef(k.oid) AS definition
    FROM pg_constraint k
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f' AND (k.conrelid = ANY (old) OR k.confrelid = ANY (old)) AND k.conparentid = 0
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.child, found.conname);
    IF found.is_ours AND found.to_ours THEN
      CONTINUE WHEN (found.child::text, found.attname, found.parent::text) NOT IN (
        ('message_cache', 'conversation_id', 'conversation_cache'),
        ('cache_embeddings', 'conversation_id', 'conversation_cache'),
        ('cache_embeddings', 'message_id', 'message_cache'),
        ('cache_content_mapping', 'cache_id', 'message_cache'));
      INSERT INTO reprise_take_over VALUES ('own_key', found.child, found.conname, found.attname, format(
        'ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES %s (id)%s DEFERRABLE INITIALLY DEFERRED',
        found.child, found.conname, found.attname, found.parent,
        CASE found.confdeltype WHEN 'c' THEN ' ON DELETE CASCADE' END));
    ELSIF found.is_ours THEN
      INSERT INTO reprise_take_over VALUES ('outgoing_key', found.child, found.conname, found.attname,
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', found.child, found.conname, found.definition));
    ELSE
      INSERT INTO reprise_take_over VALUES ('incoming_key', found.parent, found.child, found.attname,
        CASE WHEN found.confdeltype NOT IN ('a', 'r')
             THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s', found.child, found.conname, found.definition) END);
    END IF;
  END LOOP;

  -- Keys, uniqueness and checks are those of the new tables from now on; other indexes come back if they still suit.
  FOR found IN SELECT conrelid::regclass AS name, conname FROM pg_constraint
               WHERE conrelid = ANY (old) AND contype IN ('p', 'u', 'c', 'x') LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.name, found.conname);
  END LOOP;
  FOR found IN SELECT indexrelid::regclass AS name, indrelid::regclass AS indexed, indisunique,
                      pg_get_indexdef(indexrelid) AS definition
               FROM pg_index WHERE indrelid = ANY (old) LOOP
    INSERT INTO reprise_take_over
    SELECT 'old_index', found.indexed, found.name, NULL, found.definition WHERE NOT found.indisunique;
    EXECUTE format('DROP INDEX %s', found.name);
  END LOOP;

  -- Somebody's triggers rest while rows are put right.
  FOR found IN SELECT tgrelid::regclass AS name, tgname, tgenabled FROM pg_trigger
               WHERE tgrelid = ANY (old) AND NOT tgisinternal AND tgenabled <> 'D' LOOP
    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', found.name, found.tgname);
    INSERT INTO reprise_take_over VALUES ('trigger', found.name, found.tgname, NULL, format(
      'ALTER TABLE %s ENABLE%s TRIGGER %I', found.name,
      CASE found.tgenabled WHEN 'A' THEN ' ALWAYS' WHEN 'R' THEN ' REPLICA' END, found.tgname));
  END LOOP;

  FOR found IN SELECT relname, oid::regclass AS name FROM pg_class WHERE oid = ANY (old) LOOP
    EXECUTE format('ALTER TABLE %s RENAME TO %I', found.name, 'reprise_old_' || found.relname);
  END LOOP;
END
$$;
