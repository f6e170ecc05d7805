/** What the commands' exit codes mean. */
export const exitCodes = {
  ok: 0,
  /** Something failed, or a check found faults. */
  failed: 1,
  /** The command was called wrongly, or a setting or input file cannot be used. */
  wrongUsage: 2,
} as const
