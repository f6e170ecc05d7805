import { Command, InvalidArgumentError } from 'commander'
import type { DemoArguments } from '../demo/run-demo.ts'

const examples = `
Everything runs on this machine, in a database that is thrown away; settings of the environment are left out.

Examples:
  $ reprise demo
  $ reprise demo --port 9000 --rate 20
  $ reprise demo --no-traffic --delay 0`

/** `reprise demo`: the server before a made-up model, with callers, until a signal asks it to stop. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('try it without any key: a made-up model, the gateway before it, and callers')
    .option('--port <n>', 'where to listen', number(0, 65_535), 8000)
    .option('--rate <n>', 'calls a second', number(0.1, 1_000), 4)
    .option('--delay <ms>', 'until the model’s first word', number(0, 60_000), 400)
    .option('--no-traffic', 'no callers: ask it yourself')
    .addHelpText('after', examples)
    .action(async (given: DemoArguments) => {
      const { runDemo } = await import('../demo/run-demo.ts')
      await runDemo(given)
    })
}

function number(least: number, most: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (text.trim() !== '' && value >= least && value <= most) return value
    throw new InvalidArgumentError(`Expected a number from ${least} to ${most}.`)
  }
}
