import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../../../../base/reprise-error.ts'
import { StatementError } from '../../statement-error.ts'
import { prepareDataDirectory } from './data-directory.ts'
import { Engine } from './engine.ts'
import type { ThreadReply, ThreadRequest, ThreadSettings } from './thread-messages.ts'

/** The program of PostgreSQL's thread: a statement blocks this thread and nobody else. */
async function main(): Promise<void> {
  const port = parentPort
  if (port === null) return
  const reply = (message: ThreadReply) => port.postMessage(message)
  const onBroken = (reason: string): never => {
    reply({ kind: 'broken', reason })
    return process.exit(1)
  }

  // Whoever starts this thread gives it its settings.
  const { dataDirectory } = workerData as ThreadSettings
  let engine: Engine
  try {
    await prepareDataDirectory(dataDirectory)
    engine = await Engine.start({ dataDirectory, onBroken })
  } catch (error) {
    return onBroken(messageOf(error))
  }

  async function carryOut(request: ThreadRequest): Promise<void> {
    const { id } = request
    try {
      switch (request.kind) {
        case 'statement':
          return reply({ kind: 'answer', id, answer: await engine.statement(request.text, request.values) })
        case 'script':
          return reply({ kind: 'answer', id, answer: await engine.script(request.sql) })
        case 'close':
          await engine.close()
          reply({ kind: 'closed', id })
          return process.exit(0)
      }
    } catch (error) {
      if (!(error instanceof StatementError)) return onBroken(messageOf(error))
      const { sqlState, message, constraint, table } = error
      reply({ kind: 'refusal', id, refusal: { sqlState, message, constraint, table } })
    }
  }

  let last = Promise.resolve()
  port.on('message', (request: ThreadRequest) => {
    last = last.then(() => carryOut(request))
  })
  reply({ kind: 'ready' })
}

await main()
