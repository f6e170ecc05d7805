import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { repriseMain, startReprise } from '../../../../testbed/servers/reprise.ts'
import type { Block } from '../pages.ts'

const pageUrl = 'http://127.0.0.1:8000'
const mark = '\u0000'

/** A block of commands and what they wrote. */
export interface Played {
  readonly block: Block
  readonly output: string
}

/** What a page starts with a block. */
interface Start {
  readonly command: 'serve' | 'demo'
  readonly settings: Record<string, string>
}

/**
 * Carries out the `curl` blocks of a page as a reader would, one after the other in one shell. A block that starts Reprise
 * (`npm start`, `reprise serve`, `npx reprise demo`) does so with the settings before it, in place of the one that
 * ran; a model provider that it names is played by the model server.
 */
export async function playPage(blocks: readonly Block[], modelUrl = ''): Promise<readonly Played[]> {
  const played: Played[] = []
  let start: Start | undefined
  let commands: Block[] = []
  for (const block of blocks.filter(({ language }) => language === 'sh')) {
    const next = startIn(block.text.trim(), modelUrl)
    if (next === undefined) {
      if (block.text.includes('curl')) commands.push(block)
      continue
    }
    played.push(...(await playOn(start, commands)))
    start = next
    commands = []
  }
  return [...played, ...(await playOn(start, commands))]
}

function startIn(text: string, modelUrl: string): Start | undefined {
  if (/\breprise(-server)? demo$/.test(text)) return { command: 'demo', settings: {} }
  if (!/(?:\bnpm start|\breprise serve)$/.test(text)) return undefined
  const settings = Object.fromEntries(
    [...text.matchAll(/\b([A-Z][A-Z_]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
  )
  if ('UPSTREAM_BASE_URL' in settings) settings['UPSTREAM_BASE_URL'] = modelUrl
  return { command: 'serve', settings }
}

async function playOn(start: Start | undefined, blocks: readonly Block[]): Promise<Played[]> {
  if (start === undefined || blocks.length === 0) return []
  await using server = await startReprise(start.settings, start.command)
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
