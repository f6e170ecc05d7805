import { describe, expect, it } from 'vitest'
import { privateDirectory } from '../../../testbed/private-directory.ts'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { inDirectory } from '../contract/deployment.ts'
import { disagreementsIn } from './agreement.ts'
import { runFault } from './fault-run.ts'

describe('faults under load, embedded', () => {
  it('C1 C2 C7 C8 the server is killed and started again: what was acknowledged is there, in order, once', async () => {
    await using directory = await privateDirectory('fault')
    let server = await startReprise({ DATA_DIR: directory.path })
    const { url } = server
    const end = await runFault({
      name: 'killed',
      urls: [url],
      fault: async () => {
        await server.kill('SIGKILL')
        server = await startReprise({ DATA_DIR: directory.path, PORT: new URL(url).port })
      },
    })
    await server.stop()
    expect(await inDirectory(directory.path, disagreementsIn)).toEqual([])
    expect(end.violations).toEqual([])
    expect(end.erased + end.migrated).toBeGreaterThan(0)
  })
})
