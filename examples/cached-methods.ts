// Methods of a class cached by the standard decorator, and one user's results dropped around a piece of work. Decorators
// are not erasable: compile first, as with `tsc`.
import { createCache } from 'reprise'
import { queryCache } from 'reprise/query'

const cache = createCache({ name: 'shop', memory: { maxEntries: 5_000 } })
const queries = queryCache(cache, { ttl: '10m' })
const { cached } = queries

class Users {
  readonly #names = new Map([[7, 'Ada']])
  asked = 0

  @cached('user_name', { ttl: '10m', user: (id: number) => id })
  async name(id: number): Promise<string | null> {
    this.asked += 1
    return this.#names.get(id) ?? null
  }

  async rename(id: number, name: string): Promise<void> {
    await queries.invalidating({ userId: id }, async () => {
      this.#names.set(id, name)
    })
  }
}

const users = new Users()
console.log(await users.name(7), await users.name(7), users.asked)
await users.rename(7, 'Grace')
console.log(await users.name(7), users.asked)
await cache.close()

// It prints:
// Ada Ada 1
// Grace 2
