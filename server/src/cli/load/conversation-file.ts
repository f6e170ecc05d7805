import { messageOf, parseInstant } from 'reprise'
import { fileLines } from './file-lines.ts'

export interface FileMessage {
  readonly role: string
  readonly content: string
  /** As the server writes it; undefined where the file has none. */
  readonly timestamp: string | undefined
}

export interface FileConversation {
  readonly line: number
  readonly id: string
  readonly messages: readonly FileMessage[]
}

export interface UnreadableLine {
  readonly line: number
  readonly reason: string
}

export interface FileSurvey {
  readonly conversations: number
  readonly messages: number
  readonly unreadable: readonly UnreadableLine[]
}

const maxReported = 10
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads a file once through, before anything is sent: how much it holds and which lines cannot be read. */
export async function surveyFile(path: string, limit: number): Promise<FileSurvey> {
  const ids = new Map<string, number>()
  const unreadable: UnreadableLine[] = []
  let conversations = 0
  let messages = 0
  for await (const entry of readLines(path)) {
    if (conversations >= limit || unreadable.length >= maxReported) break
    if ('reason' in entry) {
      unreadable.push(entry)
      continue
    }
    const earlier = ids.get(entry.id)
    if (earlier !== undefined) unreadable.push({ line: entry.line, reason: `repeats the id of line ${earlier}` })
    ids.set(entry.id, entry.line)
    conversations += 1
    messages += entry.messages.length
  }
  return { conversations, messages, unreadable }
}

/** The conversations of a surveyed file, one at a time. */
export async function* readConversations(path: string, limit: number): AsyncGenerator<FileConversation> {
  let count = 0
  for await (const entry of readLines(path)) {
    if (count >= limit) return
    if ('reason' in entry) throw new Error(`line ${entry.line} ${entry.reason}: the file has changed while it was read`)
    count += 1
    yield entry
  }
}

async function* readLines(path: string): AsyncGenerator<FileConversation | UnreadableLine> {
  for await (const { number, bytes } of fileLines(path)) {
    if (bytes.length === 0 || bytes.every(byte => byte === 32 || byte === 13)) continue
    try {
      yield conversationOf(number, JSON.parse(utf8.decode(bytes)))
    } catch (error) {
      yield { line: number, reason: `cannot be read: ${messageOf(error)}` }
    }
  }
}

function conversationOf(line: number, value: unknown): FileConversation {
  if (!isRecord(value)) throw new Error('expected an object {"id", "messages"}')
  const { id, messages } = value
  if (typeof id !== 'string' && typeof id !== 'number') throw new Error('"id" must be a text or a number')
  if (!Array.isArray(messages)) throw new Error('"messages" must be a list')
  return { line, id: String(id), messages: messages.map(messageAt) }
}

function messageAt(value: unknown, index: number): FileMessage {
  if (!isRecord(value)) throw new Error(`messages[${index}] must be an object {"role", "content"}`)
  const { role, content, timestamp } = value
  if (typeof role !== 'string') throw new Error(`messages[${index}].role must be a text`)
  if (typeof content !== 'string') throw new Error(`messages[${index}].content must be a text`)
  if (timestamp === undefined || timestamp === null) return { role, content, timestamp: undefined }
  if (typeof timestamp !== 'string') throw new Error(`messages[${index}].timestamp must be ISO 8601 text`)
  return { role, content, timestamp: parseInstant(timestamp, `messages[${index}].timestamp`) }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
