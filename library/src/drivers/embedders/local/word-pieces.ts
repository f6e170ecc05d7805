/** What a `tokenizer.json` of a BERT model says that counts here. */
interface TokenizerFile {
  readonly model: { readonly vocab: Readonly<Record<string, number>> }
}

/** Longer words are one unknown piece. */
const longestWord = 100

/** White space as its tokenizer has it, of which control characters are no part. */
const whiteSpace = /[\t\n\r\p{Z}]+/u
const dropped = /[\0\ufffd]|(?![\t\n\r])\p{C}/gu
const ideographs =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu
const accents = /\p{Mn}/gu
/** All that is no letter, digit or space in ASCII, and whatever Unicode calls punctuation. */
const wordOrPunctuation = /[!-/:-@[-`{-~\p{P}]|[^!-/:-@[-`{-~\p{P}]+/gu

/**
 * Counts the word pieces of a text as uncased BERT models read them (WordPiece, Wu et al. 2016,
 * https://arxiv.org/abs/1609.08144), without the two that begin and end it. Reading stops past `limit`.
 */
export function wordPieceCounter(tokenizerFile: string): (text: string, limit: number) => number {
  // The file comes with the model's package, in the shape that its engine reads as well.
  const { model } = JSON.parse(tokenizerFile) as TokenizerFile
  const pieces = new Set(Object.keys(model.vocab))

  function piecesOf(word: string): number {
    const characters = Array.from(word)
    if (characters.length > longestWord) return 1
    let count = 0
    for (let start = 0; start < characters.length; count += 1) {
      let end = characters.length
      const prefix = start === 0 ? '' : '##'
      while (end > start && !pieces.has(prefix + characters.slice(start, end).join(''))) end -= 1
      // One part that is unknown makes the whole word one unknown piece.
      if (end === start) return 1
      start = end
    }
    return count
  }

  return (text, limit) => {
    let count = 0
    for (const words of normalized(text).split(whiteSpace)) {
      for (const [word] of words.matchAll(wordOrPunctuation)) {
        count += piecesOf(word)
        if (count > limit) return count
      }
    }
    return count
  }
}

function normalized(text: string): string {
  return text.replace(dropped, '').replace(ideographs, ' $& ').normalize('NFD').replace(accents, '').toLowerCase()
}
