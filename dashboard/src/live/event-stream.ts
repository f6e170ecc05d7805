/** The data of the events of a stream of server-sent events, one by one. */
export async function* eventData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true })
    const events = rest.split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const lines = event.split('\n').filter(line => line.startsWith('data:'))
      if (lines.length > 0) yield lines.map(line => line.slice('data:'.length).trimStart()).join('\n')
    }
  }
}
