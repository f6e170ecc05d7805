/** One promise of a port, to be run by any test runner: `for (const { name, run } of cases) test(name, run)`. */
export interface ContractCase {
  readonly name: string
  /** Rejects, with an AssertionError where a promise is broken. */
  run(): Promise<void>
}
