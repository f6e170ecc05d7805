const pieces = 20
const pauseMs = 150
/** So long a crowd has to arrive. */
const gatherMs = 1_500

/** The pieces of a chat stream that say when they were made, on the clock that all processes of a machine share. */
export async function* timedPieces(sleep: (ms: number) => Promise<unknown>): AsyncGenerator<Buffer> {
  await sleep(gatherMs)
  for (let count = 0; count < pieces; count += 1) {
    await sleep(pauseMs)
    const madeAt = (performance.timeOrigin + performance.now()).toFixed(3)
    yield event({ choices: [{ index: 0, delta: { content: `<${count}@${madeAt}>` }, finish_reason: null }] })
  }
  yield event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
  yield Buffer.from('data: [DONE]\n\n')
}

function event(chunk: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify({ id: 'timed', object: 'chat.completion.chunk', ...chunk })}\n\n`)
}
