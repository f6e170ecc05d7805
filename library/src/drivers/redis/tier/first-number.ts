import { randomInt } from 'node:crypto'

/** Where the numbers of a channel begin: anywhere below 2^47, so that doubles count on exactly for ever. */
export function firstNumber(): number {
  return randomInt(1, 2 ** 47)
}
