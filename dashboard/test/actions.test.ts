import { readFile } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { describeWith } from '../../testbed/available.ts'
import { type OpenPage, openBrowser, openPage, violations } from './browser.ts'
import { askModel, live, startWorld, type World } from './world.ts'

// Servers and a browser start beside whatever else the machine does.
vi.setConfig({ testTimeout: 120_000 })

describeWith(['chromium'], 'the levers of the dashboard', () => {
  let [world, browser]: [World?, Browser?] = []
  beforeAll(async () => {
    world = await startWorld()
    browser = await openBrowser()
    await live(world)
  })
  afterAll(async () => {
    await browser?.close()
    await world?.[Symbol.asyncDispose]()
  })

  async function open(place: string): Promise<OpenPage & { readonly world: World }> {
    if (world === undefined || browser === undefined) throw new Error('The world did not start.')
    const opened = await openPage(browser, world.server.url)
    await opened.goTo(place)
    return { ...opened, world }
  }
  const entriesOf = async (cache: string) => {
    const stats = await (await fetch(`${world?.server.url}/api/cache/stats`)).json()
    return stats.caches[cache].entries as number
  }

  test('E3 a cache is cleared once that is confirmed, and the receipt says what went', async () => {
    await using opened = await open('caches/ai')
    const { page, complaints, world } = opened
    await askModel(world, 'Why is the sky blue?')
    const before = await entriesOf('ai')
    expect(before).toBeGreaterThan(0)
    await page.getByRole('button', { name: 'Clear', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Clear ai?' })
    expect(await violations(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    expect(await entriesOf('ai')).toBe(before)
    await page.getByRole('button', { name: 'Clear', exact: true }).click()
    await dialog.getByRole('button', { name: 'Clear ai' }).click()
    const done = page.getByRole('dialog', { name: 'Done' })
    await done.getByText(before === 1 ? '1 entry removed' : `${before} entries removed`).waitFor()
    expect(await entriesOf('ai')).toBe(0)
    await page.keyboard.press('Escape')
    await done.waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
  })

  test('E3 all caches are cleaned up, and cleared', async () => {
    await using opened = await open('caches')
    const { page, complaints, world } = opened
    await askModel(world, 'What is yeast?')
    await page.getByRole('button', { name: 'Clean up all' }).click()
    await page.getByRole('button', { name: 'Clean up', exact: true }).click()
    await page.getByText('0 expired entries removed.').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('button', { name: 'Clear all' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Clear all' }).click()
    await page
      .getByText(/entr(y|ies) removed/)
      .first()
      .waitFor()
    expect(await entriesOf('ai')).toBe(0)
    expect(complaints).toEqual([])
  })

  test('E3 entries are invalidated by tag, pattern and key', async () => {
    await using opened = await open('caches/ai')
    const { page, complaints, world } = opened
    const invalidate = async (by: 'Tags' | 'Pattern' | 'Key', text: string) => {
      await page.getByRole('button', { name: 'Invalidate …' }).click()
      await page.getByRole('radio', { name: by }).check({ force: true })
      await page.getByRole('textbox', { name: by, exact: true }).fill(text)
      await page.getByRole('button', { name: 'Invalidate', exact: true }).click()
    }
    await askModel(world, 'What is glass?')
    await invalidate('Pattern', '*')
    await page.getByText('1 entry removed').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await invalidate('Tags', 'model:gpt-4o-mini')
    await page
      .getByRole('dialog', { name: 'Done' })
      .getByText(/removed/)
      .first()
      .waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await invalidate('Key', '["not a list')
    await page.getByRole('alert').getByText('Expected A text, or a list as JSON').waitFor()
    await page.getByRole('textbox', { name: 'Key', exact: true }).fill('["user", 7]')
    await page.getByRole('button', { name: 'Invalidate', exact: true }).click()
    await page.getByText('0 entries removed').waitFor()
    expect(complaints).toEqual([])
  })

  test('E3 a key is found, chosen by the keyboard and explained, and so is one that is not kept', async () => {
    await using opened = await open('caches/ai')
    const { page, complaints, world } = opened
    await askModel(world, 'What is the tide?')
    await askModel(world, 'What is a magnet?')
    await page.reload()
    const list = page.getByRole('listbox', { name: 'Keys' })
    await list.getByRole('option').nth(1).waitFor()
    await list.focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.getByText('Served by memory').waitFor()
    expect(await list.getByRole('option', { selected: true }).getAttribute('aria-posinset')).toBe('2')
    await page.getByText('model:gpt-4o-mini').waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('searchbox').fill('nothing has this')
    await page.getByText('No key holds that').waitFor()
    await page.getByRole('textbox', { name: 'Explain a key' }).fill('user:7')
    await page.getByRole('button', { name: 'Explain' }).click()
    await page.getByText('Would be loaded', { exact: true }).waitFor()
    expect(complaints).toEqual([])
  })

  test('E3 a conversation is recalled by meaning, exported and erased with its receipt', async () => {
    await using opened = await open('conversations')
    const { page, complaints, world } = opened
    await page.getByRole('textbox', { name: 'Open a guest by id' }).fill('bob')
    await page.getByRole('button', { name: 'Open' }).click()
    await page.getByRole('heading', { level: 1, name: 'bob' }).waitFor()
    await page.getByRole('textbox', { name: 'Look for' }).fill('My dog is called Rex.')
    await page.getByRole('button', { name: 'Find' }).click()
    await expect.poll(() => page.locator('.found-text').first().innerText()).toBe('My dog is called Rex.')
    expect(await violations(page)).toEqual([])
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export' }).click()
    const file = await download
    expect(file.suggestedFilename()).toBe('bob.jsonl')
    expect((await readFile(await file.path(), 'utf8')).trim().split('\n')).toHaveLength(2)
    await page.getByRole('button', { name: 'Erase' }).click()
    await page.getByRole('button', { name: 'Erase for good' }).click()
    await page.getByText('bob is erased').waitFor()
    await page.getByText('2 rows of message_cache').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('heading', { level: 1, name: 'Conversations' }).waitFor()
    expect(await (await fetch(`${world.server.url}/v1/guest/chat/bob`)).json()).toEqual([])
    expect(complaints).toEqual([])
  })

  test('E3 what was given up is tried again, one message and all', async () => {
    await using opened = await open('outbox')
    const { page, complaints, world } = opened
    const table = page.getByRole('table', { name: 'Given up' })
    await table.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Try again' }).click()
    await page.getByText('1 message waits again for its embedding.').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    // The model refuses it once more.
    await table.getByRole('button', { name: 'Try again' }).waitFor()
    world.refusesTexts = false
    await page.getByRole('button', { name: 'Try all again' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Try again' }).click()
    await page.getByText('1 message wait').first().waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByText('Nothing was given up').waitFor()
    expect(complaints).toEqual([])
  })
})
