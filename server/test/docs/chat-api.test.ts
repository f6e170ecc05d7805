import { expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { maskedLines } from './masked.ts'
import { playPage } from './page-session.ts'
import { blocksOf, readPage } from './pages.ts'

describeWith(['bash', 'curl', 'sed'], 'docs/chat-api.md', () => {
  it('shows the answers that a server gives', { timeout: 120_000 }, async () => {
    const blocks = blocksOf(readPage('docs/chat-api.md'))
    const played = await playPage(blocks)
    expect(played.length).toBeGreaterThan(10)
    for (const { block, output } of played) {
      const answer = blocks[blocks.indexOf(block) + 1]
      expect(answer?.language, `the block after line ${block.line} is its answer`).toMatch(/^jsonl?$/)
      expect(maskedLines(output), `line ${block.line}`).toEqual(maskedLines(answer?.text ?? ''))
    }
  })
})
