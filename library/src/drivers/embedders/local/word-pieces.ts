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
 * Splits texts into the word pieces of uncased BERT models (WordPiece, Wu et al. 2016,
 * https://arxiv.org/abs/1609.08144), as their ids, without the two that begin and end a text. Reading stops past `limit`.
 */
export function wordPieces(tokenizerFile: string): (text: string, limit: number) => readonly number[] {
  // The file comes with the model's package, in the shape that its engine reads as well.
  const { model } = JSON.parse(tokenizerFile) as TokenizerFile
  const ids = new Map(Object.entries(model.vocab))
  const unknown = ids.get('[UNK]') ?? 0

  function piecesOf(word: string): readonly number[] {
    const characters = Array.from(word)
    if (characters.length > longestWord) return [unknown]
    const pieces: number[] = []
    for (let start = 0; start < characters.length; ) {
      let end = characters.length
      const prefix = start === 0 ? '' : '##'
      let id: number | undefined
      for (; end > start && id === undefined; end -= 1) id = ids.get(prefix + characters.slice(start, end).join(''))
      // One part that is unknown makes the whole word one unknown piece.
      if (id === undefined) return [unknown]
      pieces.push(id)
      start = end + 1
    }
    return pieces
  }

  return (text, limit) => {
    const pieces: number[] = []
    for (const words of normalized(text).split(whiteSpace)) {
      for (const [word] of words.matchAll(wordOrPunctuation)) {
        pieces.push(...piecesOf(word))
        if (pieces.length > limit) return pieces
      }
    }
    return pieces
  }
}

function normalized(text: string): string {
  return text.replace(dropped, '').replace(ideographs, ' $& ').normalize('NFD').replace(accents, '').toLowerCase()
}
