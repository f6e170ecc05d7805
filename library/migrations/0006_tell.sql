-- Views that stepped aside in 0000_give_uuids.sql come back, and what could not be kept there is told.

DO $$
DECLARE
  found record;
  definition text;
BEGIN
  IF to_regclass('reprise_take_over_view') IS NOT NULL THEN
    FOR found IN SELECT * FROM reprise_take_over_view ORDER BY depth LOOP
      BEGIN
        FOREACH definition IN ARRAY found.definitions LOOP EXECUTE definition; END LOOP;
      EXCEPTION WHEN OTHERS THEN
        RAISE EXCEPTION 'the view % does not suit the tables as they become (%); drop it, and create it anew afterwards',
          found.name, SQLERRM;
      END;
    END LOOP;
    DROP TABLE reprise_take_over_view;
  END IF;

  IF to_regclass('reprise_take_over_note') IS NOT NULL THEN
    UPDATE reprise_migrations SET notes = notes || ARRAY(SELECT note FROM reprise_take_over_note)
    WHERE name = '0000_give_uuids.sql';
    DROP TABLE reprise_take_over_note;
  END IF;
END
$$;
