import { createOpenAI } from '@ai-sdk/openai'
import { InMemoryCache } from '@langchain/core/caches'
import { AIMessage } from '@langchain/core/messages'
import { type LanguageModelMiddleware, wrapLanguageModel } from 'ai'
import { createCache } from 'reprise'
import { cachedModel } from 'reprise/ai-sdk'
import { langchainCache } from 'reprise/langchain'
import { startModelServer } from '../../server/src/demo/model-server.ts'
import type { Effort } from '../measure/effort.ts'
import { type Answer, figure } from '../measure/report.ts'
import { inTurn, median } from '../measure/rounds.ts'
import { threadNsEach } from '../measure/thread-time.ts'

const promptCount = 100
const callsPerSecond = 20_000
const llm = 'openai:gpt-4o-mini'

type Hit = (prompt: string) => Promise<unknown>
type GenerateResult = Awaited<ReturnType<NonNullable<LanguageModelMiddleware['wrapGenerate']>>>

/** What a kept answer costs inside a program, by the caches that the frameworks bring or advise. */
export async function inProcessQuestion({ rounds, seconds }: Effort): Promise<Answer> {
  const model = await startModelServer()
  const cache = createCache({ name: 'bench' })
  const openai = createOpenAI({ baseURL: model.url, apiKey: 'key' }).chat('gpt-4o-mini')
  const generate = (middleware: LanguageModelMiddleware): Hit => {
    const wrapped = wrapLanguageModel({ model: openai, middleware })
    return async text => wrapped.doGenerate({ prompt: [{ role: 'user', content: [{ type: 'text', text }] }] })
  }
  const [own, theirs] = [langchainCache(cache), new InMemoryCache()]
  const contenders: readonly { readonly name: string; readonly hit: Hit }[] = [
    { name: 'AI SDK: reprise/ai-sdk', hit: generate(cachedModel(cache)) },
    { name: 'AI SDK: its recipe, over a Map', hit: generate(recipe()) },
    { name: 'LangChain.js: reprise/langchain', hit: prompt => own.lookup(prompt, llm) },
    { name: 'LangChain.js: its InMemoryCache', hit: prompt => theirs.lookup(prompt, llm) },
  ]
  const prompts = Array.from(
    { length: promptCount },
    (_, index) => `${'All the words of a prompt. '.repeat(37)}${index}`,
  )
  for (const prompt of prompts) {
    const generations = [{ text: 'An answer.', message: new AIMessage('An answer. '.repeat(20)) }]
    await own.update(prompt, llm, generations)
    await theirs.update(prompt, llm, generations)
  }
  // The first sweep makes the answers, and finds code that is not compiled yet.
  for (const { hit } of contenders) await sweep(hit, prompts, 50 * promptCount)
  const asked = model.requests.length
  const found = contenders.map(() => [] as number[])
  const calls = callsPerSecond * seconds
  await inTurn(
    rounds,
    contenders.map(({ hit }, index) => async () => {
      found[index]?.push(await threadNsEach(calls, () => sweep(hit, prompts, calls)))
    }),
  )
  if (model.requests.length > asked) throw new Error('A kept answer was asked for again.')
  await cache.close()
  await model.close()
  return {
    title: 'A kept answer inside a program',
    method:
      `${promptCount} prompts of 1 kB, whose answers are kept; thread CPU time. The recipe is the caching middleware that the ` +
      'AI SDK’s documentation writes out, over a Map; it and InMemoryCache know no bound, no time to live and no invalidation.',
    columns: ['', 'µs an answer'],
    rows: contenders.map(({ name }, index) => [name, figure(median(found[index] ?? []) / 1_000)]),
    bars: [],
  }
}

/** After https://ai-sdk.dev/docs/advanced/caching: the parameters as JSON are the key. */
function recipe(): LanguageModelMiddleware {
  const kept = new Map<string, string>()
  return {
    specificationVersion: 'v4',
    wrapGenerate: async ({ doGenerate, params }) => {
      const key = JSON.stringify(params)
      const cached = kept.get(key)
      if (cached !== undefined) {
        // It was put there below.
        const result = JSON.parse(cached) as GenerateResult
        return { ...result, response: { ...result.response, timestamp: new Date(result.response?.timestamp ?? 0) } }
      }
      const result = await doGenerate()
      kept.set(key, JSON.stringify(result))
      return result
    },
  }
}

async function sweep(hit: Hit, prompts: readonly string[], calls: number): Promise<void> {
  for (let call = 0; call < calls; call += prompts.length) for (const prompt of prompts) await hit(prompt)
}
