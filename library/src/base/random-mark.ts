import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(12 * 256)
let used = pool.length

/** Random text of 16 characters (96 bits): no two are ever alike. For marks, fences and names of holders. */
export function randomMark(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 12
  return pool.toString('base64url', used - 12, used)
}
