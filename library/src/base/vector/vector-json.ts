/**
 * A JSON array of short decimals that give the same float32 numbers again, the sign of a zero kept.
 * @example vectorJson(Float32Array.of(0.1, -0)) // '[0.1,-0]'
 */
export function vectorJson(vector: Float32Array): string {
  return vectorJsonBytes(vector).toString('latin1')
}

/** The same as bytes, which is where it goes as a rule: without a text for each number in between. */
export function vectorJsonBytes(vector: Float32Array): Buffer {
  const bytes = Buffer.allocUnsafe(2 + vector.length * longest)
  let at = 0
  for (const number of vector) {
    bytes[at] = at === 0 ? openBracket : comma
    at = write(number, bytes, at + 1)
  }
  if (at === 0) bytes[at++] = openBracket
  bytes[at++] = closeBracket
  return bytes.subarray(0, at)
}

const [openBracket, closeBracket, comma, minus, point, zero] = [0x5b, 0x5d, 0x2c, 0x2d, 0x2e, 0x30]
/** The longest decimal, such as `-279991800000000000000`, and a comma. */
const longest = 24
const scales = [1e6, 1e7, 1e8, 1e9, 1e10, 1e11]
const digitsOfFirstScale = 6
const int32 = 2 ** 31

/**
 * Numbers of vectors lie between -1 and 1 as a rule. For these whole numbers of ever smaller units are tried, which takes a
 * fraction of the time of `toPrecision`: a whole number divided by a power of ten is rounded just as the decimal is when it
 * is read. Answers where the decimal ends.
 */
function write(number: number, bytes: Buffer, from: number): number {
  const size = Math.abs(number)
  if (!(size > 1e-5 && size < 1)) return writeText(shortest(number), bytes, from)
  for (let place = 0; place < scales.length; place += 1) {
    const scale = scales[place] ?? 0
    const whole = Math.round(size * scale)
    if (Math.fround(whole / scale) !== size || whole === scale || whole >= int32) continue
    return writeFraction(whole, place + digitsOfFirstScale, number < 0, bytes, from)
  }
  return writeText(shortest(number), bytes, from)
}

function writeFraction(given: number, givenDigits: number, isNegative: boolean, bytes: Buffer, from: number): number {
  let [whole, digits, at] = [given | 0, givenDigits, from]
  for (; whole % 10 === 0; digits -= 1) whole = (whole / 10) | 0
  if (isNegative) bytes[at++] = minus
  bytes[at++] = zero
  bytes[at++] = point
  for (let place = at + digits - 1; place >= at; place -= 1) {
    const rest = (whole / 10) | 0
    bytes[place] = zero + whole - rest * 10
    whole = rest
  }
  return at + digits
}

function writeText(text: string, bytes: Buffer, from: number): number {
  return from + bytes.write(text, from, 'latin1')
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
