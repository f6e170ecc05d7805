import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { type RepriseError, type RequestCounter, systemClock } from 'reprise'
import type { Conversations, Recall } from 'reprise/conversation'
import { type AdminParts, adminRoutes } from '../admin/admin-routes.ts'
import type { Settings } from '../config/settings-table.ts'
import { dashboardRoutes } from '../dashboard/dashboard-routes.ts'
import type { GatewayParts } from '../gateway/gateway-parts.ts'
import { gatewayRoutes } from '../gateway/gateway-routes.ts'
import { limitRepetition } from '../observe/repetition-limit.ts'
import { sendCommonHeaders } from './answers/common-headers.ts'
import { allowRawAnswers } from './answers/raw-answer.ts'
import { type AuthSettings, createAuth } from './auth.ts'
import { documentRoutes } from './documentation.ts'
import { guestRoutes } from './guest-routes.ts'
import { type HealthProvider, healthRoutes } from './health-routes.ts'
import type { HttpServer } from './http-server.ts'
import { type MetricsProvider, metricsRoutes } from './metrics-routes.ts'
import { migrationRoutes } from './migration-routes.ts'
import { problemAnswer, problemType, repriseErrorOf } from './problem.ts'
import { type AnsweredRequest, answeredRequest, logAnswer, logFailure, type RequestLog } from './request-log.ts'
import { answerClientError } from './requests/client-errors.ts'
import { createHostGuard } from './requests/host-guard.ts'
import { readJsonBody } from './requests/json-body.ts'
import { learnRoutes } from './requests/known-routes.ts'
import { limitRate } from './requests/rate-limit.ts'
import { createRequestIds, givenRequestId } from './requests/request-id.ts'
import { learnStop } from './requests/stopping.ts'
import { validatorCompiler } from './requests/validation.ts'
import { allowWebPages } from './requests/web-pages.ts'
import { searchRoutes } from './search/search-routes.ts'
import { userMessageRoutes } from './user-message-routes.ts'
import { userRoutes } from './user-routes.ts'

export interface ServerOptions {
  readonly conversations: Conversations
  /** Finds messages by meaning; without an embedder there is none. */
  readonly recall?: Recall | undefined
  readonly settings: AuthSettings &
    Pick<Settings, 'rateLimitMax' | 'adminShowKeys' | 'trustedProxies' | 'corsOrigins' | 'maxMessageBytes'>
  readonly health: HealthProvider
  readonly admin?: AdminParts
  readonly metrics: MetricsProvider
  /** Counts requests for all servers that share it; without it this one counts for itself. */
  readonly requestCounter?: RequestCounter | undefined
  readonly log: RequestLog
  /** What the gateway works with; without it there is none. */
  readonly gateway?: GatewayParts
  /** As the documentation names it. */
  readonly version: string
  /** Learns of every answer as it is handed over; of one that is streamed, when it begins. */
  readonly onAnswered?: (answer: AnsweredRequest) => void
  /** How long a client may take to send a request; 30 s by default. */
  readonly requestTimeoutMs?: number
  /** How long it may take to send the headers; 10 s by default. */
  readonly headersTimeoutMs?: number
}

/** A JSON escape takes at most six bytes for one byte of UTF-8. */
const bytesPerEscape = 6
/** Room for the other fields of a body. */
const otherFieldsBytes = 8_192

/** How long a connection may carry nothing either way: a client that stopped reading, an answer that never comes. */
const silenceMs = 120_000

/**
 * The HTTP server over conversations, not yet listening. `close()` stops accepting, lets running requests finish and
 * answers late ones with 503 `stopping`.
 */
