import type { Registry } from 'prom-client'

/** The value of a sample such as `db_connection_pool_size`; undefined where it is not shown. */
export async function sampleOf(registry: Registry, sample: string): Promise<number | undefined> {
  const line = (await registry.metrics()).split('\n').find(text => text.startsWith(`${sample} `))
  return line === undefined ? undefined : Number(line.slice(sample.length))
}

/** Size and available over all pools: the families of the contract. */
export async function levelIn(registry: Registry): Promise<readonly [size: number, available: number]> {
  return [
    (await sampleOf(registry, 'db_connection_pool_size')) ?? Number.NaN,
    (await sampleOf(registry, 'db_connection_pool_available')) ?? Number.NaN,
  ]
}

/** How long a test looks again and again; machines may be busy with others. */
export const patiently = { timeout: 15_000 }
