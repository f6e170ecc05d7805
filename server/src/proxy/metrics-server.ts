import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What is shown. */
export interface ShownMetrics {
  readonly contentType: string
  text(): Promise<string>
}

export interface MetricsServer {
  readonly url: string
  close(): Promise<void>
}

/** Shows metrics at `/metrics` on an address of their own: on the proxy's, every path is the upstream's. */
export async function startMetricsServer(
  metrics: ShownMetrics,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<MetricsServer> {
  const server = createServer(async (request, response) => {
    request.resume()
    if (request.url !== '/metrics' || request.method !== 'GET') {
      response.writeHead(404).end()
      return
    }
    try {
      const text = await metrics.text()
      response.writeHead(200, { 'Content-Type': metrics.contentType }).end(text)
    } catch {
      response.writeHead(500).end()
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { address, family, port: own } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${own}/metrics`,
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
