import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { describeWith } from '../../testbed/available.ts'
import { expectNoOverflow, openBrowser, openPage, takePicture, violations } from './browser.ts'
import { live, startWorld, type World } from './world.ts'

/** Every page, and what stands on it once its figures came. */
const pages = [
  { place: '', name: 'overview', heading: 'Overview', shows: 'Response time by endpoint' },
  { place: 'caches', name: 'caches', heading: 'Caches', shows: 'what language models answered' },
  { place: 'caches/ai', name: 'cache', heading: 'Answers ai', shows: 'How long it takes' },
  { place: 'caches/guest', name: 'histories', heading: 'Histories guest', shows: 'How long it takes' },
  { place: 'conversations', name: 'conversations', heading: 'Conversations', shows: 'All in sync' },
  { place: 'conversations/ann', name: 'guest', heading: 'ann', shows: 'messages that can be found by meaning' },
  { place: 'outbox', name: 'outbox', heading: 'Outbox', shows: 'after the last try' },
  { place: 'migrations', name: 'migrations', heading: 'Migrations', shows: 'completed' },
] as const

const looks: readonly (BrowserContextOptions & { readonly name: string })[] = [
  { name: 'light-1440', colorScheme: 'light', viewport: { width: 1440, height: 900 } },
  { name: 'dark-1440', colorScheme: 'dark', viewport: { width: 1440, height: 900 } },
  { name: 'light-360', colorScheme: 'light', viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
  { name: 'dark-360', colorScheme: 'dark', viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
]

// Servers and a browser start beside whatever else the machine does.
vi.setConfig({ testTimeout: 120_000 })

describeWith(['chromium'], 'the pages of the dashboard', () => {
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
  const parts = () => {
    if (world === undefined || browser === undefined) throw new Error('The world did not start.')
    return { url: world.server.url, browser }
  }

  for (const { name: look, ...options } of looks) {
    test(`E3 every page, ${look}: its figures, no complaint, no rule of accessibility broken`, {
      timeout: 180_000,
    }, async () => {
      const { url, browser: chromium } = parts()
      await using opened = await openPage(chromium, url, options)
      const { page, complaints } = opened
      for (const { place, name, heading, shows } of pages) {
        await opened.goTo(place)
        await page.getByText(shows).first().waitFor()
        expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(heading)
        await page.locator('.loading').first().waitFor({ state: 'detached' })
        expect(await violations(page), `${name} ${look}`).toEqual([])
        await expectNoOverflow(page)
        await takePicture(page, `${name}-${look}`)
      }
      expect(complaints).toEqual([])
    })
  }

  test('E3 the pictures of the contract: usage over time, embeddings per guest and their errors, sync state, response times', async () => {
    const { url, browser: chromium } = parts()
    await using opened = await openPage(chromium, url)
    const { page } = opened
    await opened.goTo('conversations')
    await page.getByRole('img', { name: /^Guest usage over time: 3 requests/ }).waitFor()
    const perGuest = page.getByRole('table', { name: 'Embeddings per guest' })
    await expect
      .poll(async () => perGuest.getByRole('row').allInnerTexts(), { timeout: 20_000 })
      .toContainEqual(expect.stringMatching(/ann\s+2 \/ 2/))
    const making = page.getByRole('table', { name: 'Error rate of making embeddings' })
    await expect
      .poll(async () => making.getByRole('row', { name: 'All' }).innerText(), { timeout: 20_000 })
      .toMatch(/All\s+6\s+1\s+14\.3 %/)
    await page.getByRole('img', { name: /^Sync state of the content mapping: 100 % of 7 messages in sync/ }).waitFor()
    await opened.goTo('')
    const times = page.getByRole('table', { name: 'Average response time by endpoint' })
    expect(await times.getByRole('row', { name: 'POST /v1/chat/completions' }).innerText()).toMatch(/\d m?s/)
    await page.getByText('of 5 connections').or(page.getByText('One connection')).first().waitFor()
  })

  test('a figure of a chart is told in words and as a table', async () => {
    const { url, browser: chromium } = parts()
    await using opened = await openPage(chromium, url)
    const { page } = opened
    await opened.goTo('caches/ai')
    await page.getByRole('img', { name: /^Hit rate over the last hour: now \d/ }).waitFor()
    await page.getByText('As a table').click()
    await expect
      .poll(() =>
        page
          .getByRole('region', { name: /^Hit rate over/ })
          .getByRole('row')
          .count(),
      )
      .toBeGreaterThan(1)
  })

  test('the theme is chosen, kept, and seen before the first paint', async () => {
    const { url, browser: chromium } = parts()
    await using opened = await openPage(chromium, url, { colorScheme: 'light' })
    const { page } = opened
    await opened.goTo('')
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    const light = await ground()
    await page.getByRole('radio', { name: 'Dark' }).check({ force: true })
    await expect.poll(ground).not.toBe(light)
    const dark = await ground()
    await page.reload({ waitUntil: 'commit' })
    await page.waitForFunction(() => document.documentElement.dataset['theme'] === 'dark')
    expect(await ground()).toBe(dark)
    await page.getByRole('radio', { name: 'As the system' }).check({ force: true })
    await expect.poll(ground).toBe(light)
  })

  test('the keyboard alone goes from page to page, back, and into what scrolls', async () => {
    const { url, browser: chromium } = parts()
    await using opened = await openPage(chromium, url)
    const { page } = opened
    await opened.goTo('')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the page')
    for (let press = 0; press < 3; press += 1) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Caches' }).waitFor()
    expect(await page.title()).toBe('Caches · Reprise')
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('MAIN')
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  })
})
