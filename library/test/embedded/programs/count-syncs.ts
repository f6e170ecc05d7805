import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

// Preloaded into every thread: each sync that reaches the disk adds a byte to one file, and fails while another exists.
const { SYNC_COUNT: countPath = '', SYNC_FAILURE: failurePath = '' } = process.env
const sync = fs.fdatasyncSync
fs.fdatasyncSync = descriptor => {
  fs.appendFileSync(countPath, '.')
  if (fs.existsSync(failurePath)) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
  sync(descriptor)
}
syncBuiltinESMExports()
