-- Tables with the names of those in 0007_answers.sql that something else made, or that were restored without the others,
-- step aside, with what would stand in the way of the new ones. 0009_take_back.sql takes back what is ours.

DO $$
DECLARE
  found record;
BEGIN
  -- A database that has been through 0007 holds the very tables.
  IF EXISTS (SELECT FROM reprise_migrations WHERE name = '0007_answers.sql') THEN RETURN; END IF;

  FOR found IN SELECT c.relname AS name, c.oid::regclass AS relation FROM pg_class c
               WHERE c.oid IN (to_regclass('prompt_cache'), to_regclass('generated_content')) LOOP
    EXECUTE format('ALTER TABLE %s RENAME TO %I', found.relation, found.name || '_earlier');
    UPDATE reprise_migrations SET notes = notes || format('table %1$s is kept as %1$s_earlier', found.name)
    WHERE name = '0000_make_way.sql';
  END LOOP;

  FOR found IN SELECT i.indexrelid::regclass AS name, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
               WHERE i.indrelid IN (to_regclass('prompt_cache_earlier'), to_regclass('generated_content_earlier')) LOOP
    EXECUTE format('ALTER INDEX %s RENAME TO %I', found.name, 'earlier_' || found.relname);
  END LOOP;

  -- content_id leads to our own generated_content from now on; rows of before lead to what stepped aside.
  FOR found IN SELECT k.conname FROM pg_constraint k
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
               WHERE k.contype = 'f' AND k.conrelid = 'cache_content_mapping'::regclass AND a.attname = 'content_id' LOOP
    EXECUTE format('ALTER TABLE cache_content_mapping DROP CONSTRAINT %I', found.conname);
  END LOOP;
END
$$;
