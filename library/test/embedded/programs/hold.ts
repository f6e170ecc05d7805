import { openEmbeddedDatabase } from 'reprise/embedded'

// Opens, says how that went, and keeps what it has until it is ended.
await openEmbeddedDatabase({ directory: String(process.argv[2]) }).then(
  () => console.log('open'),
  error => console.log(error.code),
)
