import type { Database } from 'reprise/postgres'

/** The rows of any statement; the label says that it writes, which is the careful choice. */
export async function rowsOf<Row>(
  database: Pick<Database, 'run'>,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const { rows } = await database.run<Row>({ text, values, labels: { queryType: 'OTHER', table: 'other' } })
  return rows
}
