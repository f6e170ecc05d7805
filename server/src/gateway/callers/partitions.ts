import type { Settings } from '../../config/settings-table.ts'
import type { Caller } from './callers.ts'

/** Which partition of the caches a caller's request belongs to. */
export interface Partitions {
  /** The caller's own tenant, or the one that a shared namespace joins it to. */
  of(caller: Caller, namespace: string | undefined): string
}

/** No tenant's own id has a colon. */
export const sharedPrefix = 'shared:'

/** Tenants share what lies in the namespaces that the settings name, and nothing else. */
export function createPartitions({ sharedNamespaces = {} }: Pick<Settings, 'sharedNamespaces'>): Partitions {
  const members = new Map(Object.entries(sharedNamespaces))
  return {
    of: ({ tenant }, namespace) => {
      if (namespace === undefined) return tenant
      const joined = members.get(namespace)
      const isMember = joined === '*' || (joined?.includes(tenant) ?? false)
      return isMember ? sharedPrefix + namespace : tenant
    },
  }
}
