import { expect, it } from 'vitest'
import { describeWith } from '../../../../testbed/available.ts'
import { startModelServer } from '../../../src/demo/model-server.ts'
import { allPages, type Block, blocksOf, readPage } from '../pages.ts'
import { maskedLines } from './masked.ts'
import { playPage } from './page-session.ts'
import { shapeOf } from './shape.ts'

const strict = 'docs/chat-api.md'
const others = allPages().filter(path => path !== strict && blocksOf(readPage(path)).some(isCall))

function isCall({ language, text }: Block): boolean {
  return language === 'sh' && text.includes('curl')
}

describeWith(['bash', 'curl', 'sed'], strict, () => {
  it('shows the answers that a server gives', { timeout: 120_000 }, async () => {
    const blocks = blocksOf(readPage(strict))
    const played = await playPage(blocks)
    expect(played.length).toBeGreaterThan(10)
    for (const { block, output } of played) {
      const answer = blocks[blocks.indexOf(block) + 1]
      expect(answer?.language, `the block after line ${block.line} is its answer`).toMatch(/^jsonl?$/)
      expect(maskedLines(output), `line ${block.line}`).toEqual(maskedLines(answer?.text ?? ''))
    }
  })
})

describeWith(['bash', 'curl', 'sed'], 'the calls of the other pages', () => {
  it.each(others)('%s shows answers of the shape that a server gives', { timeout: 120_000 }, async path => {
    const blocks = blocksOf(readPage(path))
    const model = await startModelServer()
    try {
      const played = await playPage(blocks, model.url)
      expect(played.map(({ block }) => block)).toEqual(blocks.filter(isCall))
      for (const { block, output } of played) {
        const answer = blocks[blocks.indexOf(block) + 1]
        expect(answer?.language, `the block after line ${block.line} is its answer`).toMatch(/^(?:jsonl?|text)$/)
        expect(shapeOf(output), `line ${block.line}`).toEqual(shapeOf(answer?.text ?? ''))
      }
    } finally {
      await model.close()
    }
  })
})
