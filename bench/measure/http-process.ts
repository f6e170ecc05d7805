import { freePort } from '../../testbed/free-port.ts'
import { privateDirectory } from '../../testbed/private-directory.ts'
import { startServer } from '../../testbed/servers/server-process.ts'

/** A server in a process of its own on this machine, ended when disposed of. */
export interface HttpProcess extends AsyncDisposable {
  readonly url: string
  readonly pid: number
}

export type Command = readonly [binary: string, args: readonly string[]]

/**
 * Starts a server and resolves once it answers.
 * @param askedAt a path that it answers with success when it is ready
 * @param commandOn what starts it on a port, with a directory of its own
 */
export async function startHttpProcess(
  name: string,
  askedAt: string,
  commandOn: (port: number, directory: string) => Command | Promise<Command>,
): Promise<HttpProcess> {
  const [port, home] = [await freePort(), await privateDirectory(name)]
  const url = `http://127.0.0.1:${port}`
  const [binary, args] = await commandOn(port, home.path)
  const server = await startServer({
    binary,
    args,
    user: undefined,
    directory: home.path,
    logFile: `${home.path}/log`,
    answers: () =>
      fetch(`${url}${askedAt}`).then(
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
