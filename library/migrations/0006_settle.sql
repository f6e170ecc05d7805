-- Tables that were taken over get the defaults, keys and indexes of new ones, and back what was taken off them. See
-- 0000_make_way.sql.

DO $$
DECLARE
  step record;
BEGIN
  IF to_regclass('reprise_take_over') IS NULL THEN RETURN; END IF;

  -- A foreign key of ours on a column that we write would refuse guests, whom the other table does not know.
  UPDATE reprise_take_over k SET definition = NULL
  WHERE k.kind = 'outgoing_key' AND k.column_name <> 'content_id'
    AND EXISTS (SELECT FROM reprise_take_over c
                WHERE c.kind = 'known' AND c.table_name = k.table_name AND c.column_name = k.column_name);

  FOR step IN
    SELECT * FROM reprise_take_over WHERE kind IN ('column', 'constraint', 'index', 'setting', 'trigger')
    ORDER BY array_position(ARRAY['column', 'constraint', 'index', 'setting', 'trigger'], kind),
             definition NOT LIKE '%PRIMARY KEY%', table_name
  LOOP
    IF step.kind = 'index' AND to_regclass(quote_ident(step.name)) IS NOT NULL THEN
      EXECUTE format('DROP INDEX %s', to_regclass(quote_ident(step.name)));
    END IF;
    EXECUTE step.definition;
  END LOOP;

  -- These may not suit the tables any more, and then they are left out.
  FOR step IN SELECT * FROM reprise_take_over WHERE kind IN ('own_key', 'old_index', 'incoming_key', 'outgoing_key') LOOP
    BEGIN
      IF step.definition IS NULL THEN RAISE EXCEPTION 'it would refuse rows or deletions'; END IF;
      EXECUTE step.definition;
    EXCEPTION WHEN OTHERS THEN
      RAISE NOTICE '% of % is left out: %', step.kind, step.name, SQLERRM;
    END;
  END LOOP;

  FOR step IN SELECT DISTINCT table_name FROM reprise_take_over LOOP
    EXECUTE format('ANALYZE %I', step.table_name);
  END LOOP;
  DROP TABLE reprise_take_over;
END
$$;
