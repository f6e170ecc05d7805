import { Command, InvalidArgumentError, Option } from 'commander'
import type { ProxyArguments } from '../proxy/run-proxy.ts'

const examples = `
What a response may be kept for, it says itself (Cache-Control, CDN-Cache-Control, Expires). --default-ttl is for responses
that say nothing, on the paths that --cache-path names.

Examples:
  $ reprise proxy --upstream http://127.0.0.1:3000
  $ reprise proxy --upstream https://api.example.org --port 8080 --max-bytes 1gb
  $ reprise proxy --upstream http://app:3000 --default-ttl 1m --cache-path '/articles/*' --exclude-path '/articles/draft*'
  $ reprise proxy --upstream http://app:3000 --redis redis://localhost --purge-key "$PURGE_KEY"`

// On a command line it would be seen in lists of processes.
const purgeKey = new Option('--purge-key <key>', 'lets PURGE requests remove what is kept').env('PURGE_KEY')

const enableCache = new Option('--enable-cache <boolean>', 'false passes everything through')
  .env('ENABLE_CACHE')
  .default(true, 'true')
  .argParser(switched)

/** `reprise proxy --upstream URL`: a caching reverse proxy, until a signal asks it to stop. */
export function proxyCommand(): Command {
  return new Command('proxy')
    .description('a caching reverse proxy by RFC 9111 in front of an HTTP server')
    .requiredOption('--upstream <url>', 'the server behind it', origin)
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .option('--port <n>', 'where to listen', port, 8080)
    .option('--max-bytes <size>', 'how large memory may grow', '256mb')
    .option('--max-body <size>', 'longer bodies pass unrecorded', '8mb')
    .option('--max-variants <n>', 'responses that differ by Vary, for one URL', count, 16)
    .option('--redis <url>', 'a Redis that several proxies share')
    .option('--default-ttl <duration>', 'how long what says nothing is kept, such as 1m')
    .option('--cache-path <glob>', 'paths that --default-ttl is meant for; may be repeated', collect, [])
    .option('--exclude-path <glob>', 'paths that are never kept; may be repeated', collect, [])
    .option('--stale-if-unreachable <duration>', 'how stale what is kept may be while the upstream is away', '1h')
    .option('--upstream-timeout <duration>', 'how long the upstream may be silent', '60s')
    .option('--preserve-host', 'send the client’s Host on, and keep what it gets apart', false)
    .addOption(purgeKey)
    .option('--stale-on-bad-age', 'take what comes with an unreadable Age for too old', false)
    .option('--metrics-port <n>', 'shows /metrics there, for Prometheus; not at all by default', port)
    .option('--metrics-host <address>', 'where /metrics is shown', '127.0.0.1')
    .addOption(enableCache)
    .option('--insecure', 'accept any certificate of the upstream', false)
    .addHelpText('after', examples)
    .action(async (given: ProxyArguments) => {
      const { runProxy } = await import('../proxy/run-proxy.ts')
      await runProxy(given)
    })
}

function origin(text: string): URL {
  const url = URL.parse(text)
  const isOrigin = url?.pathname === '/' && url.search === '' && url.username === ''
  if (isOrigin && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  throw new InvalidArgumentError('Expected an address without a path, such as http://127.0.0.1:3000.')
}

function port(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number
  throw new InvalidArgumentError('Expected a whole number from 0 to 65535.')
}

function switched(text: string): boolean {
  if (/^(?:true|1|yes|on)$/i.test(text)) return true
  if (/^(?:false|0|no|off)$/i.test(text)) return false
  throw new InvalidArgumentError('Expected true or false.')
}

function count(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= 1_024) return number
  throw new InvalidArgumentError('Expected a whole number from 1 to 1024.')
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text]
}
