import type { IncomingMessage, ServerResponse } from 'node:http'
import { ValidationFailure } from '../../caches/http/exchange/validation-failure.ts'
import { writeAnswer } from '../../caches/http/exchange/write-answer.ts'
import type { HttpCache } from '../../caches/http/http-cache.ts'
import type { Forward, HttpRequest } from '../../caches/http/messages.ts'
import type { PathRule } from '../../caches/http/paths.ts'
import { believedFields } from '../believed-fields.ts'
import { type CapturedResponse, captureResponse } from './captured-response.ts'
import { detachedExchange, isDetached, withChanges } from './detached-exchange.ts'

/** One exchange of a framework on node:http, before its handlers run. */
export interface NodeExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Path and query as the client sent them. */
  readonly target: string
  /** Lets the framework go on with this request. */
  readonly proceed: () => void
  /** Told that the framework will not go on: the answer comes from the cache. */
  readonly onAnswered: () => void
  /** Runs the application for another request. */
  readonly run: (request: IncomingMessage, response: ServerResponse) => void
}

/** Answers an exchange from the cache, at once where memory has the answer, or lets the application answer into it. */
export function cacheExchange(http: HttpCache, ruleOf: (path: string) => PathRule, exchange: NodeExchange): void {
  const { request, response, target, proceed } = exchange
  const rule = isDetached(request) ? undefined : ruleOf(pathOf(target))
  if (rule === undefined || rule.isExcluded) {
    proceed()
    return
  }
  const asked = askedBy(request, target, rule)
  const hit = http.answerNow(asked)
  if (hit === undefined) void answerInTime(http, asked, exchange)
  else {
    exchange.onAnswered()
    writeAnswer(request, response, hit)
  }
}

async function answerInTime(http: HttpCache, asked: HttpRequest, exchange: NodeExchange): Promise<void> {
  const { request, response, target, proceed } = exchange
  let captured: CapturedResponse | undefined
  const forward: Forward = ({ changes, isBackground }) => {
    if (isBackground || captured !== undefined) {
      const other = detachedExchange(request, target, changes)
      const { answer } = captureResponse(other.response)
      exchange.run(other.request, other.response)
      return answer
    }
    captured = captureResponse(response)
    if (Object.keys(changes).length > 0) request.headers = withChanges(request.headers, changes)
    proceed()
    return captured.answer
  }
  try {
    const answer = await http.handle(asked, forward)
    if (captured === undefined) exchange.onAnswered()
    writeAnswer(request, captured === undefined ? response : captured.release(), answer)
  } catch (error) {
    // A cache that cannot be used, such as a closed one, stands in nobody's way. Else it was the application that broke
    // off: its connection does as it would have, but where the client can be told that something else is kept.
    if (captured === undefined) proceed()
    else if (error instanceof ValidationFailure) writeAnswer(request, captured.release(), error.answer)
    else captured.release().destroy()
  }
}

function askedBy(request: IncomingMessage, target: string, { defaultTtlMs }: PathRule): HttpRequest {
  const scheme = 'encrypted' in request.socket ? 'https' : 'http'
  return {
    method: request.method ?? 'GET',
    url: `${scheme}://${(request.headers.host ?? 'localhost').toLowerCase()}${target}`,
    // The request's own are changed for the application's eyes.
    fields: request.headers,
    defaultTtlMs,
    keyedFields: believedFields,
  }
}

function pathOf(target: string): string {
  const end = target.indexOf('?')
  return end < 0 ? target : target.slice(0, end)
}
