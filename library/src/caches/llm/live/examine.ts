import { isUtf8 } from 'node:buffer'
import type { LlmRoute, StreamRecording } from '../../../ports/answer-store.ts'
import type { Admission, TokenUsage } from '../asking/llm-call.ts'
import type { Folding } from '../wire/dialect.ts'
import { dialects } from '../wire/dialects.ts'
import { eventsOf } from '../wire/event-reader.ts'
import { isObject, tryParse } from '../wire/json.ts'

/** An answer as it came, all of it. */
export interface WholeAnswer {
  readonly route: LlmRoute
  readonly status: number
  readonly bytes: Uint8Array
  readonly isStream: boolean
  /** Of a stream: for each piece, where it ends and when it came. */
  readonly pieces: readonly number[]
}

/** What an answer turned out to be. */
export interface Examined {
  /** `kept` = may be kept. */
  readonly admission: Extract<
    Admission,
    'kept' | 'status' | 'unreadable' | 'unfinished' | 'content_filter' | 'invalid_tool_json' | 'broken' | 'too_large'
  >
  /** The answer as one JSON text, where it could be read. */
  readonly body: string | undefined
  readonly recording: StreamRecording | undefined
  readonly usage: TokenUsage | undefined
}

/** Decides whether an answer is worth keeping: whole, of status 2xx, and ended because all was said. */
export function examine({ route, status, bytes, isStream, pieces }: WholeAnswer): Examined {
  if (status < 200 || status > 299) return refused('status')
  if (!isUtf8(bytes)) return refused('unreadable')
  const dialect = dialects[route]
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  const folding: Folding = isStream ? dialect.fold(eventsOf(text)) : whole(tryParse(text))
  if (folding.kind !== 'whole') return refused(folding.kind)
  const ending = dialect.endingOf(folding.body)
  return {
    admission: ending === 'complete' ? 'kept' : ending,
    body: isStream ? JSON.stringify(folding.body) : text,
    recording: isStream ? { text, pieces } : undefined,
    usage: dialect.usageOf(folding.body),
  }
}

export function refused(admission: Examined['admission']): Examined {
  return { admission, body: undefined, recording: undefined, usage: undefined }
}

function whole(body: unknown): Folding {
  return isObject(body) ? { kind: 'whole', body } : { kind: 'unreadable' }
}
