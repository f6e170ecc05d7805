-- Whoever forgets is alone; those who keep wait for it and see what it did. Called before the statement that is to see it.
CREATE OR REPLACE FUNCTION reprise_answers_lock() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT 7305808720::bigint $$;
