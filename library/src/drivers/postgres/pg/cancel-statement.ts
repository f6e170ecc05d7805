import { connect } from 'node:net'
import type { Client } from 'pg'

const cancelRequestCode = 80_877_102
const giveUpAfterMs = 3_000

/**
 * Asks the server to stop what a connection is doing (https://www.postgresql.org/docs/current/protocol-flow.html,
 * "Canceling Requests in Progress"). Best effort, and nobody waits for it: without it a statement that was given up
 * would go on holding its locks until it ends by itself.
 */
export function cancelStatement(client: Client): void {
  // pg sets both when the connection starts, and its types leave them out.
  const { processID, secretKey } = client as unknown as { processID: number | null; secretKey: number | null }
  if (processID === null || secretKey === null) return
  const request = Buffer.alloc(16)
  request.writeInt32BE(16, 0)
  request.writeInt32BE(cancelRequestCode, 4)
  request.writeInt32BE(processID, 8)
  request.writeInt32BE(secretKey, 12)
  const socket = client.host.startsWith('/')
    ? connect({ path: `${client.host}/.s.PGSQL.${client.port}` })
    : connect({ host: client.host, port: client.port })
  socket.setTimeout(giveUpAfterMs, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.end(request)
  socket.unref()
}
