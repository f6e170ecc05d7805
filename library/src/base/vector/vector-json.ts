/**
 * A JSON array of short decimals, each of which gives the same float32 again, the sign of a zero kept.
 * @example vectorJson(Float32Array.of(0.1, -0)) // '[0.1,-0]'
 */
export function vectorJson(vector: Float32Array): string {
  let json = '['
  for (const number of vector) {
    if (json.length > 1) json += ','
    json += Object.is(number, -0) ? '-0' : shortest(number)
  }
  return `${json}]`
}

/** Nine digits always tell a float32 from its neighbours, mostly seven or eight do. */
function shortest(number: number): number {
  for (const digits of [7, 8]) {
    const decimal = Number(number.toPrecision(digits))
    if (Math.fround(decimal) === number) return decimal
  }
  return Number(number.toPrecision(9))
}
