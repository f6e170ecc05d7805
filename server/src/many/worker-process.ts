// What a worker process runs: it waits for the primary's word, serves, and stops when it is told to.
import { serveAsWorker } from './serve-as-worker.ts'

serveAsWorker(process)
