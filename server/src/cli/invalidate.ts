import { Command } from 'commander'
import type { InvalidateOptions } from './invalidate/run-invalidate.ts'

const examples = `
Answers that meet every option are forgotten, by a running server and all that share its database or Redis.

Examples:
  $ reprise invalidate --tag faq
  $ reprise invalidate --document handbook-7 --older-than 1h
  $ ADMIN_API_KEY=… reprise invalidate --model gpt-5 --url https://reprise.example.com`

/** `reprise invalidate`: forgets kept answers of models. */
export function invalidateCommand(): Command {
  return new Command('invalidate')
    .description('forget kept answers of models')
    .option('--key <key>', 'one answer, by its x-reprise-key')
    .option('--tag <tag>', 'answers to calls that gave this tag')
    .option('--document <id>', 'answers that rest on this document')
    .option('--model <name>', 'answers of this model')
    .option('--namespace <name>', 'answers in this namespace')
    .option('--prompt-hash <hash>', 'answers to this prompt')
    .option('--older-than <age>', 'answers older than a duration (1h30m), or made before an instant')
    .option('--tenant <id>', 'answers of this tenant alone', '*')
    .option('--url <url>', 'a running server', 'http://127.0.0.1:8000')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples)
    .action(async (options: InvalidateOptions) => {
      const { runInvalidate } = await import('./invalidate/run-invalidate.ts')
      await runInvalidate(options, process.env['ADMIN_API_KEY'])
    })
}
