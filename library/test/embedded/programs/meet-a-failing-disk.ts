import { rmSync, statSync, writeFileSync } from 'node:fs'
import { openEmbeddedDatabase } from 'reprise/embedded'
import { codeOf, read, write } from '../statements.ts'

const { SYNC_COUNT: countPath = '', SYNC_FAILURE: failurePath = '' } = process.env
const syncs = () => statSync(countPath).size

const database = await openEmbeddedDatabase({ directory: String(process.argv[2]) })
await database.run(write('CREATE TABLE note (words text)'))
const before = syncs()
for (let turn = 0; turn < 50; turn += 1) await database.run(write('INSERT INTO note VALUES ($1)', `word ${turn}`))
const syncsOfFiftyRows = syncs() - before

writeFileSync(failurePath, '')
const onFailingDisk = await codeOf(database.run(write("INSERT INTO note VALUES ('doubtful')")))
rmSync(failurePath)
const { rows } = await database.run<{ rows: number }>(
  read("SELECT count(*) AS rows FROM note WHERE words LIKE 'word%'"),
)
await database.close()
console.log(JSON.stringify({ syncsOfFiftyRows, onFailingDisk, rowsAfterwards: rows[0]?.rows }))
