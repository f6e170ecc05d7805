import { access, constants, mkdtemp, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { messageOf, RepriseError, systemClock } from 'reprise'
import { openSqlDatabase } from '../../compose.ts'
import type { Settings } from '../../config/settings-table.ts'
import { type Finding, failed, ok, warning } from './finding.ts'

const scarceBytes = 1_073_741_824

/** Looks at the directory of the embedded database, opens the database where nobody has it, and leaves all as it was. */
export async function checkDataDirectory(settings: Settings): Promise<Finding[]> {
  const directory = resolve(settings.dataDirectory)
  const existing = await nearestExisting(directory)
  const fault = await writeFault(existing)
  if (fault !== undefined) {
    return [
      failed(
        'Data directory',
        `${existing} cannot be written to: ${fault}`,
        `chown "$(id -u)" ${existing}, or name another: export DATA_DIR=…`,
      ),
    ]
  }
  const space = await spaceOf(existing)
  if (existing !== directory) return [ok('Data directory', `${directory} is made by the first start`), space]
  return [ok('Data directory', `${directory} can be written to`), space, await openFinding(settings)]
}

async function nearestExisting(path: string): Promise<string> {
  return stat(path).then(
    () => path,
    () => (dirname(path) === path ? path : nearestExisting(dirname(path))),
  )
}

/** Rights are not all: a file system can be full or read-only, so that something is written. */
async function writeFault(directory: string): Promise<string | undefined> {
  try {
    await access(directory, constants.W_OK | constants.X_OK)
    await rm(await mkdtemp(join(directory, '.reprise-doctor-')), { recursive: true })
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

async function spaceOf(directory: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(directory)
  const gigabytes = `${((bavail * bsize) / 1e9).toFixed(1)} GB are free`
  if (bavail * bsize >= scarceBytes) return ok('Disk', gigabytes)
  return warning('Disk', gigabytes, 'Make room: a database that cannot write stops.')
}

async function openFinding(settings: Settings): Promise<Finding> {
  const check = 'Embedded database'
  // To open it where there is none would make it.
  const begun = await stat(join(settings.dataDirectory, 'postgresql')).catch(() => undefined)
  if (begun === undefined) return ok(check, 'is made by the first start')
  try {
    const database = await openSqlDatabase(settings, systemClock)
    await database.close()
    return ok(check, 'starts, and nobody has it')
  } catch (error) {
    if (error instanceof RepriseError && error.code === 'directory_locked') {
      const [owner = ''] = messageOf(error).split(' uses ')
      return ok(check, `in use by ${owner.replace(/^P/, 'p')}`)
    }
    return failed(
      check,
      messageOf(error),
      'Put a backup in its place (docs/operations.md, Backup), or start anew: export DATA_DIR=./data-2',
    )
  }
}
