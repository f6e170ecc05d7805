import { Command, CommanderError } from 'commander'
import { version } from '../version.ts'
import { configCommand } from './config.ts'
import { demoCommand } from './demo.ts'
import { doctorCommand } from './doctor.ts'
import { exitCodes } from './exit-codes.ts'
import { loadCommand } from './load.ts'
import { eraseCommand } from './people/erase.ts'
import { exportCommand } from './people/export.ts'
import { proxyCommand } from './proxy.ts'
import { cleanupCommand, clearCommand } from './running/clear.ts'
import { explainCommand } from './running/explain.ts'
import { invalidateCommand } from './running/invalidate.ts'
import { outboxCommand } from './running/outbox.ts'
import { statsCommand } from './running/stats.ts'
import { serveCommand } from './serve.ts'
import { sqlCommand } from './sql.ts'
import { migrateCommand } from './stores/migrate.ts'
import { verifyCommand } from './stores/verify.ts'
import { warmCommand } from './warm/warm.ts'

/** Runs the command that the arguments name. What a command needs is imported when it runs, so that help is instant. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  endWithTheReader()
  const program = new Command('reprise')
    .description('A guest chat that is never lost: server, migrations, checks.')
    .version(version, '-v, --version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .configureHelp({ sortOptions: true })
    .showHelpAfterError('Run the command with --help to see what it takes.')
    .addHelpText('after', help)
    .exitOverride()
  for (const command of [
    serveCommand(),
    demoCommand(),
    migrateCommand(),
    loadCommand(),
    verifyCommand(),
    statsCommand(),
    clearCommand(),
    cleanupCommand(),
    invalidateCommand(),
    explainCommand(),
    warmCommand(),
    outboxCommand(),
    exportCommand(),
    eraseCommand(),
    doctorCommand(),
    configCommand(),
    sqlCommand(),
    proxyCommand(),
  ]) {
    program.addCommand(inherit(command, program))
  }
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    await fail(error)
  }
}

const help = `
Settings come from the environment (DATABASE_URL, REDIS_URL, PORT, …); without any, everything is embedded in ./data.

Exit codes: 0 all is well, 1 something failed or a check found faults, 2 wrong usage or settings.

Examples:
  $ reprise serve
  $ DATABASE_URL=postgres://localhost/reprise REDIS_URL=redis://localhost reprise serve
  $ reprise load conversations.jsonl.gz --url http://127.0.0.1:8000
  $ reprise verify --repair`

function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent)
  for (const child of command.commands) inherit(child, command)
  return command
}

async function fail(error: unknown): Promise<void> {
  if (error instanceof CommanderError) {
    // Commander has printed help, version or the complaint already.
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.wrongUsage
    return
  }
  const { messageOf, RepriseError } = await import('reprise')
  const isWrongSetting = error instanceof RepriseError && error.code === 'invalid_setting'
  process.stderr.write(`reprise: ${messageOf(error)}\n`)
  process.exitCode = isWrongSetting ? exitCodes.wrongUsage : exitCodes.failed
}

/** `reprise … | head` ends quietly when the reader has seen enough. */
function endWithTheReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      process.exit(process.exitCode ?? exitCodes.ok)
    })
  }
}
