import type { Ability } from './library.ts'

/** What stands before the source's change in every scenario of stale loads. */
export interface Invalidation {
  readonly name: 'delete' | 'clear' | 'tags'
  readonly title: string
  readonly needs: readonly Ability[]
}

export const invalidations: readonly Invalidation[] = [
  { name: 'delete', title: 'delete', needs: [] },
  { name: 'clear', title: 'clear', needs: ['clear'] },
  { name: 'tags', title: 'tag invalidation', needs: ['tags'] },
]
