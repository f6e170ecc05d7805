// A guest's chat from any program that has fetch: a page of a browser, a server, a worker.
const chat = 'http://127.0.0.1:8000/v1/guest/chat/web-42'

async function say(content: string, key: string): Promise<void> {
  const answer = await fetch(chat, {
    method: 'POST',
    // The same key again stores nothing twice: after a lost answer, send it again.
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ role: 'user', content }),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

await say('A table for two, please.', 'first')
await say('A table for two, please.', 'first')
await say('Tonight at eight.', 'second')

const history = (await (await fetch(chat)).json()) as { readonly content: string }[]
console.log(history.map(({ content }) => content).join(' | '))
await fetch(chat, { method: 'DELETE' })
console.log(await (await fetch(chat)).json())

// It prints:
// A table for two, please. | Tonight at eight.
// []
