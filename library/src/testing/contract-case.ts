/** One promise of a port, to be run by any test runner: `for (const { name, run } of cases) test(name, run)`. */
export interface ContractCase {
  readonly name: string
  /** Rejects, with an AssertionError where a promise is broken. */
  run(): Promise<void>
}

/** What a promise is kept with: opened for it alone, and closed after it whatever came of it. */
export interface Closable {
  close(): Promise<void>
}

/** Makes cases of promises, each of which is kept with something of its own that `open` gives. */
export function promisesOf<Harness extends Closable>(open: () => Promise<Harness>) {
  return (name: string, keep: (harness: Harness) => Promise<void>): ContractCase => ({
    name,
    run: async () => {
      const harness = await open()
      try {
        await keep(harness)
      } finally {
        await harness.close()
      }
    },
  })
}
