import { randomUUID } from 'node:crypto'
import { literalGlob } from '../../../base/glob.ts'
import type { Cache } from '../../../core/cache.ts'
import type { HttpRequest } from '../messages.ts'
import { isSameSelection, isSelected } from '../rules/vary.ts'
import { type FillWatch, FillWatches } from './fill-watches.ts'
import { PurgeMarkTable } from './purge-marks.ts'
import type { StoredPart, StoredResource, StoredResponse } from './stored-response.ts'

/** What is asked of a cache of the engine. */
export type ResponseCache = Pick<
  Cache,
  | 'get'
  | 'getMany'
  | 'getNow'
  | 'set'
  | 'delete'
  | 'deleteMany'
  | 'invalidateTags'
  | 'invalidatePattern'
  | 'clear'
  | 'namespace'
>

export interface ResponseStoreOptions {
  readonly cache: ResponseCache
  /** How many responses one URL may have. */
  readonly maxVariants: number
  /** How long a response is kept past its end, to be validated. */
  readonly keepStaleMs: number
}

/** So much of a long URL the engine's keys keep in the clear. */
const readableLength = 100
/** The engine takes so many tags an entry. */
const mostTags = 64

/**
 * Responses by URL in a cache of the engine: what they say under one key, their bytes under another, so that a look at
 * what is there moves no bytes, and the engine's memory hands out what it says without decoding it.
 */
export class ResponseStore {
  readonly #options: ResponseStoreOptions
  readonly #resources: ResponseCache
  readonly #bodies: ResponseCache
  readonly #watches = new FillWatches()
  readonly #marks: PurgeMarkTable
  /** The last change of a URL that is under way: changes of one URL wait for each other. */
  readonly #changes = new Map<string, Promise<void>>()

  constructor(options: ResponseStoreOptions) {
    this.#options = options
    this.#resources = options.cache.namespace('resources')
    this.#bodies = options.cache.namespace('bodies')
    this.#marks = new PurgeMarkTable(options.cache)
  }

  async find({ url, fields, keyedFields }: HttpRequest): Promise<StoredResponse | undefined> {
    const resource = await this.#resources.get<StoredResource>(url)
    return resource?.responses.find(response => isSelected(response.selection, fields, keyedFields))
  }

  /** The same, if memory knows it at once. */
  findNow({ url, fields, keyedFields }: HttpRequest): StoredResponse | undefined {
    const resource = this.#resources.getNow<StoredResource>(url)
    return resource?.responses.find(response => isSelected(response.selection, fields, keyedFields))
  }

  readBodyNow(part: StoredPart): Uint8Array | undefined {
    return this.#bodies.getNow<Uint8Array>(part.bodyId)
  }

  /** The bytes of a part; undefined when they were evicted. */
  async readBody(part: StoredPart): Promise<Uint8Array | undefined> {
    return this.#bodies.get<Uint8Array>(part.bodyId)
  }

  /** To be begun before the origin is asked, and ended after the last `keep`. */
  watch(url: string): FillWatch {
    return this.#watches.begin(url)
  }

  /** Lets a fill see what is purged in other processes from now on. To be awaited before the origin is asked. */
  async arm(watch: FillWatch): Promise<void> {
    watch.marks = await this.#marks.read(watch.url)
  }

  unwatch(watch: FillWatch): void {
    this.#watches.end(watch)
  }

  /** Keeps bytes, and answers where. */
  async keepBody(bytes: Uint8Array, first: number, lifetimeMs: number): Promise<StoredPart> {
    const bodyId = randomUUID()
    // The engine keeps a Buffer as it is, and other bytes by their type.
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    await this.#bodies.set(bodyId, buffer, { ttl: this.#ttlMs(lifetimeMs) })
    return { first, last: first + bytes.byteLength - 1, bodyId }
  }

  /** Keeps a response in the place of those that the same requests choose. Answers whether it did. */
  async keep(watch: FillWatch, response: StoredResponse): Promise<boolean> {
    return this.#change(watch, others => [
      response,
      ...others.filter(other => !isSameSelection(other.selection, response.selection)),
    ])
  }

  /** Puts a response in the place of the one that it was made from, or nothing. */
  async replace(watch: FillWatch, from: StoredResponse, to: StoredResponse | undefined): Promise<boolean> {
    return this.#change(watch, others => {
      const rest = others.filter(other => !isSameSelection(other.selection, from.selection))
      return to === undefined ? rest : [to, ...rest]
    })
  }

  /** Removes all of a URL. @param except the fill that found it to be outdated */
  async forget(url: string, except?: FillWatch): Promise<void> {
    this.#watches.fence(url, except)
    const mark = await this.#marks.markUrl(url)
    if (except?.url === url) except.marks = { ...except.marks, url: mark }
    await this.#resources.delete(url)
  }

  async forgetPrefix(prefix: string): Promise<void> {
    await this.#fenceAll()
    await this.#resources.invalidatePattern(`${literalGlob(prefix)}*`)
    // Of a long URL the engine's key holds the beginning and a hash: whatever begins alike goes as well.
    if (prefix.length > readableLength) {
      await this.#resources.invalidatePattern(`${literalGlob(prefix.slice(0, readableLength))}~*`)
    }
  }

  async forgetTags(tags: readonly string[]): Promise<void> {
    await this.#fenceAll()
    await this.#resources.invalidateTags(tags)
  }

  async clear(): Promise<void> {
    await this.#fenceAll()
    await this.#resources.clear()
    await this.#bodies.clear()
  }

  async #fenceAll(): Promise<void> {
    this.#watches.fenceAll()
    await this.#marks.markAll()
  }

  async #change(
    watch: FillWatch,
    change: (responses: readonly StoredResponse[]) => readonly StoredResponse[],
  ): Promise<boolean> {
    const { url } = watch
    const before = this.#changes.get(url)
    const turn = (async () => {
      await before
      if (watch.isFenced) return false
      const stored = await this.#resources.get<StoredResource>(url)
      const responses = change(stored?.responses ?? []).slice(0, this.#options.maxVariants)
      if (watch.isFenced) return false
      await this.#write(url, responses)
      // An invalidation that came while it was written may have come before the writing.
      watch.isFenced ||= await this.#marks.isPurgedSince(url, watch.marks)
      if (watch.isFenced) await this.#resources.delete(url)
      return !watch.isFenced
    })()
    const settled = turn.then(
      () => undefined,
      () => undefined,
    )
    this.#changes.set(url, settled)
    try {
      return await turn
    } finally {
      if (this.#changes.get(url) === settled) this.#changes.delete(url)
    }
  }

  async #write(url: string, responses: readonly StoredResponse[]): Promise<void> {
    if (responses.length === 0) {
      await this.#resources.delete(url)
      return
    }
    const ttlMs = Math.max(...responses.map(response => this.#ttlMs(servedForMs(response))))
    const tags = [...new Set(responses.flatMap(response => response.tags))].slice(0, mostTags)
    await this.#resources.set(url, { responses } satisfies StoredResource, { ttl: ttlMs, tags })
  }

  #ttlMs(lifetimeMs: number): number {
    return Math.max(1, lifetimeMs + this.#options.keepStaleMs)
  }
}

/** How long a response may be of use from now on. */
function servedForMs({ lifetimeMs, initialAgeMs, staleWhileRevalidateMs, staleIfErrorMs }: StoredResponse): number {
  return Math.max(0, lifetimeMs - initialAgeMs) + Math.max(staleWhileRevalidateMs, staleIfErrorMs)
}
