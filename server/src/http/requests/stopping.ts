import { RepriseError } from 'reprise'
import type { HttpServer } from '../http-server.ts'

/** Learns when the server begins to stop; from then on answers why a request is refused. */
export function learnStop(server: HttpServer): () => RepriseError | undefined {
  let isStopping = false
  server.addHook('preClose', async () => {
    isStopping = true
    closeConnectionsAsTheyFallIdle(server)
  })
  return () =>
    isStopping ? new RepriseError('stopping', 'The server is stopping; try again a little later.') : undefined
}

/** A kept-alive connection whose last answer is sent while the server stops would hold it until its time-out. */
function closeConnectionsAsTheyFallIdle({ server }: HttpServer): void {
  const timer = setInterval(() => server.closeIdleConnections(), 20)
  server.once('close', () => clearInterval(timer))
}
