/** A promise that its caller may stop waiting for. Rejects with the signal's reason, after `onLeft`. */
export function leavable<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
  onLeft: () => void,
): Promise<Result> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const leave = () => {
      onLeft()
      reject(signal.reason)
    }
    if (signal.aborted) return leave()
    signal.addEventListener('abort', leave)
    const stay = () => signal.removeEventListener('abort', leave)
    work.then(resolve, reject).finally(stay)
  })
}
