// What a worker process runs: it waits for the primary's word, serves, and stops when it is told to.
import { keepCompiledCode } from '../compiled-code.ts'

keepCompiledCode()
const { serveAsWorker } = await import('./serve-as-worker.ts')
serveAsWorker(process)
