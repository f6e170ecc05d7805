/**
 * Whether a whole text matches a glob: `*` stands for any text, `?` for one character, `\` makes the next character
 * literal. Takes time in proportion to both lengths, whatever the pattern.
 * @example matchesGlob('user:*', 'user:7') // true
 */
export function matchesGlob(glob: string, text: string): boolean {
  let at = 0
  let place = 0
  let starAt = -1
  let starPlace = 0
  while (place < text.length) {
    const letter = glob[at]
    if (letter === '*') {
      starAt = at
      starPlace = place
      at += 1
    } else if (letter === '?' || (letter !== undefined && letterAt(glob, at) === text[place])) {
      at += letter === '\\' && at + 1 < glob.length ? 2 : 1
      place += 1
    } else if (starAt >= 0) {
      // The star before takes one character more.
      starPlace += 1
      at = starAt + 1
      place = starPlace
    } else return false
  }
  while (glob[at] === '*') at += 1
  return at >= glob.length
}

/** A glob that matches this text alone. */
export function literalGlob(text: string): string {
  return text.replace(/[*?\\]/g, '\\$&')
}

function letterAt(glob: string, at: number): string | undefined {
  return glob[at] === '\\' && at + 1 < glob.length ? glob[at + 1] : glob[at]
}
