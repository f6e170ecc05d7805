import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type HttpProcess, startHttpProcess } from '../../measure/http-process.ts'

/** A handler that does nothing but what every handler must, in a process of its own. */
export function startBareGateway(answer: Uint8Array): Promise<HttpProcess> {
  return startHttpProcess('bare', '/readyz', async (port, directory) => {
    const file = `${directory}/answer.json`
    await writeFile(file, answer)
    return [process.execPath, [fileURLToPath(new URL('bare-gateway.ts', import.meta.url)), `${port}`, file]]
  })
}
