/** CPU time of this thread, in nanoseconds for each of `times`: what else the machine does counts little. */
export async function threadNsEach(times: number, work: () => Promise<unknown>): Promise<number> {
  const before = process.threadCpuUsage()
  await work()
  const { user, system } = process.threadCpuUsage(before)
  return ((user + system) * 1000) / times
}
