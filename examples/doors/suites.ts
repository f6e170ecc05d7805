// A driver of one's own, held to what its port promises. Any test runner will do; here none.
import { parseGuestId } from 'reprise'
import { memoryConversationCopies } from 'reprise/memory-copies'
import { checkHistory, conversationCopiesSuite } from 'reprise/testing'

const test = async (name: string, run: () => Promise<void>) => {
  await run()
  kept.push(name)
}
const kept: string[] = []
const maxCopyBytes = 100_000
const open = async () => ({ copies: memoryConversationCopies({ maxCopyBytes }), maxCopyBytes })

for (const { name, run } of conversationCopiesSuite(open)) await test(name, run)

console.log(kept.length > 0, checkHistory([]).length, parseGuestId('web-7f3a'))

// It prints:
// true 0 web-7f3a
