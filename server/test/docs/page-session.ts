import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { repriseMain, startReprise } from '../../../testbed/reprise.ts'
import type { Block } from './pages.ts'

const pageUrl = 'http://127.0.0.1:8000'
const mark = '\u0000'

/** A block of commands and what they wrote. */
export interface Played {
  readonly block: Block
  readonly output: string
}

/**
 * Carries out the shell blocks of a page as a reader would, one after the other in one shell. A block that ends with
 * `npm start` starts a server with the settings before it, in place of the one that ran.
 */
export async function playPage(blocks: readonly Block[]): Promise<readonly Played[]> {
  const played: Played[] = []
  let settings: Record<string, string> | undefined
  let commands: Block[] = []
  for (const block of blocks.filter(({ language }) => language === 'sh')) {
    if (!/\bnpm start$/.test(block.text.trim())) {
      commands.push(block)
      continue
    }
    played.push(...(await playOn(settings, commands)))
    settings = settingsIn(block.text)
    commands = []
  }
  return [...played, ...(await playOn(settings, commands))]
}

function settingsIn(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/\b([A-Z][A-Z_]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
  )
}

async function playOn(settings: Record<string, string> | undefined, blocks: readonly Block[]): Promise<Played[]> {
  if (settings === undefined || blocks.length === 0) return []
  await using server = await startReprise(settings)
  const script = blocks.map(({ text }) => `${text}printf '\\0'\n`).join('')
  const outputs = (await runShell(script.replaceAll(pageUrl, server.url))).split(mark)
  return blocks.map((block, index) => ({ block, output: (outputs[index] ?? '').replaceAll(server.url, pageUrl) }))
}

/** `curl` here ends each answer with a line break and says nothing of its progress. */
function runShell(script: string): Promise<string> {
  const prelude = `curl() { command curl -sS "$@" && printf '\\n'; }\n`
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`
  const shell = spawn('bash', ['-euo', 'pipefail'], { cwd: dirname(repriseMain), env: { PATH: path } })
  const chunks: Buffer[] = []
  const complaints: Buffer[] = []
  shell.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  shell.stderr.on('data', (chunk: Buffer) => complaints.push(chunk))
  shell.on('error', reject)
  shell.on('close', code => {
    if (code === 0) resolve(Buffer.concat(chunks).toString())
    else reject(new Error(`the page's commands ended with ${code}: ${Buffer.concat(complaints)}`))
  })
  shell.stdin.end(prelude + script)
  return promise
}
