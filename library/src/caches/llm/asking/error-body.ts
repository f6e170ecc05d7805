import type { LlmRoute } from '../../../ports/answer-store.ts'
import { dialects } from '../wire/dialects.ts'

/** An error in the words of a route's provider, so that its clients understand it. */
export function errorBody(route: LlmRoute, message: string, code: string): Readonly<Record<string, unknown>> {
  return dialects[route].errorBody(message, code)
}