export function createServer(options: ServerOptions): HttpServer {
  const { conversations, settings, log, onAnswered, requestTimeoutMs = 30_000, headersTimeoutMs = 10_000 } = options
  const newRequestId = createRequestIds()
  // A line for each would be a load of its own.
  const admit = limitRepetition({
    perWindow: 1,
    windowMs: 10_000,
    clock: systemClock,
    onLeftOut: (code, requests) => log.error({ code, requests }, 'further requests were refused'),
  })
  const server: HttpServer = fastify({
    genReqId: request => givenRequestId(request) ?? newRequestId(),
    trustProxy: settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false,
    bodyLimit: settings.maxMessageBytes * bytesPerEscape + otherFieldsBytes,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: silenceMs,
    http: { headersTimeout: headersTimeoutMs, connectionsCheckingInterval: Math.ceil(headersTimeoutMs / 4) },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 16_384 },
    clientErrorHandler: (error, socket) => answerClientError(error, socket, newRequestId()),
    frameworkErrors: answerProblem,
  }).withTypeProvider<TypeBoxTypeProvider>()

  function answerProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const error = repriseErrorOf(thrown)
    if (error.code !== 'overloaded' || admit(error.code)) logFailure(log, request, error)
    const { status, headers, body } = problemAnswer(error, request.id, request.routeOptions?.config?.speaksToModels)
    raw.send(reply, status, { ...headers, 'content-type': problemType }, Buffer.from(body))
  }

  const raw = allowRawAnswers(server, announce)
  readBodies(server)
  server.setValidatorCompiler(validatorCompiler)
  server.setErrorHandler(answerProblem)
  server.setNotFoundHandler((request, reply) => answerProblem(missed(request, reply), request, reply))

  const missedRoute = learnRoutes(server)
  function missed(request: FastifyRequest, reply: FastifyReply): RepriseError {
    const { error, allow } = missedRoute(request.method, request.url)
    if (allow !== undefined) reply.header('allow', allow)
    return error
  }

  const stopFault = learnStop(server)
  const hostFault = createHostGuard(settings)
  server.decorateRequest('beganAtMs', 0)
  server.addHook('onRequest', (request, reply, done) => {
    request.beganAtMs = performance.now()
    const refusal = stopFault() ?? hostFault?.(request.headers)
    done(refusal ?? (request.is404 ? missed(request, reply) : undefined))
  })
  function announce(request: FastifyRequest, reply: FastifyReply): void {
    const answer = answeredRequest(request, reply)
    if (log.isLevelEnabled('debug')) logAnswer(log, request, answer)
    tell(onAnswered, answer)
  }
  if (onAnswered !== undefined || log.isLevelEnabled('debug')) {
    // Not onResponse, for which Fastify listens to every socket anew.
    server.addHook('onSend', (request, reply, _payload, done) => {
      announce(request, reply)
      done()
    })
  }

  sendCommonHeaders(server)
  allowWebPages(server, settings.corsOrigins)
  limitRate(server, settings.rateLimitMax, options.requestCounter)
  documentRoutes(server, options.version)
  server.after(() => {
    const auth = createAuth(settings, (guestId, secret) => conversations.checkSecret(guestId, secret))
    const { maxMessageBytes } = settings
    const onBroken = (request: FastifyRequest, error: unknown) => logFailure(log, request, repriseErrorOf(error))
    server.decorateRequest('userId', undefined)
    guestRoutes(server, { conversations, auth, maxMessageBytes, onBroken })
    searchRoutes(server, { recall: options.recall, auth })
    migrationRoutes(server, { conversations, auth })
    userRoutes(server, { conversations, auth })
    userMessageRoutes(server, { conversations, auth, maxMessageBytes, onBroken })
    healthRoutes(server, { health: options.health, auth })
    if (options.admin !== undefined) adminRoutes(server, { ...options.admin, auth, showKeys: settings.adminShowKeys })
    dashboardRoutes(server)
    metricsRoutes(server, { metrics: options.metrics, auth })
    if (options.gateway !== undefined) gatewayRoutes(server, { ...options.gateway, auth })
  })
  return server
}

function readBodies(server: HttpServer): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    let body: unknown
    try {
      body = readJsonBody(request.headers, bytes)
    } catch (error) {
      return done(repriseErrorOf(error), undefined)
    }
    done(null, body)
  })
}

function tell(listener: ServerOptions['onAnswered'], answer: AnsweredRequest): void {
  try {
    listener?.(answer)
  } catch {
    // The answer is sent; a listener's failure is its own.
  }
}
