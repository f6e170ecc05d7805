/** The first characters (UTF-16 code units) of a text, one fewer where a surrogate pair would be torn apart. */
export function beginningOf(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text
  const last = text.charCodeAt(maxCharacters - 1)
  const isTorn = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, isTorn ? maxCharacters - 1 : maxCharacters)
}
