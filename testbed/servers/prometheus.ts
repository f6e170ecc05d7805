import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { requireBinary } from '../binaries.ts'
import { freePort } from '../free-port.ts'
import { privateDirectory } from '../private-directory.ts'
import { startServer } from './server-process.ts'

export interface PrometheusOptions {
  /** What is scraped, such as `127.0.0.1:8000`. */
  readonly targets: readonly string[]
  /** Files of rules. */
  readonly rules?: readonly string[]
}

/** One sample of an instant query. */
export interface PrometheusSample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface PrometheusServer extends AsyncDisposable {
  readonly url: string
  /** Evaluates an expression now. */
  query(expression: string): Promise<readonly PrometheusSample[]>
}

/** Starts a private Prometheus on 127.0.0.1 that scrapes every second. */
export async function startPrometheus({ targets, rules = [] }: PrometheusOptions): Promise<PrometheusServer> {
  const port = await freePort()
  const home = await privateDirectory('prometheus')
  const url = `http://127.0.0.1:${port}`
  const ruleFiles = await Promise.all(
    rules.map(async (path, index) => {
      const name = `rules-${index}.yml`
      await cp(path, join(home.path, name))
      return name
    }),
  )
  // JSON is YAML.
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '500ms' },
    rule_files: ruleFiles,
    scrape_configs: [{ job_name: 'reprise', scrape_timeout: '1s', static_configs: [{ targets }] }],
  }
  await writeFile(join(home.path, 'prometheus.yml'), JSON.stringify(config))
  const server = await startServer({
    binary: requireBinary('prometheus'),
    args: [
      `--config.file=${join(home.path, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(home.path, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    user: undefined,
    directory: home.path,
    logFile: join(home.path, 'log'),
    answers: () =>
      fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
  })
  return {
    url,
    query: async expression => {
      const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`)
      const answer = (await response.json()) as Answer
      if (answer.status !== 'success') throw new Error(answer.error)
      return answer.data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
    },
    [Symbol.asyncDispose]: async () => {
      await server.end('SIGTERM')
      await home[Symbol.asyncDispose]()
    },
  }
}

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data: {
    readonly result: readonly { readonly metric: Readonly<Record<string, string>>; readonly value: [number, string] }[]
  }
}
