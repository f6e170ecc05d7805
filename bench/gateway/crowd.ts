import { connect } from 'node:net'

// A process of its own: a crowd that asks the same at once, and tells for each piece of the stream how long it took from
// its making to the last one of the crowd. Arguments: PORT COUNT
const [port = 0, count = 0] = process.argv.slice(2).map(Number)
const body = JSON.stringify({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: `All at once, ${process.pid}.` }],
  stream: true,
})
const head = ['POST /v1/chat/completions HTTP/1.1', 'host: 127.0.0.1', 'authorization: Bearer sk-bench']
const lengths = ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`, 'connection: close']
const request = `${[...head, ...lengths].join('\r\n')}\r\n\r\n${body}`

const lastMs = new Map<string, number>()
let complete = 0
await Promise.all(Array.from({ length: count }, follow))
process.stdout.write(JSON.stringify({ complete, lastMs: [...lastMs.values()] }))

function follow(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    let rest = ''
    let isComplete = false
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      const now = performance.timeOrigin + performance.now()
      rest += text
      for (const [, piece = '', madeAt] of rest.matchAll(/<(\d+)@([\d.]+)>/g)) lastMs.set(piece, now - Number(madeAt))
      isComplete ||= rest.includes('[DONE]')
      rest = rest.slice(rest.lastIndexOf('>') + 1)
    })
    socket.on('error', reject)
    socket.on('close', () => {
      if (isComplete) complete += 1
      resolve()
    })
  })
}
