import type { Registry } from 'prom-client'
import type { LlmEvents } from '../../../caches/llm/llm-events.ts'
import { labelChildren } from '../label-children.ts'
import { registerCounter } from '../register.ts'
import { registerTallies, registerTimes } from '../tally.ts'
import { modelFamilies } from './model-families.ts'

/** What is asked of a cache of language models' answers. */
export interface ObservedAnswers {
  on<Name extends keyof LlmEvents>(name: Name, listener: (event: LlmEvents[Name]) => void): () => void
}

/** Counts calls to language models until what is returned is called. */
export function modelMetrics(registry: Registry): (answers: ObservedAnswers) => () => void {
  const callsOf = registerTallies(registry, modelFamilies.modelCalls)
  const childrenOf = labelChildren((route, state) => labelChildren(reason => callsOf(route, state, reason)))
  const admissionOf = labelChildren(registerTallies(registry, modelFamilies.modelAdmissions))
  const tokensOf = registerTallies(registry, modelFamilies.modelTokens)
  const asked = { prompt: tokensOf('prompt', 'false'), completion: tokensOf('completion', 'false') }
  const saved = { prompt: tokensOf('prompt', 'true'), completion: tokensOf('completion', 'true') }
  const secondsOf = labelChildren(registerTimes(registry, modelFamilies.modelSeconds))
  const failures = registerCounter(registry, modelFamilies.modelDurableFailures)

  function count({ route, state, reason, admission, usage, generationMs }: LlmEvents['outcome']): void {
    childrenOf(route, state)(reason).value += 1
    admissionOf(admission).value += 1
    const isSaved = state === 'hit' || state === 'coalesced'
    if (usage !== undefined) {
      const tokens = isSaved ? saved : asked
      tokens.prompt.value += usage.promptTokens
      tokens.completion.value += usage.completionTokens
    }
    if (!isSaved && generationMs !== undefined) secondsOf(route).observe(generationMs / 1_000)
  }

  return answers => {
    const endings = [
      answers.on('outcome', count),
      answers.on('durable_failed', ({ operation }) => failures.inc({ operation })),
    ]
    return () => {
      for (const end of endings) end()
    }
  }
}
