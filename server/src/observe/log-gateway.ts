import type { Logger } from 'pino'
import type { Clock } from 'reprise'
import type { GatewayParts } from '../gateway/gateway-parts.ts'
import { limitRepetition } from './repetition-limit.ts'
import { safeError } from './safe-error.ts'

export interface LoggedGateway {
  readonly log: Logger
  readonly gateway: Pick<GatewayParts, 'accounts' | 'llm'>
  readonly clock: Clock
}

/** How many lines of one kind of failure are written in ten seconds. */
const perWindow = 5
const windowMs = 10_000

/** Writes what the gateway announces: calls at debug level, failures of the durable tier and the accounts as warnings. */
export function logGateway({ log, gateway: { accounts, llm }, clock }: LoggedGateway): void {
  const onLeftOut = (kind: string, leftOut: number) =>
    log.warn({ kind, left_out: leftOut }, 'repeated failures were left out of the log')
  const admit = limitRepetition({ perWindow, windowMs, clock, onLeftOut })
  const warnOften = (kind: string, error: unknown, message: string) => {
    const { code, sql_state } = safeError(error, 0)
    if (admit(`${kind} ${code ?? sql_state ?? ''}`.trim())) log.warn({ err: error }, message)
  }

  accounts.events.on('flush_failed', ({ error }) =>
    warnOften('usage', error, 'the use of models could not be added to the database; it is kept and tried again'),
  )
  accounts.events.on('dropped', ({ requests }) => {
    if (admit('usage dropped'))
      log.error({ requests }, 'use of models is in no account: the database was away too long')
  })
  llm?.on('durable_failed', ({ operation, error }) =>
    warnOften(`answers ${operation}`, error, 'the durable tier of answers failed; callers are served without it'),
  )
  llm?.on('invalidated', ({ removed }) => log.info({ removed }, 'answers were forgotten'))
  llm?.on('outcome', ({ route, state, reason, admission, status, streamed, generationMs, headMs }) => {
    if (!log.isLevelEnabled('debug')) return
    const fields = { route, state, reason, admission, status, streamed }
    log.debug({ ...fields, generation_ms: generationMs, head_ms: headMs }, 'model call')
  })
}
