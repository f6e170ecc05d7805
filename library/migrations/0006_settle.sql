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
    EXECUTE step.definition;
  END LOOP;

  -- These may not suit the tables any more; then they are left out, and the record of migrations says so.
  FOR step IN SELECT * FROM reprise_take_over WHERE kind IN ('own_key', 'old_index', 'incoming_key', 'outgoing_key') LOOP
    CONTINUE WHEN step.kind = 'old_index' AND to_regclass(step.name) IS NOT NULL;
    BEGIN
      IF step.definition IS NULL THEN RAISE EXCEPTION 'it would refuse rows or deletions'; END IF;
      EXECUTE step.definition;
    EXCEPTION WHEN OTHERS THEN
      UPDATE reprise_migrations SET notes = notes || format('%s is left out: %s', CASE step.kind
          WHEN 'old_index' THEN format('index %s of %s', step.name, step.table_name)
          WHEN 'incoming_key' THEN format('foreign key of %s to %s', step.name, step.table_name)
          ELSE format('foreign key %s of %s', step.name, step.table_name)
        END, SQLERRM)
      WHERE name = '0000_make_way.sql';
    END;
  END LOOP;

  FOR step IN SELECT DISTINCT table_name FROM reprise_take_over LOOP
    EXECUTE format('ANALYZE %I', step.table_name);
  END LOOP;
  DROP TABLE reprise_take_over;
END
$$;
