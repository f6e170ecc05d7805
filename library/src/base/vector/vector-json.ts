/**
 * A JSON array of short decimals that give the same float32 numbers again, the sign of a zero kept.
 * @example vectorJson(Float32Array.of(0.1, -0)) // '[0.1,-0]'
 */
export function vectorJson(vector: Float32Array): string {
  let json = '['
  for (const number of vector) {
    if (json.length > 1) json += ','
    json += fraction(number) ?? shortest(number)
  }
  return `${json}]`
}

const scales = [1e6, 1e7, 1e8, 1e9, 1e10, 1e11]
const zeros = Array.from({ length: 12 }, (_, count) => '0'.repeat(count))

/**
 * Numbers of vectors lie between -1 and 1 as a rule. For these whole numbers of ever smaller units are tried, which takes a
 * fifth of the time of `toPrecision`: a whole number divided by a power of ten is rounded just as the decimal is when it is
 * read. Undefined for numbers of other sizes.
 */
function fraction(number: number): string | undefined {
  const size = Math.abs(number)
  if (!(size > 1e-5 && size < 1)) return undefined
  for (const [place, scale] of scales.entries()) {
    let whole = Math.round(size * scale)
    if (Math.fround(whole / scale) !== size || whole === scale) continue
    let digits = place + 6
    for (; whole % 10 === 0; digits -= 1) whole /= 10
    const text = String(whole)
    return `${number < 0 ? '-0.' : '0.'}${zeros[digits - text.length]}${text}`
  }
  return undefined
}

/** Nine digits always tell a float32 from its neighbours, mostly seven or eight do. */
function shortest(number: number): string {
  if (Object.is(number, -0)) return '-0'
  for (const digits of [7, 8]) {
    const decimal = Number(number.toPrecision(digits))
    if (Math.fround(decimal) === number) return String(decimal)
  }
  return String(Number(number.toPrecision(9)))
}
