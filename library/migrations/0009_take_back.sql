-- Tables that stepped aside in 0006_step_aside.sql and have all our columns are our own, restored without the others:
-- their rows come back.

DO $$
DECLARE
  own text;
  columns text;
BEGIN
  FOREACH own IN ARRAY ARRAY['prompt_cache', 'generated_content'] LOOP
    CONTINUE WHEN to_regclass(own || '_earlier') IS NULL;
    CONTINUE WHEN EXISTS (
      SELECT a.attname, a.atttypid FROM pg_attribute a
      WHERE a.attrelid = own::regclass AND a.attnum > 0 AND NOT a.attisdropped
      EXCEPT
      SELECT a.attname, a.atttypid FROM pg_attribute a
      WHERE a.attrelid = (own || '_earlier')::regclass AND a.attnum > 0 AND NOT a.attisdropped);
    SELECT string_agg(quote_ident(a.attname), ', ') INTO columns FROM pg_attribute a
    WHERE a.attrelid = own::regclass AND a.attnum > 0 AND NOT a.attisdropped;
    EXECUTE format('INSERT INTO %1$I (%2$s) SELECT %2$s FROM %3$I', own, columns, own || '_earlier');
    EXECUTE format('DROP TABLE %I', own || '_earlier');
    UPDATE reprise_migrations SET notes = array_remove(notes, format('table %1$s is kept as %1$s_earlier', own))
    WHERE name = '0000_make_way.sql';
  END LOOP;
END
$$;
