import { type Embedder, RepriseError } from 'reprise'
import { embedderSuite } from 'reprise/testing'

/** Counts letters: a model of no use that keeps every promise of an embedder. */
function letterEmbedder(): Embedder {
  return {
    model: 'letters-1',
    maxBatch: 16,
    embed: async (texts, signal) => {
      if (signal.aborted) throw new RepriseError('embedding_failed', 'The model was called off.')
      return texts.map(text => ({ vector: lettersOf(text), truncated: false }))
    },
    close: async () => {},
  }
}

function lettersOf(text: string): Float32Array {
  const counts = new Float32Array(64)
  for (const character of text) {
    const place = (character.codePointAt(0) ?? 0) % 64
    counts[place] = (counts[place] ?? 0) + 1
  }
  return counts
}

for (const { name, run } of embedderSuite(async () => letterEmbedder())) {
  await run()
  console.log(`kept: ${name}`)
}

// It prints:
// kept: names its model and takes at least one text a call
// kept: gives one vector a text, all of one length, finite and not all zeros
// kept: keeps the order of the texts
// kept: gives the same text the same vector
// kept: takes what people write: emoji, scripts, quotes, line breaks, punctuation alone
// kept: answers no texts with no vectors
// kept: gives up when its signal is aborted, with embedding_failed
