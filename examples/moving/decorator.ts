// A decorator written by hand becomes `@cached`.

function memo(ttlMs: number) {
  const kept = new Map<string, { readonly value: Promise<unknown>; readonly until: number }>()
  return <This, Args extends unknown[], Result>(method: (this: This, ...args: Args) => Promise<Result>) =>
    function (this: This, ...args: Args): Promise<Result> {
      const key = JSON.stringify(args)
      const known = kept.get(key)
      if (known !== undefined && known.until > Date.now()) return known.value as Promise<Result>
      const value = method.apply(this, args)
      kept.set(key, { value, until: Date.now() + ttlMs })
      return value
    }
}

class UsersBefore {
  @memo(600_000)
  async profile(id: number): Promise<string> {
    return `profile ${id}`
  }
}

import { createCache } from 'reprise'
import { queryCache } from 'reprise/query'

const cache = createCache({ name: 'shop', memory: { maxEntries: 5_000 } })
const { cached, invalidateUser } = queryCache(cache, { ttl: '10m' })

class Users {
  asked = 0

  @cached('profile', { ttl: '10m', user: (id: number) => id })
  async profile(id: number): Promise<string> {
    this.asked += 1
    return `profile ${id}`
  }
}

console.log(await new UsersBefore().profile(7))
const users = new Users()
console.log(await users.profile(7), await users.profile(7), users.asked)
await invalidateUser(7)
console.log(await users.profile(7), users.asked)
await cache.close()

// It prints:
// profile 7
// profile 7 profile 7 1
// profile 7 2
