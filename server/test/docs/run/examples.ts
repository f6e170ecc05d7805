import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../pages.ts'

const run = promisify(execFile)
const folder = join(root, 'examples')

/** A program below examples/. */
export interface Example {
  /** From the folder examples/ on, such as `start/library.ts`. */
  readonly path: string
  readonly text: string
  /** What it says at its end that it prints; undefined where its page says so, or it is a configuration. */
  readonly prints: string | undefined
}

/** All programs below examples/. */
export function allExamples(): readonly Example[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => {
      const file = join(entry.parentPath, entry.name)
      const text = readFileSync(file, 'utf8')
      return { path: relative(folder, file), text, prints: printsOf(text) }
    })
    .sort((one, other) => (one.path < other.path ? -1 : 1))
}

const announcement = '\n// It prints:\n'

function printsOf(text: string): string | undefined {
  const start = text.lastIndexOf(announcement)
  if (start < 0) return undefined
  return text.slice(start + announcement.length).replaceAll(/^\/\/ ?/gm, '')
}

/** The example that a block of a page shows: whole, or some of its lines, in their order, gaps only at empty lines. */
export function exampleOf(block: string, examples: readonly Example[]): Example | undefined {
  const paragraphs = unindented(block).split('\n\n')
  return examples.find(({ text }) => {
    const whole = `\n${unindented(text)}\n`
    let place = 0
    return paragraphs.every(paragraph => {
      place = whole.indexOf(`\n${paragraph}\n`, place)
      return place >= 0
    })
  })
}

/** A page may show the inside of a function at its margin. */
function unindented(text: string): string {
  const lines = text.trim().split('\n')
  return lines.map(line => line.trim()).join('\n')
}

/** The examples as JavaScript, with other addresses in them than the pages show. */
export interface BuiltExamples extends AsyncDisposable {
  /** Runs one to its end and answers what it printed. */
  run(example: Example, environment?: Readonly<Record<string, string>>): Promise<string>
}

/** Compiles all examples, beside the packages that they import; decorators become plain JavaScript. */
export async function buildExamples(addresses: Readonly<Record<string, string>>): Promise<BuiltExamples> {
  const directory = await mkdtemp(join(root, 'node_modules', '.reprise-examples-'))
  const dispose = () => rm(directory, { recursive: true })
  try {
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const options = ['--noEmit', 'false', '--target', 'es2022', '--sourceMap', 'false', '--outDir', directory]
    await run(process.execPath, [compiler, '-p', folder, ...options])
    await writeFile(join(directory, 'package.json'), '{"type":"module"}')
    for (const { path } of allExamples()) await replaceIn(join(directory, builtPath(path)), addresses)
  } catch (error) {
    await dispose()
    throw complaintOf(error)
  }
  return {
    run: async ({ path }, environment = {}) => {
      const options = { env: { ...process.env, ...environment }, timeout: 60_000 }
      const { stdout } = await run(process.execPath, [join(directory, builtPath(path))], options)
      return stdout
    },
    [Symbol.asyncDispose]: dispose,
  }
}

function builtPath(path: string): string {
  return path.replace(/\.ts$/, '.js')
}

async function replaceIn(file: string, replacements: Readonly<Record<string, string>>): Promise<void> {
  let text = await readFile(file, 'utf8')
  for (const [shown, meant] of Object.entries(replacements)) text = text.replaceAll(shown, meant)
  await writeFile(file, text)
}

/** The compiler complains on its standard output. */
function complaintOf(error: unknown): unknown {
  const { stdout } = error as { readonly stdout?: string }
  return stdout ? new Error(stdout) : error
}
