/** What a model said in an answer's JSON, for people to read; the JSON itself where it said nothing in words. */
export function answerText(response: string): string {
  const said = wordsOf(JSON.parse(response))
  return said === '' ? response : said
}

/** The shapes of chat completions, responses and messages; of several choices, one after the other. */
function wordsOf(answer: unknown): string {
  const read = fieldsOf(answer)
  const choices = listOf(read.get('choices')).map(choice => fieldsOf(fieldsOf(choice).get('message')).get('content'))
  const output = listOf(read.get('output')).flatMap(item => listOf(fieldsOf(item).get('content')))
  const parts = [...choices.flatMap(content => (Array.isArray(content) ? content : [content])), ...output]
  return [...parts, ...listOf(read.get('content'))]
    .map(part => (typeof part === 'string' ? part : fieldsOf(part).get('text')))
    .filter(text => typeof text === 'string' && text !== '')
    .join('\n\n')
    .replaceAll('\u0000', '')
    .toWellFormed()
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
