import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../../testbed/free-port.ts'
import { privateDirectory } from '../../../testbed/private-directory.ts'
import { startServer } from '../../../testbed/servers/server-process.ts'

/** A handler that does nothing but what every handler must, in a process of its own. */
export async function startBareGateway(
  answer: Uint8Array,
): Promise<{ readonly url: string; readonly pid: number } & AsyncDisposable> {
  const [port, home] = [await freePort(), await privateDirectory('bare')]
  const file = join(home.path, 'answer.json')
  await writeFile(file, answer)
  const url = `http://127.0.0.1:${port}`
  const server = await startServer({
    binary: process.execPath,
    args: [fileURLToPath(new URL('bare-gateway.ts', import.meta.url)), `${port}`, file],
    user: undefined,
    directory: home.path,
    logFile: join(home.path, 'log'),
    answers: () =>
      fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
  })
  return {
    url,
    pid: server.pid,
    [Symbol.asyncDispose]: async () => {
      await server.end('SIGTERM')
      await home[Symbol.asyncDispose]()
    },
  }
}
