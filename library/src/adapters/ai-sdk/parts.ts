import type { Content, GenerateResult, StreamPart } from './model-types.ts'

/** A stream of parts that says what a whole answer says. */
export function partsOf(result: GenerateResult): readonly StreamPart[] {
  const { finishReason, usage, providerMetadata, response, warnings } = result
  const { id, timestamp, modelId } = response ?? {}
  const metadata = { ...(id && { id }), ...(timestamp && { timestamp }), ...(modelId && { modelId }) }
  return [
    { type: 'stream-start', warnings },
    ...(response === undefined ? [] : [{ type: 'response-metadata' as const, ...metadata }]),
    ...result.content.flatMap(contentParts),
    { type: 'finish', finishReason, usage, ...(providerMetadata && { providerMetadata }) },
  ]
}

function contentParts(content: Content, index: number): readonly StreamPart[] {
  const id = String(index)
  switch (content.type) {
    case 'text':
    case 'reasoning': {
      const { type, text, ...rest } = content
      return [
        { type: `${type}-start`, id },
        { type: `${type}-delta`, id, delta: text },
        { ...rest, type: `${type}-end`, id },
      ]
    }
    default:
      // A tool call, its result, a source or a file is one part.
      return [content]
  }
}

/** The whole answer that a stream of parts made; undefined when it did not come to its end. */
export function resultOf(parts: readonly StreamPart[]): GenerateResult | undefined {
  const open = new Map<string, number>()
  const content: Content[] = []
  let warnings: GenerateResult['warnings'] = []
  let response: NonNullable<GenerateResult['response']> | undefined
  let finish: Extract<StreamPart, { type: 'finish' }> | undefined

  for (const part of parts) {
    switch (part.type) {
      case 'stream-start':
        warnings = part.warnings
        break
      case 'response-metadata': {
        const { type: _, ...metadata } = part
        response = metadata
        break
      }
      case 'text-start':
      case 'reasoning-start': {
        const { type, id, ...rest } = part
        open.set(`${type === 'text-start' ? 'text' : 'reasoning'}:${id}`, content.length)
        content.push({ ...rest, type: type === 'text-start' ? 'text' : 'reasoning', text: '' })
        break
      }
      case 'text-delta':
      case 'reasoning-delta': {
        const kind = part.type === 'text-delta' ? 'text' : 'reasoning'
        amend(
          content,
          open.get(`${kind}:${part.id}`),
          part.delta,
          part.providerMetadata && { providerMetadata: part.providerMetadata },
        )
        break
      }
      case 'text-end':
      case 'reasoning-end': {
        const { type, id, ...rest } = part
        amend(content, open.get(`${type === 'text-end' ? 'text' : 'reasoning'}:${id}`), '', rest)
        break
      }
      case 'finish':
        finish = part
        break
      case 'tool-input-start':
      case 'tool-input-delta':
      case 'tool-input-end':
      case 'ping':
      case 'raw':
      case 'error':
        // The whole call follows its pieces; the others say nothing that an answer holds.
        break
      default:
        content.push(part)
    }
  }
  if (finish === undefined) return undefined
  const { usage, finishReason, providerMetadata } = finish
  return {
    content,
    finishReason,
    usage,
    warnings,
    ...(response && { response }),
    ...(providerMetadata && { providerMetadata }),
  }
}

/** Adds text, and what is known of it only later, to a content that is under way. */
function amend(content: Content[], place: number | undefined, delta: string, rest: object | undefined): void {
  const known = place === undefined ? undefined : content[place]
  if (place === undefined || (known?.type !== 'text' && known?.type !== 'reasoning')) return
  content[place] = { ...known, ...rest, text: known.text + delta }
}
