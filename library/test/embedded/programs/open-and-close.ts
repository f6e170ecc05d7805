import { openEmbeddedDatabase } from 'reprise/embedded'

const database = await openEmbeddedDatabase({ directory: String(process.argv[2]) })
await database.close()
console.log('closed')
