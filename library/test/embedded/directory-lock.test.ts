import { writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openEmbeddedDatabase } from 'reprise/embedded'
import { describe, expect, it, onTestFinished } from 'vitest'
import { privateDirectory } from '../../../testbed/private-directory.ts'
import { runProgram } from './run-program.ts'
import { codeOf } from './statements.ts'

async function newDirectory(): Promise<string> {
  const home = await privateDirectory('lock')
  onTestFinished(() => home[Symbol.asyncDispose]())
  return home.path
}

describe('the directory of an embedded database', () => {
  it('is refused to a second process, with words on who has it and what to do', async () => {
    const directory = await newDirectory()
    const holder = runProgram('hold', [directory])
    expect(await holder.nextLine()).toBe('open')
    const refusal = await openEmbeddedDatabase({ directory }).catch(error => error)
    expect(refusal).toMatchObject({ name: 'RepriseError', code: 'directory_locked' })
    expect(refusal.message).toContain(`Process ${holder.process.pid} (started 20`)
    expect(refusal.message).toContain(directory)
    expect(refusal.message).toContain('Stop that process, choose another directory')
  })

  it('is refused to a second opening in the same process', async () => {
    const directory = await newDirectory()
    const first = await openEmbeddedDatabase({ directory })
    expect(await codeOf(openEmbeddedDatabase({ directory: join(directory, '.') }))).toBe('directory_locked')
    await first.close()
    const second = await openEmbeddedDatabase({ directory })
    await second.close()
  })

  it('is free at once when its process was killed, even if a process of that number lives', async () => {
    const directory = await newDirectory()
    const holder = runProgram('hold', [directory])
    expect(await holder.nextLine()).toBe('open')
    holder.process.kill('SIGKILL')
    await holder.ended
    const left = JSON.parse(await readFile(join(directory, 'owner.json'), 'utf8'))
    expect(left.pid).toBe(holder.process.pid)
    writeFileSync(join(directory, 'owner.json'), JSON.stringify({ ...left, pid: process.pid }))
    const database = await openEmbeddedDatabase({ directory })
    await database.close()
  })

  it('goes to one of many who start together', async () => {
    const directory = await newDirectory()
    const programs = Array.from({ length: 6 }, () => runProgram('hold', [directory]))
    const outcomes = await Promise.all(programs.map(program => program.nextLine()))
    expect(outcomes.sort()).toEqual([...Array(5).fill('directory_locked'), 'open'])
  })

  it('is left without a trace of its process after closing', async () => {
    const directory = await newDirectory()
    const database = await openEmbeddedDatabase({ directory })
    await database.close()
    expect((await readdir(directory)).sort()).toEqual(['lock', 'postgresql'])
  })

  it('is named in the error when it cannot be used', async () => {
    const directory = await newDirectory()
    const path = join(directory, 'file')
    writeFileSync(path, '')
    const refusal = await openEmbeddedDatabase({ directory: path }).catch(error => error)
    expect(refusal).toMatchObject({ name: 'RepriseError', code: 'database_unavailable' })
    expect(refusal.message).toContain(path)
  })

  it('is not touched when PostgreSQL cannot read what it holds', async () => {
    const directory = await newDirectory()
    const database = await openEmbeddedDatabase({ directory })
    await database.close()
    writeFileSync(join(directory, 'postgresql', 'PG_VERSION'), '12\n')
    const refusal = await openEmbeddedDatabase({ directory }).catch(error => error)
    expect(refusal).toMatchObject({ name: 'RepriseError', code: 'database_unavailable' })
    expect(refusal.message).toContain('incompatible')
    writeFileSync(join(directory, 'postgresql', 'PG_VERSION'), '18\n')
    const again = await openEmbeddedDatabase({ directory })
    await again.close()
  })
})
