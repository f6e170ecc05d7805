import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { messageOf, RepriseError } from 'reprise'
import { type RunningServer, runningServer } from '../running/running-server.ts'
import { conversationPath, conversationsOf, guestPath, type PersonOptions } from './people.ts'

/** Writes the messages while they come. A file that could not be written to its end is removed. */
export async function runExport(options: PersonOptions & { readonly out?: string }): Promise<void> {
  const { guest, user = '', out, json } = options
  const server = await runningServer(options)
  let messages = 0
  async function* counted(): AsyncGenerator<string> {
    for await (const line of guest === undefined
      ? linesOfUser(server, user)
      : linesOf(server, guestPath(guest, '/export'))) {
      messages += 1
      yield `${line}\n`
    }
  }
  if (out === undefined) {
    for await (const line of counted()) if (!process.stdout.write(line)) await drained()
  } else {
    await pipeline(counted(), createWriteStream(out, { flags: 'wx', mode: 0o600 })).catch(async (cause: unknown) => {
      if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') {
        throw new RepriseError('invalid_setting', `${out} exists already; name a new file.`, { cause })
      }
      await rm(out, { force: true })
      throw cause
    })
  }
  const receipt = { ...(guest === undefined ? { user_id: user } : { guest_id: guest }), messages, file: out ?? null }
  process.stderr.write(
    json ? `${JSON.stringify(receipt)}\n` : `${messages} messages written${out === undefined ? '' : ` to ${out}`}\n`,
  )
}

async function* linesOfUser(server: RunningServer, user: string): AsyncGenerator<string> {
  for (const conversationId of await conversationsOf(server, user)) {
    for await (const line of linesOf(server, conversationPath(user, conversationId, '/export'))) {
      yield `{"conversation_id":${JSON.stringify(conversationId)},${line.slice(1)}`
    }
  }
}

async function* linesOf(server: RunningServer, path: string): AsyncGenerator<string> {
  const { body } = await server.open({ method: 'GET', path })
  if (body === null) return
  try {
    // One type under two names: what the platform calls a stream, and what Node does.
    for await (const line of createInterface({ input: Readable.fromWeb(body as ReadableStream) })) {
      if (line !== '') yield line
    }
  } catch (cause) {
    throw new Error(`The export broke off (${messageOf(cause)}); run it again.`, { cause })
  }
}

function drained(): Promise<void> {
  return new Promise(resolve => process.stdout.once('drain', resolve))
}
