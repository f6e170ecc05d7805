import type { Talk } from './talk.ts'

/** The worker processes of one server, as each of them sees all, itself included. A lone process is its only one. */
export interface Colleagues {
  /** Answers a topic from now on, be it asked here or elsewhere. Questions and answers are plain data. */
  answer<Question, Answer>(topic: Topic<Question, Answer>, answerer: (question: Question) => Promise<Answer>): void
  /**
   * What all processes answer; those that end meanwhile answer nothing.
   * @throws RepriseError when one of them refuses
   */
  ask<Question, Answer>(topic: Topic<Question, Answer>, question: Question): Promise<readonly Answer[]>
}

/** What is asked and answered under a name. */
export interface Topic<Question, Answer> {
  readonly name: string
  /** Never there: it tells the compiler what goes over the line. */
  readonly of?: (question: Question) => Answer
}

export function topic<Question, Answer>(name: string): Topic<Question, Answer> {
  return { name }
}

/** A process without others. */
export function alone(): Colleagues {
  const answerers = new Map<string, (question: never) => Promise<unknown>>()
  return {
    answer: ({ name }, answerer) => void answerers.set(name, answerer),
    ask: async ({ name }, question) => {
      const answerer = answerers.get(name)
      // Kept under the name of its topic, whose question and answer it takes and gives.
      return answerer === undefined ? [] : [(await answerer(question as never)) as never]
    },
  }
}

/** What the primary process is asked to ask everybody. */
export interface AskedOfAll {
  readonly topic: string
  readonly question: unknown
}

export const everybody = 'everybody'

/** Worker processes that reach each other through the primary one. */
export function throughPrimary(talk: Talk): Colleagues {
  return {
    answer: ({ name }, answerer) => talk.answer(name, question => answerer(question as never)),
    ask: async ({ name }, question) => {
      const asked: AskedOfAll = { topic: name, question }
      // The primary answers with the answers of all, each given by an answerer of this topic.
      return (await talk.ask(everybody, asked)) as never[]
    },
  }
}
