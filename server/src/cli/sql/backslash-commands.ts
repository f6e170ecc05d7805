/** A command that begins with a backslash, as statements; undefined for one that there is not. */
export function statementsOf(command: string): readonly string[] | undefined {
  const [name = '', table] = command.trim().split(/\s+/)
  if (name === '\\dt') return [tables]
  if (name !== '\\d') return undefined
  return table === undefined ? [tables] : [columnsOf(table), indexesOf(table)]
}

const tables = `
SELECT c.relname AS "table",
       pg_size_pretty(pg_total_relation_size(c.oid)) AS size,
       greatest(c.reltuples, 0)::bigint AS "about rows"
  FROM pg_class c
 WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace = current_schema()::regnamespace
 ORDER BY c.relname`

function columnsOf(table: string): string {
  return `
SELECT a.attname AS "column",
       format_type(a.atttypid, a.atttypmod) AS type,
       CASE WHEN a.attnotnull THEN 'not null' ELSE '' END AS nulls,
       coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS "default"
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attrelid = ${literal(table)}::regclass AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum`
}

function indexesOf(table: string): string {
  return `
SELECT i.relname AS "index", pg_get_indexdef(x.indexrelid) AS definition
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
 WHERE x.indrelid = ${literal(table)}::regclass
 ORDER BY i.relname`
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
