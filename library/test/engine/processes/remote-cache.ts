import type { Cache, CacheEvents, CachePolicyOptions, CacheStats, CallOptions } from 'reprise'
import { loaderPlace, type Place, signalPlace } from './protocol.ts'
import type { RemoteProcess } from './remote-process.ts'

/** A cache in another process, as if it were here: loaders, signals and listeners stay with the test. */
export function remoteCache(process: RemoteProcess, at: Place): Cache {
  const call = (method: string, ...given: readonly unknown[]): Promise<never> => {
    const loader = given.find(arg => typeof arg === 'function')
    let signal: AbortSignal | undefined
    const args = given.map(arg => {
      if (arg === loader && loader !== undefined) return loaderPlace
      if (!hasSignal(arg)) return arg
      signal = arg.signal
      return { ...arg, signal: signalPlace }
    })
    // What the method answers there is what it answers here.
    const loading = loader as ((...args: readonly never[]) => unknown) | undefined
    return process.request({ kind: 'run', on: at, method, args }, loading, signal) as Promise<never>
  }
  const methods = [
    'get',
    'getOrSet',
    'getMany',
    'getOrSetMany',
    'set',
    'setMany',
    'has',
    'delete',
    'deleteMany',
    'invalidateTags',
    'invalidatePattern',
    'clear',
    'cleanup',
    'explain',
  ] as const
  const here = {
    path: ['app', ...at.namespaces.map(({ name }) => name)].join('/'),
    namespace: (name: string, options?: CachePolicyOptions): Cache =>
      remoteCache(process, { cache: at.cache, namespaces: [...at.namespaces, { name, options }] }),
    on: <Name extends keyof CacheEvents>(name: Name, listener: (event: CacheEvents[Name]) => void) =>
      process.listen(at.cache, name, listener),
    stats: (): CacheStats => process.statsOf(at.cache),
    close: async () => void (await process.request({ kind: 'close', cache: at.cache })),
    warm: () => Promise.reject(new Error('Iterables do not go from process to process.')),
  }
  const there = Object.fromEntries(
    methods.map(method => [method, (...args: readonly unknown[]) => call(method, ...args)]),
  )
  // Each method of a cache is in one of the two.
  return { ...there, ...here } as unknown as Cache
}

function hasSignal(arg: unknown): arg is CallOptions & { readonly signal: AbortSignal } {
  return typeof arg === 'object' && arg !== null && 'signal' in arg && arg.signal instanceof AbortSignal
}
