import { createHash } from 'node:crypto'
import { exampleOf, isJson, type Json, listOf } from '../json-schema-example.ts'
import { Seed, sentences, tokensOf } from '../model-text.ts'

/** What a model was asked, whatever the route. */
export interface Question {
  readonly model: string
  /** All that the model reads; the answer is drawn from it. */
  readonly context: unknown
  /** The last thing that the user said. */
  readonly text: string
  /** Images by the hash of their content. */
  readonly images: readonly string[]
  readonly tools: readonly Tool[]
  readonly toolChoice: unknown
  readonly isToolAnswered: boolean
  readonly mayCallSeveral: boolean
  /** The JSON schema of a structured answer; `true` for any JSON object. */
  readonly schema: unknown
  readonly maxTokens: number | undefined
  readonly reasons: boolean
}

export interface Tool {
  readonly name: string
  readonly parameters: unknown
}

export interface Reply {
  readonly reasoning: string
  readonly text: string
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: Json }[]
  readonly isCut: boolean
}

/** The reply to a question: the same for the same question and place among several choices. */
export function replyTo(question: Question, choice = 0): Reply {
  const seed = new Seed(question.model, question.context, choice)
  const reasoning = question.reasons ? `Thinking of “${question.text.slice(0, 40)}”. ${sentences(seed, 1)}` : ''
  const calls = callsOf(question, seed)
  const whole = calls.length > 0 ? '' : textOf(question, seed)
  const tokens = tokensOf(whole)
  const isCut = question.maxTokens !== undefined && tokens.length > question.maxTokens
  return { reasoning, text: isCut ? tokens.slice(0, question.maxTokens).join('') : whole, calls, isCut }
}

function textOf({ text, images, schema }: Question, seed: Seed): string {
  if (schema !== undefined) {
    const word = seed.pick(['amber', 'birch', 'cedar', 'delta'])
    return JSON.stringify(schema === true ? { answer: word } : exampleOf(schema, word))
  }
  const seen = images.length === 0 ? '' : `I see ${images.length} image(s), the first is ${images[0]?.slice(0, 8)}. `
  const about = text === '' ? '' : `You asked “${text.slice(0, 60)}”. `
  return `${about}${seen}${sentences(seed, 2 + seed.below(3))}`
}

function callsOf({ tools, toolChoice, isToolAnswered, mayCallSeveral }: Question, seed: Seed): Reply['calls'] {
  if (tools.length === 0 || isToolAnswered || toolChoice === 'none') return []
  const named = namedIn(toolChoice)
  const chosen =
    named === undefined ? tools.slice(0, mayCallSeveral ? 2 : 1) : tools.filter(({ name }) => name === named)
  return chosen.map(({ name, parameters }) => {
    const word = seed.pick(['Lisbon', 'Oslo', 'Vienna', 'Kraków'])
    const example = exampleOf(parameters, word)
    return {
      id: `${seed.below(1_000_000_000).toString(36)}${name.length}`,
      name,
      arguments: isJson(example) ? example : {},
    }
  })
}

function namedIn(toolChoice: unknown): string | undefined {
  if (!isJson(toolChoice)) return undefined
  const name = isJson(toolChoice['function']) ? toolChoice['function']['name'] : toolChoice['name']
  return typeof name === 'string' ? name : undefined
}

/** The texts of a message's content, in whichever way a route writes them. */
export function plainText(content: unknown): string {
  if (typeof content === 'string') return content
  return listOf(content)
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .join('')
}

/** The images of a message's content, by hash. */
export function imagesIn(content: unknown): readonly string[] {
  return listOf(content)
    .filter(({ type }) => type === 'image_url' || type === 'input_image' || type === 'image')
    .map(part => createHash('sha256').update(JSON.stringify(part)).digest('hex'))
}

export function isReasoner(model: string): boolean {
  return /reason|^o\d|gpt-5|r1/.test(model)
}
