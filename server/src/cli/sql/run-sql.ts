import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { messageOf, RepriseError, systemClock } from 'reprise'
import { openSqlDatabase } from '../../compose.ts'
import { loadSettings } from '../../config/settings.ts'
import { statementsOf } from './backslash-commands.ts'
import { resultJson, resultText, type SqlResult } from './result-text.ts'
import { splitStatements } from './split-statements.ts'

export interface SqlOptions {
  readonly command?: string
  readonly json?: true
}

type RunStatement = (text: string) => Promise<SqlResult>

/** Opens the database and carries out what is given, be it by option, by pipe or by hand. */
export async function runSql({ command, json }: SqlOptions): Promise<void> {
  const settings = await loadSettings(process.env, process.cwd())
  const { databaseUrl, dataDirectory } = settings
  if (databaseUrl === undefined && !existsSync(dataDirectory)) {
    throw new RepriseError(
      'invalid_setting',
      `DATA_DIR=${dataDirectory} does not exist, so that there is no database. Name the directory of your server, or DATABASE_URL.`,
      { field: 'DATA_DIR' },
    )
  }
  const database = await openSqlDatabase(settings, systemClock)
  const run: RunStatement = text =>
    database.run<Record<string, unknown>>({ text, values: [], labels: { queryType: 'OTHER', table: 'other' } })
  const print = (result: SqlResult) => process.stdout.write(json ? resultJson(result) : resultText(result))
  try {
    if (command === undefined && process.stdin.isTTY) await converse(run, print)
    else await carryOut(command ?? (await textOfStdin()), run, print)
  } finally {
    await database.close()
  }
}

async function textOfStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** All of a text, statement by statement; the first failure ends it. */
async function carryOut(text: string, run: RunStatement, print: (result: SqlResult) => void): Promise<void> {
  let sql = ''
  const flush = async () => {
    const { statements, rest } = splitStatements(sql)
    sql = ''
    for (const statement of rest === '' ? statements : [...statements, rest]) print(await run(statement))
  }
  for (const line of text.split('\n')) {
    if (!line.startsWith('\\') || splitStatements(sql).rest !== '') {
      sql += `${line}\n`
      continue
    }
    await flush()
    if (line.trim() === '\\q') return
    for (const statement of backslash(line)) print(await run(statement))
  }
  await flush()
}

/** A conversation with a person: what fails is told, and it goes on. */
async function converse(run: RunStatement, print: (result: SqlResult) => void): Promise<void> {
  process.stdout.write('\\dt tables, \\d TABLE columns, \\q quit; a statement ends with ;\n')
  const terminal = createInterface({ input: process.stdin, output: process.stdout, historySize: 1_000 })
  let sql = ''
  const prompt = () => {
    terminal.setPrompt(sql === '' ? 'reprise=> ' : 'reprise-> ')
    terminal.prompt()
  }
  terminal.on('SIGINT', () => {
    sql = ''
    terminal.write(null, { ctrl: true, name: 'u' })
    process.stdout.write('\n')
    prompt()
  })
  prompt()
  for await (const line of terminal) {
    if (sql === '' && line.trim() === '\\q') break
    const isCommand = sql === '' && line.startsWith('\\')
    const { statements, rest } = isCommand ? { statements: [line], rest: '' } : splitStatements(`${sql}${line}\n`)
    sql = rest === '' ? '' : `${rest}\n`
    try {
      for (const statement of statements.flatMap(each => (isCommand ? backslash(each) : [each])))
        print(await run(statement))
    } catch (error) {
      process.stderr.write(`${messageOf(error)}\n`)
    }
    prompt()
  }
  terminal.close()
}

function backslash(line: string): readonly string[] {
  const statements = statementsOf(line)
  if (statements !== undefined) return statements
  throw new RepriseError('invalid_setting', `There is no ${line.trim()}; there are \\dt, \\d TABLE and \\q.`)
}
