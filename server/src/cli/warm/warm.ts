import { Command } from 'commander'
import { wholeNumber, withServer } from '../running/server-options.ts'
import type { WarmOptions } from './run-warm.ts'

const examples = `
Each line of FILE is one request, as JSON; plain or gzipped:
  {"guest_id": "web-7f3a"}                                  the guest's history is read, so that its fast copy is filled
  {"model": "…", "messages": […]}                           a body for /v1/chat/completions ("input": /v1/embeddings)
  {"url": "/v1/responses", "body": {…}, "headers"?: {…}}    any call of the gateway; files of OpenAI's batch API are such

Answers are kept for the caller that asks: --api-key-file names the key of the callers whom they are meant for. What is
kept already is not asked for again.

Examples:
  $ reprise warm frequent-questions.jsonl --api-key-file app-key
  $ reprise warm guests.jsonl.gz --concurrency 16
  $ reprise warm batch.jsonl --url https://reprise.example.com --json`

/** `reprise warm FILE`: replays requests against a running server, so that its caches are filled. */
export function warmCommand(): Command {
  return withServer(new Command('warm'))
    .description('fill the caches of a running server by replaying requests from a file')
    .argument('<file>', 'JSON lines, plain or gzipped')
    .option('--concurrency <n>', 'requests under way at once', wholeNumber(1, 1_024), 8)
    .option('--api-key-file <file>', 'holds the key of the callers whose answers are meant')
    .addHelpText('after', examples)
    .action(async (file: string, options: WarmOptions) => {
      const { runWarm } = await import('./run-warm.ts')
      await runWarm(file, options)
    })
}
