import type { Answer } from './report.ts'

/** What a subject asks, by name; each question is answered by measuring in a world, which is at least an effort. */
export type Questions<World> = Readonly<Record<string, (world: World) => Promise<Answer>>>

export interface NamedAnswer extends Answer {
  readonly question: string
}

/**
 * The questions that are named; all of them when none is, but for those that are left out unless named.
 * @throws Error for a name that no question has
 */
export function chosen<World>(
  questions: Questions<World>,
  named: readonly string[],
  leftOut: readonly string[] = [],
): Questions<World> {
  const unknown = named.filter(name => !(name in questions))
  if (unknown.length > 0)
    throw new Error(`No such question: ${unknown.join(', ')}. There are ${Object.keys(questions).join(', ')}.`)
  const isAsked = (name: string) => (named.length === 0 ? !leftOut.includes(name) : named.includes(name))
  return Object.fromEntries(Object.entries(questions).filter(([name]) => isAsked(name)))
}

/** Asks one after the other. */
export async function* answers<World>(questions: Questions<World>, world: World): AsyncGenerator<NamedAnswer> {
  for (const [question, ask] of Object.entries(questions)) yield { question, ...(await ask(world)) }
}
